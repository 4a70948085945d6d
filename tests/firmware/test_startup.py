# SPDX-License-Identifier: Apache-2.0
"""From reset to `main` on every chip that unicorn runs: clocks, debug ports, boot loaders."""

from __future__ import annotations

import binascii
import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.boards import chip, image
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate.chips import nordic, nrf5340, rp2040, rp2350
from mcu_ghost.emulate.chips.peripherals import Peripheral
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from tests.conftest import need

pytestmark = pytest.mark.emulator

BOARDS = [name for name in boards.names() if boards.load(name).emulators.unicorn]
MODEL = random_model(1, units=8, ratio=2, inputs=3)
P = TypeVar("P", bound=Peripheral)
Changed = Callable[[str, str, str, str], Path]


def boot(board: str, elf: Path) -> tuple[UnicornMachine, str]:
    """Run an image until it stops; return the machine and what it printed."""
    machine = emulate.start(boards.load(board), elf, "unicorn")
    assert isinstance(machine, UnicornMachine)
    text = b""
    while data := machine.read(0.5):
        text += data
    return machine, text.decode()


def part(machine: UnicornMachine, kind: type[P]) -> P:
    """Return the one peripheral of a kind."""
    (found,) = [p for p in machine.bus.peripherals if isinstance(p, kind)]
    return found


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """Return what builds a board's selftest with one change in a source, as an image."""
    folders: dict[str, Path] = {}

    def change(board: str, source: str, old: str, new: str) -> Path:
        if board not in folders:
            folders[board] = tmp_path_factory.mktemp(board)
            build.build(MODEL, boards.load(board), "selftest", folders[board])
        path = folders[board] / source
        right = path.read_text()
        assert old in right
        path.write_text(right.replace(old, new, 1))
        ninja = [toolchain.ninja(), "-C", folders[board] / "build"]
        try:
            subprocess.run(ninja, check=True, capture_output=True)
        finally:
            path.write_text(right)
        return folders[board] / "build" / "selftest.elf"

    return change


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", BOARDS)
def test_a_selftest_passes(board: str, kind: str, tmp_path: Path) -> None:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    built = build.build(MODEL, boards.load(board), "selftest", tmp_path, kind)
    _, text = boot(board, built.elf)
    assert text.splitlines()[-1].startswith("PASS"), text


def test_waiting_for_the_line_costs_next_to_nothing(tmp_path: Path) -> None:
    """A clock six times as fast polls no more often, and prints the same."""
    executed, texts = {}, {}
    for name in ("nrf52840", "nucleo-h753zi"):
        built = build.build(MODEL, boards.load(name), "selftest", tmp_path / name)
        machine, text = boot(name, built.elf)
        executed[name], texts[name] = machine.counts().instructions, text.splitlines()[-1]
    assert texts["nrf52840"] == texts["nucleo-h753zi"] and texts["nrf52840"].startswith("PASS")
    assert executed["nucleo-h753zi"] <= 1.3 * executed["nrf52840"]


@pytest.mark.parametrize("board", ["nrf52832dk", "nrf52840", "microbit-v2"])
def test_the_debug_port_of_an_nrf52_stays_open(board: str, tmp_path: Path) -> None:
    built = build.build(MODEL, boards.load(board), "selftest", tmp_path)
    machine, _ = boot(board, built.elf)
    assert machine.outside.uicr == {0x208: 0xFFFF_FF5A}
    clock = part(machine, nordic.Clock)
    assert clock.approtect_disable == 0x5A and clock.running


@pytest.mark.parametrize("board", ["nrf52832dk", "nrf52840"])
def test_an_older_nrf52_is_left_alone(
    board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take 0x5A for a lock."""
    built = build.build(MODEL, boards.load(board), "selftest", tmp_path)
    table = chip.of(boards.load(board))
    assert table.ficr is not None
    older = dataclasses.replace(table.ficr, locks_from=table.ficr.locks_from - 1)
    monkeypatch.setattr(chip, "of", lambda board: dataclasses.replace(table, ficr=older))
    machine, text = boot(board, built.elf)
    assert machine.outside.uicr == {} and "PASS" in text
    assert part(machine, nordic.Clock).approtect_disable == 0


def test_an_image_for_another_nrf52_leaves_the_lock_alone(tmp_path: Path) -> None:
    built = build.build(MODEL, boards.load("nrf52832dk"), "selftest", tmp_path)
    machine, text = boot("nrf52840", built.elf)
    assert machine.outside.uicr == {} and "PASS" in text


def test_the_nrf5340_runs_at_its_best_and_can_be_debugged(tmp_path: Path) -> None:
    built = build.build(MODEL, boards.load("nrf5340dk"), "selftest", tmp_path)
    machine, _ = boot("nrf5340dk", built.elf)
    clock = part(machine, nrf5340.Clock)
    assert clock.divider == 0 and clock.running
    assert part(machine, nrf5340.Cache).on
    assert part(machine, nrf5340.DebugPort).open()
    written = {
        p.base + offset: value
        for p in machine.bus.peripherals
        if isinstance(p, nrf5340.Unnamed)
        for offset, value in p.written.items()
    }
    assert written.pop(nrf5340._TRIM[0]) == nrf5340._TRIM[1]
    assert set(written) == set(nrf5340._UNNAMED) and written[0x5000_470C] == 0x7E


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_the_second_stage_of_the_pico(kind: str, tmp_path: Path) -> None:
    """Its checksum, computed in another way than the emulated boot ROM does."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    board = boards.load("pico")
    built = build.build(MODEL, board, "stream", tmp_path, kind)
    stage = built.bin.read_bytes()[:256]
    assert image.read(built.elf, board).segments[0].address == 0x1000_0000

    def mirrored(value: int, bits: int) -> int:
        return int(f"{value:0{bits}b}"[::-1], 2)

    crc = binascii.crc32(bytes(mirrored(byte, 8) for byte in stage[:252])) ^ 0xFFFF_FFFF
    assert int.from_bytes(stage[252:], "little") == mirrored(crc, 32) == rp2040.crc32(stage[:252])


@pytest.mark.parametrize(
    ("source", "old", "new", "message"),
    [
        ("startup/rp2040.S", "0xE780D25F", "0xE780D25E", "boot ROM does not start this image: the"),
        ("startup/rp2.h", "PERI_ON;", "0u;", "clk_peri is off, or does not run from clk_sys"),
        ("startup/rp2.h", "PLL_TIMES = 125", "PLL_TIMES = 126", "PLL"),
        ("startup/rp2.h", " | RP2_RESET_UART0", "", "UART0 is still in reset"),
        ("startup/rp2.h", " | RP2_RESET_PADS |", " |", "PADS_BANK0 is still in reset"),
        ("startup/rp2.h", "GPIO_CTRL(0u) = FUNCTION_UART;", "", "UARTDR written while no pin"),
        ("startup/rp2.h", "PLL_PRIM = RP2_DIVIDER_1", "PLL_PRIM = 7u", "the core runs at"),
        ("startup/rp2.h", "while (PLL_CS >> 31 == 0u)", "while (0)", "before it is locked"),
        ("startup/rp2.h", "while (XOSC_STATUS >> 31 == 0u)", "while (0)", "has no input"),
        ("drivers/pl011.c", "BOARD_CONSOLE_HZ * 4u", "BOARD_CONSOLE_HZ * 5u", "a byte takes 1"),
        ("drivers/pl011.c", "while ((FR & FR_TX_FULL) != 0u)", "while (0)", "FIFO is full"),
    ],
)
def test_what_a_pico_would_not_forgive(
    source: str, old: str, new: str, message: str, changed: Changed
) -> None:
    with pytest.raises((GhostError, subprocess.CalledProcessError)) as told:
        boot("pico", changed("pico", source, old, new))
    if isinstance(told.value, subprocess.CalledProcessError):  # the compiler's own check
        assert message.encode() in told.value.stdout
    else:
        assert message in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SSI + SSIENR, 1\n  .word VTOR", "SSI + SSIENR, 0\n  .word VTOR", "where nothing is"),
        ("#define CONTINUE 0xA0", "#define CONTINUE 0xF0", "where nothing is"),
        ("FAST_READ_QUAD_IO 0xEB", "FAST_READ_QUAD_IO 0xBB", "the flash has no command 0xbb"),
        ("  .word SSI + SSIENR, 0\n  .word SSI + BAUDR", "  .word SSI + BAUDR", "while it is on"),
        ("#define IDLE 4", "#define IDLE 0", "endless loop"),
    ],
)
def test_a_second_stage_that_does_not_do_its_work(
    old: str, new: str, message: str, changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Really executed: with a wrong setting flash stays closed, whatever the checksum says."""
    monkeypatch.setattr(rp2040, "crc32", lambda stage: 0xE780_D25F)
    elf = changed("pico", "startup/rp2040.S", old, new)
    try:
        machine, text = boot("pico", elf)
    except GhostError as error:
        assert message in str(error)
    else:
        assert text == "" and message in machine.status()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0xFFFFDED3u,", "0xFFFFDED2u,", "there is no IMAGE_DEF in the first 4096 bytes"),
        ("0x10210142u,", "0x10110142u,", "its IMAGE_DEF is not for Arm, secure"),
        ("0x000001FFu,", "0x000002FFu,", "the last item of its block does not give the size"),
        ("    0u, ", "    8u, ", "its block is followed by others"),
        ("0xAB123579u,", "0xAB12357Au,", "its block does not end as one"),
        ('section(".image_def"), used', 'section(".text.later"), used', ""),
    ],
)
def test_the_boot_rom_of_a_pico_2_wants_an_image_def(
    old: str, new: str, message: str, changed: Changed
) -> None:
    elf = changed("pico2", "startup/rp2350.c", old, new)
    if not message:  # garbage collected
        message = "there is no IMAGE_DEF"
    with pytest.raises(GhostError, match="pico2: the boot ROM does not start this image") as told:
        boot("pico2", elf)
    assert message in str(told.value)


def test_pads_of_a_pico_2_are_isolated_at_first(changed: Changed) -> None:
    old, new = "GPIO_PAD(0u) = PAD_OUTPUT;", "GPIO_PAD(0u) = PAD_OUTPUT | 0x100u;"
    with pytest.raises(GhostError, match="written while no pin sends"):
        boot("pico2", changed("pico2", "startup/rp2.h", old, new))


def test_the_image_def_is_where_the_boot_rom_looks(tmp_path: Path) -> None:
    board = boards.load("pico2")
    flash = build.build(MODEL, board, "stream", tmp_path).bin.read_bytes()
    assert rp2350.boot(board, flash.ljust(4096, b"\xff"))[1] & 1
    assert flash.index(bytes.fromhex("d3deffff42012110ff010000")) == 4 * board.startup.vector_count
