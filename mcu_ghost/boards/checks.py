# SPDX-License-Identifier: Apache-2.0
"""What a board's file may not say, though it fits the schema: no hardware is like that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mcu_ghost.boards.board import PIN_NAMES, Board, Microphone, Watchdog, pin_number
from mcu_ghost.boards.stm32 import CLOCKS, check_stm32
from mcu_ghost.errors import GhostError

# Milliseconds: the least is several times what it takes to wake up and feed; the most is what fits
# the hardware's counter.
_SHORTEST = 500
_WATCHDOGS = {
    "nrf_wdt": dict.fromkeys(("nrf51", "nrf52", "nrf5340"), 100_000_000),
    "stm32_iwdg": dict.fromkeys(CLOCKS, 32_000),
    "rp2_watchdog": {"rp2040": 8_000, "rp2350": 16_000},
}
_NO_FPU = ("cortex-m0", "cortex-m0plus", "cortex-m3")


def check(board: Board, path: Path) -> None:
    """Refuse values that fit the schema but not the hardware.

    Raises:
        GhostError: Names the file and the key.
    """

    def refuse(key: str, why: str) -> None:
        raise GhostError(f"{path}: {key} {why}")

    for key, memory in (("flash", board.flash), ("ram", board.ram)):
        for part in ("origin", "size", "reserved"):
            value = getattr(memory, part)
            if not 0 <= value <= 0xFFFF_FFFF or value % 8:
                refuse(f"{key}.{part}", f"must be a multiple of 8 below 2**32, not {value:#x}.")
        if memory.size == 0 or memory.origin + memory.size > 2**32:
            refuse(f"{key}.size", f"must be above 0 and end below 2**32, not {memory.size:#x}.")
        if memory.reserved >= memory.size:
            refuse(f"{key}.reserved", f"takes all {memory.size} bytes.")
    for part, most in (("wait_states", 100), ("code_cache", 1 << 20)):
        value = getattr(board.flash, part)
        if not 0 <= value <= most:
            refuse(f"flash.{part}", f"must be 0 to {most}, not {value}.")
    if board.flash.start < board.ram.origin + board.ram.size and (
        board.ram.start < board.flash.origin + board.flash.size
    ):
        refuse("ram.origin", "lies inside flash.")
    if board.flash.start % _vector_alignment(board.startup.vector_count):
        refuse("flash.reserved", "leaves the vector table unaligned; round it up to 0x1000.")
    for key, hertz in (
        ("cpu.clock_hz", board.cpu.clock_hz),
        ("console.clock_hz", board.console.clock_hz),
        ("console.baud", board.console.baud),
        ("counter.hz", board.counter.hz),
    ):
        if not 0 < hertz < 2**32:
            refuse(key, f"must be above 0 and below 2**32, not {hertz}.")
    if board.console.baud * 16 > board.console.clock_hz:
        refuse("console.baud", "is more than a sixteenth of console.clock_hz.")
    if not 0 < board.console.base < 2**32 or board.console.base % 4:
        refuse("console.base", f"must be an address, a multiple of 4, not {board.console.base:#x}.")
    if board.cpu.fpu and board.cpu.core in _NO_FPU:
        refuse("cpu.fpu", f"is true, but no {board.cpu.core} has a floating-point unit.")
    if board.counter.driver == "dwt" and board.cpu.armv6m:
        refuse("counter.driver", f"is 'dwt', but the {board.cpu.core} has no cycle counter.")
    if not 17 <= board.startup.vector_count <= 496:
        refuse("startup.vector_count", f"must be 17 to 496, not {board.startup.vector_count}.")
    if not 0 <= board.console.irq < board.startup.vector_count - 16:
        refuse("console.irq", f"must be 0 to startup.vector_count - 17, not {board.console.irq}.")
    maker = board.console.maker
    for key, pin in (("tx_pin", board.console.tx_pin), ("rx_pin", board.console.rx_pin)):
        if maker in PIN_NAMES:
            if pin_number(pin, maker) is None:
                refuse(f"console.{key}", f'must look like "{PIN_NAMES[maker][0]}", not {pin!r}.')
        elif pin:
            refuse(f"console.{key}", f"is {pin!r}, but {board.console.driver} has fixed pins.")
    check_stm32(board, refuse)
    if board.microphone is not None:
        _check_microphone(board, board.microphone, refuse)
    if board.led is not None and pin_number(board.led.pin, maker) is None:
        like = f'must look like "{PIN_NAMES[maker][0]}"' if maker in PIN_NAMES else "has no driver"
        refuse("led.pin", f"{like}, not {board.led.pin!r}.")
    if board.watchdog is not None:
        _check_watchdog(board, board.watchdog, refuse)
    taken: dict[int, str] = {}
    for key, pin in _pins(board):
        number = pin_number(pin)
        if number in taken:
            refuse(key, f"is {pin}, which is {taken[number]} too.")
        if number is not None:
            taken[number] = key
    for identity in board.usb.ids:
        halves = identity.split(":")
        if len(halves) != 2 or any(len(h) != 4 or not _is_hex(h) for h in halves):
            refuse("usb.ids", f'must look like "1366:1015", not {identity!r}.')
    _check_flashing(board, refuse)
    for engine in board.emulators.order:
        if getattr(board.emulators, engine) is None:
            refuse("emulators.order", f"names '{engine}': add a table [emulators.{engine}].")
    runs_on = {"model": "unicorn"}.get(board.tested, board.tested)
    if runs_on not in ("nothing", "hardware", *board.emulators.order):
        refuse("tested", f"is '{board.tested}', but {runs_on} is not in emulators.order.")
    if board.emulators.qemu and not 0 < board.emulators.qemu.counter_ratio < 1e6:
        refuse("emulators.qemu.counter_ratio", "must be above 0.")


def _check_flashing(board: Board, refuse: Callable[[str, str], None]) -> None:
    flashing = board.flashing
    needs = {"target": ("jlink", "pyocd", "openocd", "probe-rs", "nrfutil", "nrfjprog"),
             "volume": ("uf2", "copy"), "uf2_family": ("uf2", "picotool")}  # fmt: skip
    for key, methods in needs.items():
        wanting = [method for method in flashing.methods if method in methods]
        if wanting and not getattr(flashing, key):
            refuse(f"flashing.{key}", f"is missing, which the method {wanting[0]} needs.")
    if "copy" in flashing.methods and board.flash.reserved:
        refuse("flashing.methods", "names copy, which may erase the bootloader (flash.reserved).")


def _check_microphone(
    board: Board, microphone: Microphone, refuse: Callable[[str, str], None]
) -> None:
    if board.startup.family != "nrf52":
        refuse("microphone.driver", f"is '{microphone.driver}', which needs an nRF52.")
    if not 0 < microphone.base < 2**32 or microphone.base % 4:
        refuse("microphone.base", f"must be an address, not {microphone.base:#x}.")
    if not 0 <= microphone.irq < board.startup.vector_count - 16:
        refuse("microphone.irq", f"must be 0 to startup.vector_count - 17, not {microphone.irq}.")
    if microphone.irq == board.console.irq:
        refuse("microphone.irq", "is that of the console.")
    for key, optional in (("clock", False), ("data", False), ("word", True), ("power", True)):
        pin = getattr(microphone, f"{key}_pin")
        if (pin or not optional) and pin_number(pin) is None:
            refuse(f"microphone.{key}_pin", f'must look like "P0.26", not {pin!r}.')
    if bool(microphone.word_pin) != (microphone.driver == "nrf_i2s"):
        refuse("microphone.word_pin", "is what nrf_i2s needs and nrf_pdm does not have.")
    if not -20 <= microphone.gain_db <= 20 or microphone.gain_db * 2 % 1:
        refuse("microphone.gain_db", f"must be -20 to 20 by 0.5, not {microphone.gain_db:g}.")
    if microphone.gain_db and microphone.driver != "nrf_pdm":
        refuse("microphone.gain_db", f"is for nrf_pdm, {microphone.driver} has no gain.")


def _check_watchdog(board: Board, watchdog: Watchdog, refuse: Callable[[str, str], None]) -> None:
    family = board.startup.family
    longest = _WATCHDOGS[watchdog.driver].get(family)
    if longest is None:
        refuse("watchdog.driver", f"is '{watchdog.driver}', which no {family} has.")
    elif not _SHORTEST <= watchdog.timeout_ms <= longest:
        given = watchdog.timeout_ms
        refuse("watchdog.timeout_ms", f"must be {_SHORTEST} to {longest}, not {given}.")


def _pins(board: Board) -> list[tuple[str, str]]:
    """Return every pin that a board names, with its key."""
    named = [(f"console.{key}", getattr(board.console, key)) for key in ("tx_pin", "rx_pin")]
    if board.microphone is not None:
        keys = ("clock_pin", "data_pin", "word_pin", "power_pin")
        named += [(f"microphone.{key}", getattr(board.microphone, key)) for key in keys]
    if board.led is not None:
        named.append(("led.pin", board.led.pin))
    return named


def _vector_alignment(entries: int) -> int:
    """The table must be aligned to its size, rounded up to a power of two, and to 128 bytes."""
    return max(128, 1 << (4 * entries - 1).bit_length())


def _is_hex(word: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in word)
