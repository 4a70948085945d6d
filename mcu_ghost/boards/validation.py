# SPDX-License-Identifier: Apache-2.0
"""What a board's file may not say, though it fits the schema: no hardware is like that."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from pathlib import Path

from mcu_ghost.boards import chip as chips
from mcu_ghost.boards.board import Board, Microphone, Watchdog
from mcu_ghost.boards.chip import validate_chip
from mcu_ghost.boards.pins import PIN_NAMES, pin_number
from mcu_ghost.boards.stm32 import FAMILIES, validate_stm32
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

# Milliseconds: the least is several times what it takes to wake up and feed; the most is what fits
# the hardware's counter.
_SHORTEST = 500
_WATCHDOGS = {
    "nrf_wdt": dict.fromkeys(("nrf51", "nrf52", "nrf5340"), 100_000_000),
    "stm32_iwdg": {name: family.longest for name, family in FAMILIES.items()},
    "rp2_watchdog": {"rp2040": 8_000, "rp2350": 16_000},
}
_NO_FPU = ("cortex-m0", "cortex-m0plus", "cortex-m3")

# What goes into command lines, scripts and C as it is; titles and vendors may be any text.
_FORMS = {
    "name": (r"[a-z0-9][a-z0-9_-]{0,63}", "small letters, digits, - and _"),
    "url": (r"https?://[A-Za-z0-9_.~:/?#@&+,;=%-]+", "an address that begins with https://"),
    "flashing.target": (r"([A-Za-z0-9][A-Za-z0-9_.+-]*)?", "letters, digits and _ . + -"),
    "flashing.volume": (
        r"([A-Za-z0-9]([A-Za-z0-9 _.-]*[A-Za-z0-9_-])?)?",
        "letters, digits, spaces and _ . -",
    ),
    "emulators.qemu.machine": (r"[A-Za-z0-9][A-Za-z0-9_.-]*", "letters, digits and _ . -"),
    "emulators.renode.platform": (
        r"([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.repl",
        "a path of letters, digits, - and _ that ends in .repl",
    ),
    "emulators.renode.uart": (
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*",
        "an identifier, or several with dots between them",
    ),
}


def validate(board: Board, path: Path) -> None:
    """Refuse values that fit the schema but not the hardware.

    Raises:
        GhostError: Names the file and the key.
    """

    def refuse(key: str, why: str) -> None:
        raise GhostError(f"{path}: {key} {why}")

    _validate_names(board, refuse)
    for key, memory in (("flash", board.flash), ("ram", board.ram)):
        if memory.size == 0 or memory.origin + memory.size > 2**32:
            refuse(f"{key}.size", f"must be above 0 and end below 2**32, not {memory.size:#x}.")
        if memory.reserved >= memory.size:
            refuse(f"{key}.reserved", f"takes all {count(memory.size, 'byte')}.")
    if board.flash.start < board.ram.origin + board.ram.size and (
        board.ram.start < board.flash.origin + board.flash.size
    ):
        refuse("ram.origin", "lies inside flash.")
    if board.flash.start % _vector_alignment(board.startup.vector_count):
        refuse("flash.reserved", "leaves the vector table unaligned; round it up to 0x1000.")
    if board.console.baud * 16 > board.console.clock_hz:
        refuse("console.baud", "is more than a sixteenth of console.clock_hz.")
    if board.cpu.fpu and board.cpu.core in _NO_FPU:
        refuse("cpu.fpu", f"is true, but no {board.cpu.core} has a floating-point unit.")
    if board.counter.driver == "dwt" and board.cpu.armv6m:
        refuse("counter.driver", f"is 'dwt', but the {board.cpu.core} has no cycle counter.")
    if board.console.irq >= board.startup.vector_count - 16:
        refuse("console.irq", f"must be 0 to startup.vector_count - 17, not {board.console.irq}.")
    maker = board.console.maker
    for key, pin in (("tx_pin", board.console.tx_pin), ("rx_pin", board.console.rx_pin)):
        if maker in PIN_NAMES:
            if pin_number(pin, maker) is None:
                refuse(f"console.{key}", f'must look like "{PIN_NAMES[maker][0]}", not {pin!r}.')
        elif pin:
            refuse(f"console.{key}", f"is {pin!r}, but {board.console.driver} has fixed pins.")
    _validate_flashing(board, refuse)
    validate_chip(board, refuse)
    validate_stm32(board, refuse)
    if board.microphone is not None:
        _validate_microphone(board, board.microphone, refuse)
    if board.led is not None and pin_number(board.led.pin, maker) is None:
        like = f'must look like "{PIN_NAMES[maker][0]}"' if maker in PIN_NAMES else "has no driver"
        refuse("led.pin", f"{like}, not {board.led.pin!r}.")
    if board.watchdog is not None:
        _validate_watchdog(board, board.watchdog, refuse)
    taken: dict[int, str] = {}
    for key, pin in board.pins():
        number = pin_number(pin)
        if number in taken:
            refuse(key, f"is {pin}, which is {taken[number]} too.")
        if number is not None:
            taken[number] = key
    for engine in board.emulators.order:
        if getattr(board.emulators, engine) is None:
            refuse("emulators.order", f"names '{engine}': add a table [emulators.{engine}].")
    runs_on = {"model": "unicorn"}.get(board.tested, board.tested)
    if runs_on not in ("nothing", "hardware", *board.emulators.order):
        refuse("tested", f"is '{board.tested}', but {runs_on} is not in emulators.order.")


def _validate_names(board: Board, refuse: Callable[[str, str], None]) -> None:
    for key, (form, words) in _FORMS.items():
        table, _, field = key.rpartition(".")
        holder = operator.attrgetter(table)(board) if table else board
        value = getattr(holder, field) if holder is not None else None
        if value is not None and not re.fullmatch(form, value):
            whose = "the file's name" if key == "name" else key
            refuse(whose, f"must be {words}, not {value!r}.")
    for serial in board.usb.serials:
        if not re.fullmatch(r"[A-Za-z0-9_.:-]+", serial):
            refuse("usb.serials", f"must be letters, digits and _ . : -, not {serial!r}.")


def _validate_flashing(board: Board, refuse: Callable[[str, str], None]) -> None:
    flashing = board.flashing
    needs = {"target": ("jlink", "pyocd", "openocd", "probe-rs", "nrfutil", "nrfjprog"),
             "volume": ("uf2", "copy"), "uf2_family": ("uf2", "picotool")}  # fmt: skip
    for key, methods in needs.items():
        wanting = [method for method in flashing.methods if method in methods]
        if wanting and not getattr(flashing, key):
            refuse(f"flashing.{key}", f"is missing, which the method {wanting[0]} needs.")
    if "copy" in flashing.methods and board.flash.reserved:
        refuse("flashing.methods", "names copy, which may erase the bootloader (flash.reserved).")


def _validate_microphone(
    board: Board, microphone: Microphone, refuse: Callable[[str, str], None]
) -> None:
    if board.startup.family != "nrf52":
        refuse("microphone.driver", f"is '{microphone.driver}', which needs an nRF52.")
    chip = chips.of(board)
    if microphone.driver not in chip.microphones:
        has = f"{' or '.join(chip.microphones) or 'neither kind'} ({chip.source})"
        refuse("microphone.driver", f"is '{microphone.driver}', but the {chip.name} has {has}.")
    if microphone.irq >= board.startup.vector_count - 16:
        refuse("microphone.irq", f"must be 0 to startup.vector_count - 17, not {microphone.irq}.")
    if microphone.irq == board.console.irq:
        refuse("microphone.irq", "is that of the console.")
    optional_pins = {"clock": False, "data": False, "word": True, "out": True, "power": True}
    for key, optional in optional_pins.items():
        pin = getattr(microphone, f"{key}_pin")
        if (pin or not optional) and pin_number(pin) is None:
            refuse(f"microphone.{key}_pin", f'must look like "P0.26", not {pin!r}.')
    if bool(microphone.word_pin) != (microphone.driver == "nrf_i2s"):
        refuse("microphone.word_pin", "is what nrf_i2s needs and nrf_pdm does not have.")
    if microphone.out_pin and microphone.driver != "nrf_i2s":
        refuse("microphone.out_pin", f"is for nrf_i2s, {microphone.driver} plays nothing.")
    if microphone.gain_db and microphone.driver != "nrf_pdm":
        refuse("microphone.gain_db", f"is for nrf_pdm, {microphone.driver} has no gain.")


def _validate_watchdog(
    board: Board, watchdog: Watchdog, refuse: Callable[[str, str], None]
) -> None:
    family = board.startup.family
    longest = _WATCHDOGS[watchdog.driver].get(family)
    if longest is None:
        refuse("watchdog.driver", f"is '{watchdog.driver}', which no {family} has.")
        return
    # Where SysTick wakes the core to feed, three of its longest waits must fit.
    waits = 0 if watchdog.driver == "nrf_wdt" else -(-3000 * 2**24 // board.cpu.clock_hz)
    shortest = max(_SHORTEST, waits)
    if not shortest <= watchdog.timeout_ms <= longest:
        given = watchdog.timeout_ms
        refuse("watchdog.timeout_ms", f"must be {shortest} to {longest}, not {given}.")


def _vector_alignment(entries: int) -> int:
    """The table must be aligned to its size, rounded up to a power of two, and to 128 bytes."""
    return max(128, 1 << (4 * entries - 1).bit_length())
