# SPDX-License-Identifier: Apache-2.0
"""The `record` app on Unicorn: what its microphone hears comes out of its console, every sample,
over a line that is good, and over one that is not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.build.apps.record import HOP
from mcu_ghost.emulate import unicorn
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import monitor, prove, recording
from mcu_ghost.proof.board_microphone import BoardMicrophone, blocks, board_microphone
from mcu_ghost.proof.link.packets import Packet, decode, encode
from mcu_ghost.sound.capture import Block, Microphone
from mcu_ghost.sound.lines import Overrun
from tests.proof.board.test_monitor import packet
from tests.proof.test_keywords import i2s_board

BOARD = boards.load("nrf52840")
MODEL = random_model(1, units=8, ratio=2, inputs=4)


def loud(seconds: float, seed: int = 0) -> np.ndarray:
    """Return noise in which no sample is 0, so that silence that was put in can be told."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 16000)
    return (rng.integers(1, 32768, count) * rng.choice([-1, 1], count)).astype(np.int16)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "record", tmp_path_factory.mktemp("record") / "b")


@pytest.fixture(scope="module")
def wire(image: build.Built) -> tuple[np.ndarray, bytes]:
    """Return what was played to the image, and all bytes that it sent meanwhile."""
    sound = loud(1.5)
    return sound, b"".join(sent(image, sound))


def sent(image: build.Built, sound: np.ndarray) -> Iterator[bytes]:
    """Yield what an image sends while a sound is played."""
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        machine.outside.sound.play(sound)
        while machine.outside.sound.taken < len(sound):
            yield machine.read(0.01)


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nrf52840", "nrf52832dk", "nano33ble"])
def test_every_sample_comes_out_equal(name: str, kind: str, tmp_path: Path) -> None:
    board = boards.load(name)
    built = build.build(MODEL, board, "record", tmp_path / "b", kind)
    sound = loud(0.3)
    heard, cost = recording.run(built, sound)
    report = recording.compare(sound, heard)
    assert (report.mismatches, report.first, heard.overruns) == (0, "", 0)
    assert heard.numbers.tolist() == list(range(len(heard.numbers))) and report.frames >= 300
    np.testing.assert_array_equal(heard.samples.reshape(-1)[: len(sound)], sound)
    status = heard.statuses[-1]
    assert 0 < status.stack.used < status.stack.size and cost.most < 4000
    # There is no network in it, whatever model is named.
    assert built.flash_bytes < 6000 and built.ram_bytes < 22_000 and built.weights_bytes == 0
    assert sum(part.bytes for part in built.ram) == built.ram_bytes


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_same_image_whatever_the_model(image: build.Built, tmp_path: Path) -> None:
    other = random_model(2, units=200, ratio=2, inputs=40)
    built = build.build(other, BOARD, "record", tmp_path / "b")
    assert built.bin.read_bytes() == image.bin.read_bytes()
    told = built.as_json()
    assert told["model"] is None and "inputs" not in told and told["weights_bytes"] == 0


@pytest.mark.emulator
@pytest.mark.toolchain
def test_an_i2s_microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board, sound = i2s_board(tmp_path, monkeypatch), loud(0.2)
    heard, _ = recording.run(build.build(MODEL, board, "record", tmp_path / "b"), sound)
    assert recording.compare(sound, heard).mismatches == 0 and heard.overruns == 0


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_core_that_is_too_slow_loses_hops_and_counts_them(tmp_path: Path) -> None:
    slow = dataclasses.replace(BOARD, cpu=dataclasses.replace(BOARD.cpu, clock_hz=1_500_000))
    built, sound = build.build(MODEL, slow, "record", tmp_path / "b"), loud(0.4)
    heard, _ = recording.run(built, sound)
    report = recording.compare(sound, heard)
    assert (report.mismatches, report.first) == (0, "")
    lost = sum(line.hops for line in heard.lines if isinstance(line, Overrun))
    assert heard.overruns == lost > 20 and (np.diff(heard.numbers) > 1).any()
    sound = loud(1.2)
    found, gone = together(Bytes(b"".join(sent(built, sound))))
    assert gone == held(found, sound) > 20 * HOP


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_wrong_image_is_noticed(image: build.Built, tmp_path: Path) -> None:
    built = build.build(MODEL, BOARD, "record", tmp_path / "b")
    source = tmp_path / "b" / "apps" / "record.c"
    right = "ghost_hops_send(number"
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, f"{right} + 1u"))
    wrong = dataclasses.replace(
        built, elf=toolchain.build(tmp_path / "b", "record", toolchain.find())
    )
    sound = loud(0.1)
    report = recording.compare(sound, recording.run(wrong, sound)[0])
    assert report.mismatches > 100 and report.first.startswith("hop 1, sample ")


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_proof(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", loud(0.3), 16000)
    told: list[tuple[str, float, float | None]] = []
    proof = prove.prove(
        MODEL, BOARD, "record", tmp_path / "b", recordings=[tmp_path / "a.wav"], seconds=0.1,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert (proof.comparison.cases, proof.comparison.mismatches) == (1, 0)
    assert proof.as_json()["overruns"] == 0 and told[-1][2] == 0.4
    assert prove.emulators(proof.built) == ("unicorn",)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_whatever_is_sent_to_the_board_does_no_harm(image: build.Built) -> None:
    """Noise, requests that are none, and requests for hops that were never there."""
    sound, rng, data = loud(0.5), np.random.default_rng(4), b""
    odd = [Packet(7, 0, rng.bytes(size)) for size in (0, 1, 3, 4, 5, 20, 21, 200)]
    odd += [Packet(kind, 3, b"\xff" * 20) for kind in (0, 1, 2, 7, 255)]
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        machine.outside.sound.play(sound)
        while machine.outside.sound.taken < len(sound):
            machine.write(rng.bytes(30) + encode(odd[rng.integers(len(odd))]))
            data += machine.read(0.005)
    found = [one for one in monitor.split(data)[0] if isinstance(one, monitor.Hop)]
    # One of the requests asks for hop 254, if one counts as a 32-bit number does.
    assert 490 < len(found) and {hop.number for hop in found} >= set(range(490))
    for hop in found:
        np.testing.assert_array_equal(hop.samples, sound[HOP * hop.number :][:HOP])


# The line


class End(Exception):
    """Nothing more comes."""


class Bytes:
    """A port from which these bytes come, some at a time."""

    def __init__(self, data: bytes, size: int = 997) -> None:
        self._parts = iter([data[i : i + size] for i in range(0, len(data), size)])
        self.now = 0.0

    def write(self, data: bytes) -> None:
        """Nobody hears it."""

    def read(self, timeout: float) -> bytes:
        self.now += 0.01
        for part in self._parts:
            return part
        raise End

    def clock(self) -> float:
        return self.now


def together(port: Bytes) -> tuple[np.ndarray, int]:
    """Return all samples that came in blocks, and how many of them were lost."""
    found, lost = [np.zeros(0, np.int16)], 0
    with contextlib.suppress(End):
        for block in blocks(port, BOARD, port.clock):
            assert block.samples.dtype == np.int16 and len(block.samples) >= 1600 > 0 <= block.lost
            found.append(block.samples)
            lost += block.lost
    return np.concatenate(found), lost


def held(found: np.ndarray, sound: np.ndarray) -> int:
    """Return how many samples are silence; all others must be what was played, at their place."""
    heard = np.flatnonzero(found)
    starts = [
        at for at in range(0, len(sound) - len(found) + 1, HOP)
        if sound[at + heard[0]] == found[heard[0]] and sound[at + heard[1]] == found[heard[1]]
    ]  # fmt: skip
    assert len(starts) == 1
    played = sound[starts[0] :][: len(found)]
    assert np.count_nonzero(found[heard] != played[heard]) == 0
    return len(found) - len(heard)


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


class Noisy:
    """A line to a board that damages bytes, both ways."""

    def __init__(self, machine: unicorn.UnicornMachine, seed: int, share: float) -> None:
        self._machine, self._share = machine, share
        self._rng = np.random.default_rng(seed)
        self.holes: list[float] = []  # seconds after which a fifth of a second is lost
        self.asked = 0

    def write(self, data: bytes) -> None:
        self.asked += 1
        self._machine.write(self._spoilt(data))

    def read(self, timeout: float) -> bytes:
        data = self._machine.read(0.002)
        if self.holes and self.clock() > self.holes[0]:
            end = self.holes.pop(0) + 0.2
            while self.clock() < end:
                self._machine.read(0.002)
        return self._spoilt(data)

    def clock(self) -> float:
        return self._machine.bus.now() / BOARD.cpu.clock_hz

    def _spoilt(self, data: bytes) -> bytes:
        made = bytearray(data)
        for at in np.flatnonzero(self._rng.random(len(data)) < self._share):
            made[at] ^= self._rng.integers(1, 256)
        return bytes(made)


def heard_over(
    image: build.Built, sound: np.ndarray, seed: int, share: float, holes: tuple[float, ...] = ()
) -> tuple[np.ndarray, int, int]:
    """Return what a microphone gives of a sound, how much was lost, and how often it asked."""
    found, lost = [np.zeros(0, np.int16)], 0
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        line = Noisy(machine, seed, share)
        line.holes = list(holes)
        machine.outside.sound.play(sound)
        for block in blocks(line, BOARD, line.clock, line.clock):
            found.append(block.samples)
            lost += block.lost
            if sum(map(len, found)) >= len(sound) - 12_000:
                return np.concatenate(found), lost, line.asked
    raise AssertionError


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
