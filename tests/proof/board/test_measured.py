# SPDX-License-Identifier: Apache-2.0
"""Verification of the firmware behind a serial port, over lines and boards good and bad."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import on_board, verify
from mcu_ghost.proof.link import packets
from mcu_ghost.proof.link.messages import REPLY, STATE
from mcu_ghost.proof.link.packets import Packet
from mcu_ghost.proof.on_board import Measured
from tests.proof.board.board import BOARD, KINDS, BadCable, PtyBoard, compile_app

pytestmark = pytest.mark.toolchain
FRAMES, CASES = 49, 2


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """No test may wait for ever."""

    def hang(number: int, frame: object) -> None:
        raise AssertionError("a hang")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def run(
    board: PtyBoard,
    model: Model,
    at: dict[int, Callable[[], None]] | None = None,
    cable: Callable[[SerialPort], object] = lambda port: port,
    patience: float = 10.0,
    told: list[str] | None = None,
    delay: float = 0.05,
) -> Measured:
    """Verify the board; `at` maps frames done to what happens then."""
    events = dict(at or {})
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        for frame in [frame for frame in events if frame <= done]:
            events.pop(frame)()

    tell = (told if told is not None else []).append
    with contextlib.closing(SerialPort(str(board.device), BOARD, patience, tell)) as port:
        work = verify.sequences(model, CASES, FRAMES, [])
        return on_board.run(cable(port), BOARD, model, work, progress, delay)  # type: ignore[arg-type]


def test_a_good_board_on_a_good_line(board: PtyBoard, model: Model) -> None:
    result = run(board, model, delay=0.5)
    assert (result.comparison.mismatches, result.comparison.cases, result.comparison.frames) == (
        0,
        2,
        98,
    )
    assert result.step == on_board.Times(500.0, 500, 500) and result.head == 500.0
    assert result.unit == "cycles" and result.hello.counter_hz == 64_000_000
    assert (result.stack_used, result.stack_size) == (300, 2048)
    assert result.repeats == result.replays == 0


def test_a_wrong_weight_is_noticed(model: Model, tmp_path: Path) -> None:
    change = ("model_data.c", "  -127,", "  -100,")
    board = PtyBoard(compile_app(model, tmp_path / "app", change), tmp_path / "tty")
    with contextlib.closing(board):
        result = run(board, model)
    assert result.comparison.mismatches > 0 and "expected" in result.comparison.first


def test_a_reset_in_the_middle_is_made_good(board: PtyBoard, model: Model) -> None:
    result = run(board, model, {20: board.reset, FRAMES + 30: board.reset})
    assert result.comparison.mismatches == 0
    assert result.replays == 2
    assert result.step == on_board.Times(500.0, 500, 500)


def test_a_board_that_resets_all_the_time(board: PtyBoard, model: Model) -> None:
    work = verify.sequences(model, 1, 400, [])

    class Restless:
        """Resets the board after each fourth request."""

        def __init__(self, port: SerialPort) -> None:
            self.port, self.clock, self.read, self.count = port, port.clock, port.read, 0

        def write(self, data: bytes) -> None:
            self.count += 1
            if self.count % 4 == 0:
                board.reset()
            self.port.write(data)

    with contextlib.closing(SerialPort(str(board.device), BOARD)) as port:
        with pytest.raises(GhostError, match="keeps being reset|does not answer"):
            on_board.run(Restless(port), BOARD, model, work, delay=0.02)  # type: ignore[arg-type]


def test_a_pulled_cable_is_waited_for(board: PtyBoard, model: Model) -> None:
    told: list[str] = []

    def pull() -> None:
        board.pull()
        threading.Timer(0.3, board.plug).start()

    result = run(board, model, {30: pull}, told=told)
    assert result.comparison.mismatches == 0 and result.replays == 1
    assert "is gone" in told[0] and "is back" in told[1]


def test_a_cable_that_stays_out(board: PtyBoard, model: Model) -> None:
    with pytest.raises(GhostError, match="is gone, and was not back after 0 s"):
        run(board, model, {30: board.pull}, patience=0.3)


def test_a_board_that_hangs(board: PtyBoard, model: Model) -> None:
    with pytest.raises(GhostError, match=r"does not answer FRAMES \(sent 20 times\)"):
        run(board, model, {30: board.freeze})


def test_half_a_reply_and_then_nothing(board: PtyBoard, model: Model) -> None:
    def half() -> None:
        board.freeze()
        board.send(packets.encode(Packet(REPLY, 0, bytes(range(100))))[:50])

    with pytest.raises(GhostError, match="does not answer"):
        run(board, model, {30: half})


def test_what_was_left_in_the_line_does_not_matter(board: PtyBoard, model: Model) -> None:
    board.send(b"half a line \xff\xfe\0\x05abc")
    assert run(board, model).comparison.mismatches == 0


def test_another_model(board: PtyBoard) -> None:
    with pytest.raises(GhostError, match="runs another model"):
        run(board, random_model(4, units=24, ratio=2, inputs=10, classes=4))


def test_another_board(board: PtyBoard, model: Model) -> None:
    other = dataclasses.replace(boards.load("microbit"), console=BOARD.console)
    work = verify.sequences(model, 1, 5, [])
    with contextlib.closing(SerialPort(str(board.device), other)) as port:
        with pytest.raises(GhostError, match="built for another board than microbit"):
            on_board.run(port, other, model, work)


def test_another_app(board: PtyBoard, model: Model) -> None:
    board.freeze()
    threading.Timer(0.1, lambda: board.send(b'{"event":"status","ms":10000}\n')).start()
    with pytest.raises(GhostError, match="not the `stream` app: `mcu-ghost build --app stream`"):
        run(board, model)


def test_a_crash(board: PtyBoard, model: Model) -> None:
    def crash() -> None:
        board.freeze()
        board.send(b"\nFAULT bus error pc=0x00001234\n")

    with pytest.raises(GhostError, match="crashed: FAULT bus error pc=0x00001234"):
        run(board, model, {30: crash})


def test_noise_without_end(board: PtyBoard, model: Model) -> None:
    """A wrong baud rate turns what a board prints into this."""
    board.freeze()
    stop = threading.Event()

    def babble() -> None:
        while not stop.wait(0.002):
            board.send(b"\xf8\x80\x1e\xfe" * 3)

    babbler = threading.Thread(target=babble)
    babbler.start()
    try:
        start = time.monotonic()
        with pytest.raises(GhostError, match="neither packets nor text: is the baud rate right"):
            run(board, model)
        assert time.monotonic() - start < 40  # the limit is 20 s, and this machine may be busy
    finally:
        stop.set()
        babbler.join()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_cable_never_hangs_and_never_lies(kind: str, board: PtyBoard, model: Model) -> None:
    """One byte in a hundred is spoilt; `trials.py` does more of these."""
    right = 0
    for seed in range(12):
        cable = functools.partial(BadCable, seed=seed, rate=0.01, kinds=(kind,))
        with contextlib.suppress(GhostError):
            result = run(board, model, cable=cable, delay=0.01)
            assert result.comparison.mismatches == 0 and result.repeats > 0
            right += 1
    assert right >= 11


class Liar:
    """A cable that damages a reply so that its CRC is right: one in 65 536 damaged ones is so."""

    def __init__(self, port: SerialPort, always: bool) -> None:
        self.port, self.clock, self.always = port, port.clock, always
        self.lost = self.lied = False

    def write(self, data: bytes) -> None:
        self.port.write(data)

    def read(self, timeout: float) -> bytes:
        data = self.port.read(timeout)
        for chunk in data.split(b"\0"):
            packet = packets.decode(chunk) if chunk else None
            if packet is None or packet.type != STATE | REPLY:
                continue
            if not self.lost:
                self.lost = True
                return b"\0\x01\0"
            if not self.lied or self.always:
                self.lied = True
                payload = bytes([packet.payload[0] ^ 1]) + packet.payload[1:]
                return packets.encode(Packet(packet.type, packet.sequence, payload))
        return data


def test_a_difference_must_show_twice_on_a_bad_line(board: PtyBoard, model: Model) -> None:
    assert run(board, model, cable=lambda port: Liar(port, False)).comparison.mismatches == 0
    assert run(board, model, cable=lambda port: Liar(port, True)).comparison.mismatches > 0
