# SPDX-License-Identifier: Apache-2.0
"""`data record` and `listen --live` by a board's microphone: an emulated one at a serial port."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.build import build
from mcu_ghost.emulate import unicorn
from mcu_ghost.host import resources
from mcu_ghost.sound import recording
from tests.cli.in_process import ghost, refusal
from tests.proof.recordings import BOARD, MODEL, Noisy
from tests.sound.data.people import said

LIVE = ("--board", BOARD.name)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "record", tmp_path_factory.mktemp("record") / "b")


@contextlib.contextmanager
def at_a_port(image: build.Built, sound: np.ndarray, share: float) -> Iterator[str]:
    """Run a board that hears a sound, at a port over which a share of the bytes is damaged."""
    chip, host = os.openpty()
    tty.setraw(host)
    over = threading.Event()

    def pump() -> None:
        with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
            line = Noisy(machine, 1, share)
            machine.outside.sound.play(sound)
            while not over.is_set():
                os.write(chip, line.read(0))
                while select.select([chip], [], [], 0)[0]:
                    line.write(os.read(chip, 4096))

    board = threading.Thread(target=pump)
    board.start()
    try:
        yield os.ttyname(host)
    finally:
        over.set()
        while select.select([chip], [], [], 0.2)[0]:  # what it waits to have taken
            os.read(chip, 65536)
        board.join()
        os.close(chip)
        os.close(host)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_board_records_words_over_a_bad_line(image: build.Built, tmp_path: Path) -> None:
    """One byte in a hundred is damaged, both ways; each sample is what was said."""
    sound = said(3, seed=2)
    with at_a_port(image, sound, 0.01) as port:
        told = ghost("data", "record", "--words", "stop", "--per-word", "2", "--person", "ann",
                     "--yes", "--out", tmp_path, *LIVE, "--port", port, "--json")  # fmt: skip
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["microphone"] == BOARD.title and found["recorded"] == {"stop": 2}
    files = sorted((tmp_path / "stop").glob("*.flac"))
    assert len(files) == 2
    for file in files:
        heard = recording.read(file)
        first = np.flatnonzero(sound == heard[0])
        places = [at for at in first if np.array_equal(sound[at : at + len(heard)], heard)]
        assert len(places) == 1 and len(heard) > 4000


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_network_hears_what_a_board_sends(image: build.Built) -> None:
    clip = resources.default_model().parent / "clips" / "view_glass_antonio.flac"
    samples, _ = soundfile.read(clip, dtype="int16")
    sound = np.concatenate([np.full(8000, 3), samples, np.full(40_000, 3)]).astype(np.int16)
    with at_a_port(image, sound, 0.0) as port:
        told = ghost("listen", "--live", *LIVE, "--port", port, "--seconds", "2.5", "--json")
    assert told.returncode == 0, told.stderr
    assert [json.loads(line)["word"] for line in told.stdout.splitlines()] == ["view_glass"]
    assert BOARD.title in told.stderr


def test_what_does_not_go_together(tmp_path: Path) -> None:
    record = ("data", "record", "--words", "stop", "--yes", "--person", "a", "--out", tmp_path)
    for words, told in (
        ((*record, *LIVE, "--device", "0"), "--device is of this PC, --board of a board"),
        ((*record, "--port", "/dev/ttyUSB9"), "--port is of a board: name it by --board"),
        (("listen", *LIVE, "--baud", "9600"), "--baud is of use with --live only"),
    ):
        result = ghost(*words)
        assert result.returncode == 2 and told in result.stderr
    assert "has no microphone" in refusal(*record, "--board", "mps2-an385")
