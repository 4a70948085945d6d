# SPDX-License-Identifier: Apache-2.0
"""The models of PDM and I2S: samples at the rate that the registers say, no wrong use unseen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.boards import Board, Microphone
from mcu_ghost.emulate.chips import chips, nordic
from mcu_ghost.emulate.chips.capture import Capture
from mcu_ghost.emulate.chips.peripherals import Misuse, NoRegister

RAM = 0x2000_0000
I2S_MICROPHONE = Microphone(
    driver="nrf_i2s", base=0x4002_5000, irq=37, clock_pin="P0.26", data_pin="P0.25",
    word_pin="P0.27", power_pin="P0.17",
)  # fmt: skip


class Bench:
    """A chip without a core: its registers, its RAM, and a clock to turn."""

    def __init__(self, board: Board) -> None:
        self.time = 0
        self.ram = bytearray(4096)
        self.outside = nordic.Outside()
        found = chips.peripherals(self, board, self.outside, console=None)
        self.clock, self.gpio, self.capture = (
            next(p for p in found if isinstance(p, kind))
            for kind in (nordic.Clock, nordic.Gpio, Capture)
        )

    def now(self) -> int:
        return self.time

    def pause(self, clocks: int) -> None:
        self.time += clocks

    def memory(self, address: int, size: int) -> bytes:
        if not (RAM <= address and address + size <= RAM + len(self.ram)):
            raise Misuse(f"EasyDMA reaches RAM only, not {address:#010x}")
        return bytes(self.ram[address - RAM : address - RAM + size])

    def store(self, address: int, data: bytes) -> None:
        self.memory(address, len(data))
        self.ram[address - RAM : address - RAM + len(data)] = data

    def samples(self, count: int, at: int = 0) -> list[int]:
        return np.frombuffer(self.ram, "<i2", count, at).tolist()

    def write(self, *pairs: tuple[int, int]) -> None:
        for offset, value in pairs:
            self.capture.write(offset, value)

    def until_due(self) -> None:
        due = self.capture.due()
        assert due is not None
        self.time = due
        self.capture.advance()

    def power_up(self) -> None:
        self.clock.write(0x000, 1)
        self.time += 100_000
        self.clock.advance()
        outputs = 1 << 17 | 1 << 26 | 1 << 27
        self.gpio.write(0x508, 1 << 17)
        self.gpio.write(0x518, outputs)
        self.gpio.write(0x700 + 4 * 25, 0)


PDM_SET_UP = [(0x540, 26), (0x544, 25), (0x504, 0x0A00_0000), (0x520, 1), (0x508, 1),
              (0x560, RAM), (0x564, 160), (0x500, 1)]  # fmt: skip
I2S_SET_UP = [(0x564, 26), (0x568, 27), (0x56C, 25), (0x508, 1), (0x50C, 0), (0x514, 0x0410_0000),
              (0x518, 0), (0x528, 1), (0x538, RAM), (0x550, 80), (0x500, 1)]  # fmt: skip
PDM = "pdm", PDM_SET_UP, 0x560, 0x564, 0x100
PLAYING = [(0x564, 26), (0x568, 27), (0x56C, 25), (0x570, 24), (0x508, 1), (0x514, 0x0410_0000),
           (0x518, 0), (0x528, 1), (0x538, RAM), (0x540, RAM + 2000), (0x550, 80),
           (0x500, 1)]  # fmt: skip
I2S = "i2s", I2S_SET_UP, 0x538, 0x550, 0x104
KINDS = pytest.mark.parametrize(
    ("kind", "set_up", "pointer", "count", "begun"), [PDM, I2S], ids=["pdm", "i2s"]
)


def bench(kind: str, powered: bool = True) -> Bench:
    board = boards.load("nano33ble")
    if kind == "i2s":
        board = dataclasses.replace(board, microphone=I2S_MICROPHONE)
    made = Bench(board)
    if powered:
        made.power_up()
    return made


@KINDS
def test_buffers_come_at_the_rate_one_after_the_other(
    kind: str, set_up: list[tuple[int, int]], pointer: int, count: int, begun: int
) -> None:
    chip = bench(kind)
    sound = np.arange(1, 400, dtype=np.int16)
    chip.outside.sound.play(sound[:250])
    chip.outside.sound.play(sound[250:])
    chip.write(*set_up, (0x304, 1 << (begun - 0x100) // 4), (0x000, 1))
    started = chip.time
    clocks = {"pdm": 25 * 80, "i2s": 63 * 32}[kind] * 2 * 160  # 64 MHz is twice 32 MHz
    assert chip.capture.line() and chip.capture.read(begun) == 1
    assert 1 not in chip.samples(160)  # nothing is there before all is
    chip.write((begun, 0), (pointer, RAM + 320))
    assert not chip.capture.line()
    chip.until_due()
    assert chip.time == started + clocks
    assert chip.samples(160) == sound[:160].tolist()
    chip.write((begun, 0), (pointer, RAM))
    chip.until_due()
    assert chip.samples(160, 320) == sound[160:320].tolist()
    chip.write((begun, 0), (pointer, RAM + 320))
    chip.until_due()
    assert chip.time == started + 3 * clocks
    assert chip.samples(160) == [*sound[320:], *[0] * 81]
    assert chip.outside.sound.taken == 480


def test_the_reset_values_of_pdm_are_another_rate() -> None:
    chip = bench("pdm")
    set_up = [pair for pair in PDM_SET_UP if pair[0] not in (0x504, 0x520)]
    chip.write(*set_up, (0x000, 1), (0x560, RAM + 320))
    started = chip.time
    chip.until_due()
    assert chip.time - started == 31 * 64 * 2 * 160


@KINDS
def test_a_pointer_that_comes_too_late_is_noticed(
    kind: str, set_up: list[tuple[int, int]], pointer: int, count: int, begun: int
) -> None:
    chip = bench(kind)
    chip.write(*set_up, (0x000, 1))
    with pytest.raises(Misuse, match="came too late"):
        chip.until_due()


@KINDS
def test_stop_leaves_what_has_come(
    kind: str, set_up: list[tuple[int, int]], pointer: int, count: int, begun: int
) -> None:
    chip = bench(kind)
    chip.outside.sound.play(np.full(160, 7, np.int16))
    chip.write(*set_up, (0x000, 1))
    chip.time += {"pdm": 4000, "i2s": 4032}[kind] * 10
    chip.write((0x004, 1))
    assert chip.samples(10) == [7] * 10 and 7 not in chip.samples(150, 20)
    assert chip.capture.due() is None
    assert chip.capture.read({"pdm": 0x104, "i2s": 0x108}[kind]) == 1
    chip.write((0x500, 0), (count, 8))


@KINDS
def test_what_the_chip_would_not_do(
    kind: str, set_up: list[tuple[int, int]], pointer: int, count: int, begun: int
) -> None:
    def refused(why: str, *change: tuple[int, int], powered: bool = True, skip: int = -1) -> None:
        chip = bench(kind, powered)
        with pytest.raises(Misuse, match=why):
            chip.write(*(p for p in set_up[:-1] if p[0] != skip), *change)
            chip.write((0x500, 1), (0x000, 1))

    refused("without the crystal", powered=False)
    refused("must be 1 to", (count, 0))
    refused("must be 1 to", (count, 0x8000))
    refused("not whole words", (pointer, RAM + 2))
    refused("EasyDMA reaches RAM only", (pointer, 0x1000))
    refused("EasyDMA reaches RAM only", (pointer, RAM + 4096 - 316))
    refused("came too late", skip=pointer)  # nowhere to go to
    refused("data at pin 0xffffffff, not 0x19", skip={"pdm": 0x544, "i2s": 0x56C}[kind])
    refused("an event register takes only 0", (begun, 1))
    refused("a task register takes only 1", (0x000, 2))
    refused("ENABLE takes 0 or 1", (0x500, 2))
    if kind == "pdm":
        refused("not whole words", (count, 161))
        refused("must be mono", (0x508, 0))
        refused("takes none but its listed values", (0x504, 0x0900_0000))
        refused("ends at 0x50", (0x518, 0x51))
        refused("RATIO takes 0 or 1", (0x520, 2))
    else:
        refused("TXEN is 1, and nothing that plays", (0x50C, 1))  # sends too
        refused("is 0, not 1", (0x528, 0))  # stereo
        refused("multiple of the 32 bits", (0x518, 1))
        refused("takes none but its listed values", (0x514, 0x0900_0000))
    chip = bench(kind)
    with pytest.raises(Misuse, match="while it is disabled"):
        chip.write(*set_up[:-1], (0x000, 1))
    with pytest.raises(NoRegister):
        chip.write((0x7F0, 1))
    with pytest.raises(NoRegister):
        chip.capture.read(0x7F0)


@KINDS
def test_what_may_not_happen_while_it_runs(
    kind: str, set_up: list[tuple[int, int]], pointer: int, count: int, begun: int
) -> None:
    for why, pairs in (
        ("was started while it runs", [(0x000, 1)]),
        ("was changed while it runs", [(count, 80)]),
        ("was changed while it runs", [(set_up[0][0], 3)]),
        ("was disabled while it runs", [(0x500, 0)]),
        ("written twice", [(pointer, RAM), (pointer, RAM)]),
    ):
        chip = bench(kind)
        chip.write(*set_up, (0x000, 1))
        with pytest.raises(Misuse, match=why):
            chip.write(*pairs)
    chip = bench(kind)
    chip.write(*set_up)
    with pytest.raises(Misuse, match="may only change while it is disabled"):
        chip.write((set_up[0][0], 3))


def test_the_microphone_needs_power_and_pins() -> None:
    for why, port in (
        ("has no power", (0x50C, 1 << 17)),
        ("the clock pin is no output", (0x51C, 1 << 26)),
        ("not connected as an input", (0x700 + 4 * 25, 2)),
        ("not connected as an input", (0x518, 1 << 25)),
    ):
        chip = bench("pdm")
        chip.gpio.write(*port)
        with pytest.raises(Misuse, match=why):
            chip.write(*PDM_SET_UP, (0x000, 1))


def test_outputs_are_noted() -> None:
    chip = bench("pdm")
    chip.outside.pins.clear()
    chip.time = 5
    chip.gpio.write(0x508, 1 << 13)  # not an output yet
    chip.gpio.write(0x518, 1 << 13)
    chip.gpio.write(0x508, 1 << 13)  # no change
    chip.time = 9
    chip.gpio.write(0x50C, 1 << 13)
    assert chip.outside.pins == [(5, 13, True), (9, 13, False)]


def player(*without: int) -> Bench:
    """Return a chip that plays as well, set up but for some registers."""
    board = boards.load("nano33ble")
    both = dataclasses.replace(I2S_MICROPHONE, out_pin="P0.24")
    chip = Bench(dataclasses.replace(board, microphone=both))
    chip.power_up()
    chip.gpio.write(0x518, 1 << 24)
    chip.write(*(pair for pair in PLAYING if pair[0] not in without))
    return chip


def test_what_is_played_goes_out_as_what_is_heard_comes_in() -> None:
    chip = player()
    sound = np.arange(1, 481, dtype="<i2")
    for at in range(3):
        chip.store(RAM + 1000 + 320 * at, sound[160 * at : 160 * at + 160].tobytes())
    chip.capture.write(0x540, RAM + 1000)
    chip.write((0x304, 1 << 5), (0x000, 1))
    for at in range(1, 4):
        assert chip.capture.line() and chip.capture.read(0x114) == 1
        chip.write((0x114, 0), (0x540, RAM + 1000 + 320 * (at % 3)), (0x538, RAM + 320 * (at % 2)))
        assert not chip.capture.line()
        assert len(chip.outside.sound.played) == 320 * (at - 1)
        chip.until_due()
    assert bytes(chip.outside.sound.played) == sound.tobytes()


def test_wrong_playing_is_refused() -> None:
    for without, why in ((0x540, "what is sent next came too late"), (0x570, "I2S sends at pin")):
        with pytest.raises(Misuse, match=why):
            player(without).write((0x000, 1))
    chip = player()
    chip.write((0x000, 1), (0x538, RAM + 320))
    with pytest.raises(Misuse, match="what is sent next came too late"):
        chip.until_due()
    chip = player()
    chip.write((0x000, 1), (0x538, RAM + 320), (0x540, RAM + 2000))
    with pytest.raises(Misuse, match="written twice"):
        chip.capture.write(0x540, RAM + 2400)
    chip.store(RAM + 2000, b"other")
    with pytest.raises(Misuse, match="what it sends changed meanwhile"):
        chip.until_due()
    with pytest.raises(Misuse, match="may only change while it is disabled"):
        player().capture.write(0x570, 24)
