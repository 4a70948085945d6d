# SPDX-License-Identifier: Apache-2.0
"""A board's microphone: over a line that is good, over one that is not, and over none."""

from __future__ import annotations

import contextlib
import os
import threading
import tty

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import monitor
from mcu_ghost.proof.board_microphone import BoardMicrophone, blocks, board_microphone
from mcu_ghost.proof.link.packets import Packet, decode, encode
from mcu_ghost.sound.capture import Block, Microphone
from tests.proof.board.test_monitor import packet
from tests.proof.recordings import (
    BOARD,
    HOP,
    MODEL,
    Bytes,
    End,
    heard_over,
    held,
    loud,
    sent,
    together,
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "record", tmp_path_factory.mktemp("record") / "b")


@pytest.fixture(scope="module")
def wire(image: build.Built) -> tuple[np.ndarray, bytes]:
    """Return what was played to the image, and all bytes that it sent meanwhile."""
    sound = loud(1.5)
    return sound, b"".join(sent(image, sound))


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_good_line_gives_every_sample(wire: tuple[np.ndarray, bytes]) -> None:
    sound, data = wire
    found, lost = together(Bytes(data))
    assert lost == 0 and len(sound) - 1700 < len(found) <= len(sound)
    np.testing.assert_array_equal(found, sound[: len(found)])


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("seed", range(5))
def test_a_board_that_is_not_heard_well_and_hears_nothing(
    wire: tuple[np.ndarray, bytes], seed: int
) -> None:
    """With one byte in a hundred spoilt no sample is wrong: each is right and in its place, or
    silent and counted.
    """
    sound, data = wire
    rng = np.random.default_rng(seed)
    spoilt = bytearray(data)
    for at in np.flatnonzero(rng.random(len(data)) < 0.01):
        spoilt[at] ^= rng.integers(1, 256)
    found, lost = together(Bytes(bytes(spoilt)))
    assert held(found, sound) == lost
    # A packet of 47 bytes comes through 0.99 ** 47 = 62 % of the time.
    assert 0.55 < 1 - lost / len(found) < 0.7 and len(found) > len(sound) - 12_000


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("seed", range(3))
def test_bytes_that_are_dropped_doubled_or_put_in(
    wire: tuple[np.ndarray, bytes], seed: int
) -> None:
    sound, data = wire
    rng = np.random.default_rng(seed)
    made = bytearray()
    for byte, kind in zip(data, rng.integers(0, 3000, len(data)), strict=True):
        made += {0: b"", 1: bytes([byte, byte]), 2: bytes([byte, rng.integers(256)])}.get(
            int(kind), bytes([byte])
        )
    hole = len(made) // 3
    del made[hole : hole + 20_000]  # some of a second that a PC did not take in time
    found, lost = together(Bytes(bytes(made)))
    assert held(found, sound) == lost > 6000


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("seed", range(2))
def test_one_spoilt_byte_in_a_hundred(image: build.Built, seed: int) -> None:
    """Both ways: what is lost is asked for until it comes; nothing is missing, nothing is wrong."""
    sound = loud(2.0, seed)
    found, lost, asked = heard_over(image, sound, seed, 0.01)
    assert lost == 0 == held(found, sound) and asked > 50


@pytest.mark.emulator
@pytest.mark.toolchain
def test_one_spoilt_byte_in_thirty_is_too_much(image: build.Built) -> None:
    """One packet in five comes through: much is lost, all of it is counted, nothing is wrong."""
    sound = loud(2.0)
    found, lost, _ = heard_over(image, sound, 0, 0.033)
    assert held(found, sound) == lost > 1000


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_good_line_is_not_asked_and_holes_in_it_are_mended(image: build.Built) -> None:
    sound = loud(2.0)
    found, lost, asked = heard_over(image, sound, 0, 0.0)
    assert (lost, held(found, sound), asked) == (0, 0, 0)
    found, lost, asked = heard_over(image, sound, 0, 0.0, holes=(0.3, 0.7))
    assert (lost, held(found, sound)) == (0, 0) and 20 < asked < 100


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=60) | st.integers(0, 300), max_size=60), st.integers(1, 999))
def test_whatever_comes_between_packets(parts: list[bytes | int], size: int) -> None:
    """Packets are found or lost; what comes is of them, or silence."""
    sound = loud(1.0)
    hops = {i: sound[HOP * i :][:HOP].tolist() for i in range(301)}
    data = b"".join(packet(part, *hops[part]) if isinstance(part, int) else part for part in parts)
    port, known = Bytes(data, size), {tuple(hop) for hop in hops.values()}
    with contextlib.suppress(End):
        for block in blocks(port, BOARD, port.clock, lambda: 0.0):
            silent = 0
            for at in range(0, len(block.samples), HOP):
                one = block.samples[at : at + HOP]
                silent += HOP * (not one.any())
                assert not one.any() or tuple(one.tolist()) in known
            assert silent == block.lost


def test_what_is_asked_for_again() -> None:
    """The oldest first, sixteen at most, in reach of a byte; again when it does not come."""
    asked = list[tuple[float, list[int]]]()

    class Asked(Bytes):
        def write(self, data: bytes) -> None:
            request = decode(data.strip(b"\0"))
            assert request is not None and request.type == 7
            first = int.from_bytes(request.payload[:4], "little")
            asked.append((round(self.now, 3), [first + behind for behind in request.payload[4:]]))

        def read(self, timeout: float) -> bytes:
            self.now += 0.01
            return super().read(timeout)

    def come(*numbers: int) -> bytes:
        return b"".join(packet(number, *[1] * HOP) for number in numbers)

    port = Asked(b"")
    port._parts = iter(
        [come(0, 1, 4, 5), come(3), come(*range(6, 20), 40), come(400), b"", b"", b""]
    )
    together(port)
    old, young = [2, *range(20, 35)], [*range(35, 40), *range(41, 52)]
    assert asked == [
        (0.02, [2, 3]),
        (0.06, old),
        (0.08, young),
        (0.1, old),
        (0.12, young),
        (0.14, old),
    ]
    asked.clear()
    port = Asked(b"")
    port._parts = iter([come(0, *range(2, 300), 301), b"", b""])
    together(port)
    assert asked == [(0.02, [1]), (0.04, [300]), (0.06, [1])]


def test_a_packet_whose_short_checksum_fits_by_chance() -> None:
    """CRC-16 lets one damaged packet in 65 536 through; that of 32 bits does not."""
    good = decode(packet(7, *range(1, HOP + 1)).strip(b"\0"))
    assert good is not None
    damaged = bytearray(good.payload)
    damaged[20] ^= 4
    wire = encode(Packet(good.type, good.sequence, bytes(damaged)))
    assert decode(wire.strip(b"\0")) is not None and monitor.hop_of(wire.strip(b"\0")) is None
    assert monitor.hop_of(encode(good).strip(b"\0")) is not None


# What is no sound


class Silent(Bytes):
    """A port from which a few bytes come, and then nothing."""

    def read(self, timeout: float) -> bytes:
        self.now += timeout
        return next(self._parts, b"")

    def status(self) -> str:
        return "The port is /dev/x."


def refusal(data: bytes) -> str:
    port = Silent(data)
    with pytest.raises(GhostError) as caught:
        next(blocks(port, BOARD, port.clock))
    assert 3 < port.now < 5
    return str(caught.value)


def test_a_board_that_sends_no_sound() -> None:
    what = "`mcu-ghost build --board nrf52840 --app record`, then `mcu-ghost flash --board nrf52840"
    told = refusal(b"")
    assert told.startswith("No sound comes from nrf52840. Nothing came. Is the app `record` on it?")
    assert what in told and told.endswith(" The port is /dev/x.")
    assert "What came is no sound." in refusal(b"mcu-ghost 0.1 stream wake_words\n")
    assert "is the baud rate right" in refusal(bytes(range(128, 192)) + b"\n")
    start = (b'{"event":"start","app":"kws","version":"1","model":"m","hash":"0","rate":16000,'
             b'"hop_ms":10,"counter_hz":0,"words":["go"]}\n')  # fmt: skip
    assert "It runs the app `kws`." in refusal(start)


def test_sound_that_ends_is_noticed() -> None:
    port = Silent(b"".join(packet(i, *[5] * HOP) for i in range(110)))
    made = blocks(port, BOARD, port.clock)
    assert next(made) == (pytest.approx(np.full(1600, 5)), 0)
    with pytest.raises(GhostError, match="No sound comes from nrf52840. What came is no sound"):
        next(made)


def test_a_board_that_begins_anew_leaves_as_much_silence_as_time_went_by() -> None:
    hop = [5] * HOP
    start = (b'{"event":"start","app":"record","version":"1","model":"","hash":"0","rate":16000,'
             b'"hop_ms":1,"counter_hz":0}\n')  # fmt: skip
    for before, said in ((2000, b""), (30, start)):  # of a short time it is told
        data = b"".join(packet(before + i, *hop) for i in range(20)) + said
        data += b"".join(packet(i, *hop) for i in range(40))
        port, seconds = Bytes(data), iter([0.0] * 40 + [2.0] * 200)
        first, *_ = blocks_of(port, lambda seconds=seconds: next(seconds))
        assert first.lost == 2 * 16000 and len(first.samples) == 32000 + 21 * HOP
        assert not first.samples[20 * HOP : -HOP].any() and first.samples[-HOP:].all()
    # It ran for so long that its numbers are beyond all gaps.
    data = packet(5, *hop) + b"".join(packet(10**6 + i, *hop) for i in range(120))
    first, *_ = blocks_of(Bytes(data), lambda: 0.0)
    assert first.lost == HOP


def test_what_is_no_hop_of_record_is_not_taken() -> None:
    """Clean sound of denoise_live, for one."""
    port = Silent(b"".join(packet(i, *[5] * 256) for i in range(60)))
    with pytest.raises(GhostError, match="No sound comes from nrf52840. What came is no sound"):
        next(blocks(port, BOARD, port.clock))


def blocks_of(port: Bytes, real: object) -> list[Block]:
    found = []
    with contextlib.suppress(End):
        for block in blocks(port, BOARD, port.clock, real):  # type: ignore[arg-type]
            found.append(block)
    return found


# The microphone


def test_a_board_that_cannot() -> None:
    with pytest.raises(GhostError, match="microbit-v2 has no microphone"):
        board_microphone(boards.load("microbit-v2"))
    with pytest.raises(GhostError, match="takes 572 kbit/s, the console of nrf52840 has 115: set"):
        board_microphone(BOARD, baud=115_200)
    with pytest.raises(GhostError, match="takes 572 kbit/s, the console of nrf52840 has 115: set"):
        build.build(MODEL, boards.with_baud(BOARD, 115_200), "record")


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_microphone_of_a_board_at_a_port(image: build.Built) -> None:
    sound = loud(1.0, seed=5)
    chip, host = os.openpty()
    tty.setraw(host)
    microphone: Microphone = board_microphone(BOARD, os.ttyname(host))
    assert isinstance(microphone, BoardMicrophone) and microphone.name == BOARD.title
    found, lost = list[np.ndarray](), 0

    def pump() -> None:
        for data in sent(image, sound):
            os.write(chip, data)

    with microphone.listening() as heard:
        board = threading.Thread(target=pump)
        board.start()
        for block in heard:
            found.append(block.samples)
            lost += block.lost
            if sum(map(len, found)) >= 14_000:
                break
        board.join()
    os.close(chip)
    os.close(host)
    samples = np.concatenate(found)
    assert lost == 0
    np.testing.assert_array_equal(samples, sound[: len(samples)])
