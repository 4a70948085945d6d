# SPDX-License-Identifier: Apache-2.0
"""The link protocol against a device written from its description, over lines good and bad."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.link import link, messages, packets
from mcu_ghost.proof.link.line import Wire
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.packets import Packet

INPUTS, OUTPUTS, STATE = 3, 2, 4


class Device:
    """A board that sums its inputs: outputs are the sum's low byte and the number of frames.

    Args:
        per_frame: Whether each frame has an output.
        line: What becomes of each packet on the wire, in either direction.
    """

    def __init__(
        self, per_frame: bool = False, line: Callable[[bytes], bytes] | None = None
    ) -> None:
        self.per_frame = per_frame
        self.line = line or (lambda data: data)
        self.out = b"mcu-ghost 0.1 stream adder\n"
        self.incoming = b""
        self.last: tuple[int, bytes] | None = None
        self.reply = b""
        self.total = self.frames = self.executed = 0
        self.protocol = 1
        self.dead = False
        self.most_waiting = 0
        self.sizes: list[int] = []  # of requests for frames

    def write(self, data: bytes) -> None:
        self.incoming += self.line(data)

    def read(self, timeout: float) -> bytes:
        assert timeout > 0
        chunks = self.incoming.split(b"\0")
        self.incoming = chunks.pop()
        self.most_waiting = max(self.most_waiting, sum(map(bool, chunks)))
        for chunk in chunks:
            packet = packets.decode(chunk)
            if packet is not None and not self.dead:
                self.out += self.line(self.answer(packet, chunk))
        out, self.out = self.out, b""
        return out

    def answer(self, packet: Packet, chunk: bytes) -> bytes:
        if self.last == (packet.sequence, chunk):
            return self.reply
        starts = packet.type in (link.HELLO, link.RESET)
        if not starts and (self.last is None or packet.sequence != (self.last[0] + 1) % 256):
            return packets.encode(Packet(link.ERROR, packet.sequence, bytes([link.OUT_OF_ORDER])))
        self.last = (packet.sequence, chunk)
        kind, payload = self.execute(packet)
        self.reply = packets.encode(Packet(kind, packet.sequence, payload))
        return self.reply

    def execute(self, packet: Packet) -> tuple[int, bytes]:
        payload = b""
        if packet.type == link.HELLO:
            payload = struct.pack(
                "<4B5HI16s4B", self.protocol, self.per_frame, 2, 1, 10, INPUTS, OUTPUTS, STATE, 0,
                64_000_000, b"h" * 16, 0, 0, 1, 1,
            ) + b"0.1\0adder\0"  # fmt: skip
        elif packet.type == link.RESET:
            self.total = self.frames = 0
        elif packet.type == link.FRAMES:
            self.sizes.append(len(packet.payload) // INPUTS)
            if not packet.payload or len(packet.payload) % INPUTS or len(packet.payload) > 10:
                return link.ERROR, bytes([link.BAD_LENGTH])
            for frame in np.frombuffer(packet.payload, np.int8).reshape(-1, INPUTS):
                self.total += int(frame.sum())
                self.frames += 1
                self.executed += 1
                payload += self.outputs() if self.per_frame else b""
        elif packet.type == link.HEAD:
            payload = self.outputs()
        elif packet.type == link.STATE:
            payload = struct.pack("<i", self.total)
        elif packet.type == link.STATS:
            payload = struct.pack("<IQ7I", self.frames, 2**40, 1, 2, 3, 4, 100, 2048, 0)
        else:
            return link.ERROR, bytes([link.UNKNOWN_TYPE])
        return packet.type | link.REPLY, payload

    def outputs(self) -> bytes:
        return bytes([self.total % 256, self.frames % 256])


def frames(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (count, INPUTS)).astype(np.int8)


def expected(x: np.ndarray) -> np.ndarray:
    counts = np.arange(1, len(x) + 1)
    totals = np.cumsum(x.astype(int).sum(1))
    return np.stack([totals, counts], 1).astype(np.uint8).view(np.int8)


def test_a_session() -> None:
    device = Device()
    board = Link(device)
    hello = board.hello()
    assert (hello.model_name, hello.firmware_version, hello.max_payload) == ("adder", "0.1", 10)
    assert hello.model_hash == b"h" * 16 and not hello.head_per_frame
    board.reset()
    x = frames(50)
    done: list[int] = []
    assert board.frames(x, done.append).shape == (0, OUTPUTS)
    assert sum(done) == 50
    assert board.head().tolist() == expected(x)[-1].tolist()
    assert struct.unpack("<i", board.state()) == (x.astype(int).sum(),)
    stats = board.stats()
    assert (stats.frames, stats.step_total, stats.stack_size) == (50, 2**40, 2048)
    assert board.text == "mcu-ghost 0.1 stream adder\n"
    assert device.most_waiting == hello.window
    assert device.sizes == [3] * 16 + [2]  # an emulator's line is trusted


def test_outputs_per_frame() -> None:
    board = Link(Device(per_frame=True))
    board.reset()
    x = frames(31)
    assert np.array_equal(board.frames(x), expected(x))
    assert board.frames(x[:0]).shape == (0, OUTPUTS)


class BadLine:
    """Loses and spoils packets, in either direction, now and then."""

    def __init__(self, seed: int, rate: float) -> None:
        self.random = random.Random(seed)
        self.rate = rate

    def __call__(self, data: bytes) -> bytes:
        luck = self.random.random()
        if luck < self.rate / 3:
            return b""
        if luck < 2 * self.rate / 3 and len(data) > 2:
            spoilt = bytearray(data)
            spoilt[self.random.randrange(1, len(data) - 1)] ^= self.random.randrange(1, 256)
            return bytes(spoilt)
        if luck < self.rate:
            return data + bytes([self.random.randrange(256)])
        return data


@pytest.mark.parametrize("per_frame", [False, True])
@given(seed=st.integers(0, 10_000))
def test_a_bad_line_changes_nothing(per_frame: bool, seed: int) -> None:
    line = BadLine(seed, 0.0)
    board = Link(Device(per_frame, line), attempts=30)
    board.reset()
    line.rate = 0.15
    x = frames(40, seed)
    outputs = board.frames(x[:25])
    middle = board.head()
    outputs = np.concatenate([outputs, board.frames(x[25:])])
    final = board.head()
    assert final.tolist() == expected(x)[-1].tolist()
    assert middle.tolist() == expected(x)[24].tolist()
    if per_frame:
        assert np.array_equal(outputs, expected(x))


def test_a_lost_reply_does_not_run_a_frame_twice() -> None:
    device = Device()
    board = Link(device)
    board.reset()
    drop = iter([False, True])  # the request goes through, its reply does not
    device.line = lambda data: b"" if next(drop, False) else data
    board.frames(frames(3))
    assert device.executed == 3


def test_a_reset_in_mid_session_is_made_good() -> None:
    device = Device()
    board = Link(device)
    board.reset()
    x = frames(20)
    board.frames(x[:12])
    device.last, device.total, device.frames = None, 99, 5  # power-up: no session, state unknown
    board.frames(x[12:])
    assert board.head().tolist() == expected(x)[-1].tolist()


def test_without_a_reset_before_it_a_lost_session_is_an_error() -> None:
    device = Device()
    board = Link(device)
    board.hello()
    board.frames(frames(4))
    device.last = None
    with pytest.raises(GhostError, match="lost the session"):
        board.frames(frames(4))


def test_a_silent_board() -> None:
    device = Device()
    device.dead = True
    with pytest.raises(GhostError, match="does not answer HELLO .*\n?.*adder"):
        Link(device).hello()
    device.out = b""
    with pytest.raises(GhostError, match="printed nothing"):
        Link(device).hello()


def test_a_crash_shows_what_the_board_printed() -> None:
    device = Device()
    board = Link(device)
    board.hello()
    device.dead = True
    device.out = b"\x00\x05abc\nFAULT bus error pc=0x00001234 lr=0x00000000\n"
    with pytest.raises(GhostError, match="crashed: FAULT bus error pc=0x00001234"):
        board.reset()


def test_text_between_packets_is_shown() -> None:
    shown: list[str] = []
    device = Device()
    board = Link(device, on_text=shown.append)
    board.hello()
    device.out = b"\0warm in here\n\0\xff\xfe noise\0"
    board.reset()
    assert shown == ["mcu-ghost 0.1 stream adder\n", "warm in here\n"]


def test_another_protocol() -> None:
    device = Device()
    device.protocol = 9
    with pytest.raises(GhostError, match="speaks version 9"):
        Link(device).hello()


def test_frames_of_another_size() -> None:
    board = Link(Device())
    with pytest.raises(GhostError, match="takes frames of 3 x int8"):
        board.frames(np.zeros((2, 5), np.int8))


@pytest.mark.parametrize(
    "noise",
    [
        b"\xfe",
        b"on and on ",
        b"on and on\n\0",
        b"\0",
        packets.encode(Packet(messages.HELLO | messages.REPLY, 77, b"to another")),
        packets.encode(Packet(messages.HELLO, 0, b"an echo")),
    ],
)
@pytest.mark.parametrize("real", [False, True])
def test_noise_without_end(noise: bytes, real: bool) -> None:
    """It is listened to for as long as an answer may take, and no longer."""

    class Babbler:
        now = 0.0

        def write(self, data: bytes) -> None:
            pass

        def read(self, timeout: float) -> bytes:
            self.now += 0.004
            return noise * 20

    port = Babbler()
    wire = Wire(lambda: port.now, lull=0.01, limit=3.0) if real else None
    with pytest.raises(GhostError, match="does not answer HELLO") as told:
        Link(port, 0.5, 2, wire=wire, clock=lambda: port.now).hello()
    assert port.now < 5.0 and len(str(told.value)) < 1500


class Real:
    """A device on a line in real time: waiting takes time, and so does each byte."""

    def __init__(self, device: Device) -> None:
        self.device, self.now, self.waits = device, 0.0, list[float]()
        self.write = device.write
        self.wire = Wire(lambda: self.now, lull=0.01, limit=20.0)

    def read(self, timeout: float) -> bytes:
        data = self.device.read(timeout)
        self.waits.append(timeout)
        self.now += 1e-5 * len(data) if data else timeout
        return data

    def link(self) -> Link:
        return Link(self, 0.2, 20, window=1, wire=self.wire)


def test_on_a_real_line_requests_become_longer_while_all_goes_well() -> None:
    device = Device()
    board = Real(device).link()
    board.reset()
    board.frames(frames(40))
    assert device.sizes == [1] * 4 + [2] * 4 + [3] * 9 + [1]
    device.line = BadLine(1, 0.2)
    board.frames(frames(60))
    assert device.sizes.count(1) > 10
    assert board.repeats > 0


def test_a_damaged_reply_is_asked_for_again_after_a_lull() -> None:
    device = Device(per_frame=True)
    port = Real(device)
    board = port.link()
    board.hello()
    board.reset()
    spoil = iter([False, True])  # the request goes through, its reply does not
    device.line = lambda data: data[:4] + b"\xff" + data[5:] if next(spoil, False) else data
    port.waits.clear()
    board.frames(frames(1))
    assert port.waits == [0.2, 0.01, 0.2] and device.executed == 1


class Babbler:
    """Sends the same for ever."""

    def __init__(self, what: bytes) -> None:
        self.what, self.now, self.written = what, 0.0, 0

    def write(self, data: bytes) -> None:
        self.written += 1

    def read(self, timeout: float) -> bytes:
        self.now += 0.005
        return self.what


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (b"\xff\xfe", "neither packets nor text"),
        (b"\xff\0\xfe", "neither packets nor text"),
        (packets.encode(Packet(link.HELLO | link.REPLY, 77)), "does not answer HELLO"),
        (b"tick\n", "It printed:\ntick"),
    ],
)
def test_what_comes_without_end_is_not_listened_to_for_ever(what: bytes, told: str) -> None:
    port = Babbler(what)
    board = Link(port, 0.2, 20, window=1, wire=Wire(lambda: port.now, lull=0.01, limit=20.0))
    with pytest.raises(GhostError, match=told):
        board.hello()
    assert port.now < 25 and port.written == 20


def test_a_board_that_is_reset_again_and_again() -> None:
    device = Device()
    board = Link(device)
    board.reset()
    board.frames(frames(12))
    write = device.write

    def restless(data: bytes) -> None:
        write(data)
        device.out = device.read(1.0)
        device.last = None

    device.write = restless  # type: ignore[method-assign]
    with pytest.raises(GhostError, match="lost the session 3 times in a row"):
        board.frames(frames(4))


def test_a_link_that_keeps_no_frames_cannot_bring_a_board_back() -> None:
    device = Device(per_frame=True)
    board = Link(device, remember=False)
    board.hello()
    board.reset()
    x = frames(9)
    np.testing.assert_array_equal(board.frames(x), expected(x))
    device.last = None  # it was reset
    with pytest.raises(GhostError, match="The board lost the session"):
        board.frames(x)


def test_a_silent_board_is_asked_for_its_app() -> None:
    device = Device()
    device.out, device.dead = b"", True
    with pytest.raises(GhostError, match="Does it run the `denoise` app?"):
        Link(device, app="denoise").hello()
