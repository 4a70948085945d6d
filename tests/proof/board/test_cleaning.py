# SPDX-License-Identifier: Apache-2.0
"""Sound through a board at a serial port that runs the `denoise` app, over lines good and bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import enhancement, on_board, verify
from mcu_ghost.sound.enhancement import Enhancer
from tests.proof.board.board import BOARD, BadCable, PtyBoard, compile_app
from tests.sound.enhancers import random_enhancer, sound

pytestmark = pytest.mark.toolchain
MODEL = random_enhancer()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_app(MODEL, tmp_path_factory.mktemp("app"), app="denoise")


@pytest.fixture
def plugged(program: Path, tmp_path: Path) -> Iterator[PtyBoard]:
    board = PtyBoard(program, tmp_path / "ttyBoard")
    yield board
    board.close()


def test_every_sample_and_what_a_hop_took(plugged: PtyBoard) -> None:
    work = enhancement.sounds(MODEL, 1, 10)
    with on_board.cleaning(MODEL, BOARD, str(plugged.device)) as device:
        report = enhancement.compare(device, MODEL, work)
        cost = device.cost()
    assert (report.cases, report.frames, report.mismatches) == (1, 11, 0)
    assert (cost.hops, cost.mean, cost.most) == (11, 500, 500)
    assert (cost.unit, cost.hz) == ("cycles", 64_000_000) and not cost.parts


def test_a_proof_on_the_board(plugged: PtyBoard, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(0.2), 16000)
    told: list[tuple[str, float, float | None]] = []
    found = on_board.prove(MODEL, BOARD, str(plugged.device), cases=2, frames=5,
                           recordings=[tmp_path / "a.wav"],
                           progress=lambda *step: told.append(step))  # fmt: skip
    report = found.comparison
    assert (report.cases, report.frames, report.mismatches) == (3, 6 + 6 + 14, 0)
    assert found.step is not None and found.step.mean == found.step.max == 500
    assert found.hello.input_bytes == 512 and told[-1][2] == 5 + 5 + 12
    frames = [verify.Sequence("mine", np.zeros((2, 20), np.int8))]
    with pytest.raises(GhostError, match="The board takes frames of 256 x int16"):
        on_board.prove(MODEL, BOARD, str(plugged.device), cases=0, sequences=frames)


def test_a_wrong_board_is_noticed(tmp_path: Path) -> None:
    change = ("enhancer.c", ".stft.output_shift = ", ".stft.output_shift = 1 + ")
    board = PtyBoard(compile_app(MODEL, tmp_path / "app", change, app="denoise"), tmp_path / "tty")
    try:
        found = on_board.prove(MODEL, BOARD, str(board.device), cases=1, frames=5)
        assert found.comparison.mismatches > 100
        assert found.comparison.first.startswith("case 0, sample ")
    finally:
        board.close()


def test_over_a_bad_cable(plugged: PtyBoard) -> None:
    port = SerialPort(str(plugged.device), BOARD)
    try:
        cable = BadCable(port, 1, 1e-4)
        device = on_board.cleaner(cable, BOARD, MODEL)  # type: ignore[arg-type]
        samples = sound(0.5)
        np.testing.assert_array_equal(device.feed(samples), Enhancer(MODEL).feed(samples))
        assert cable.spoilt
    finally:
        port.close()


def test_a_board_that_was_reset_says_that_the_stream_is_lost(plugged: PtyBoard) -> None:
    with on_board.cleaning(MODEL, BOARD, str(plugged.device)) as device:
        device.feed(sound(0.1))
        plugged.reset()
        with pytest.raises(GhostError, match="The board lost the session"):
            device.feed(sound(0.1))


def test_another_app_is_named(tmp_path: Path) -> None:
    program = compile_app(MODEL, tmp_path / "app")
    board = PtyBoard(program, tmp_path / "ttyBoard")
    try:
        with (
            pytest.raises(GhostError, match="does not take sound: `mcu-ghost build --app denoise`"),
            on_board.cleaning(MODEL, BOARD, str(board.device)),
        ):
            pass
    finally:
        board.close()


def test_another_model_is_named(plugged: PtyBoard) -> None:
    with (
        pytest.raises(GhostError, match="runs another model"),
        on_board.cleaning(random_enhancer(3), BOARD, str(plugged.device)),
    ):
        pass
    with (
        pytest.raises(GhostError, match="cannot clean speech"),
        on_board.cleaning(random_model(3, units=8, ratio=2, inputs=20), BOARD, str(plugged.device)),
    ):
        pass
