# SPDX-License-Identifier: Apache-2.0
"""Which peripherals a chip has besides core and console, what is around it, and how it boots."""

from __future__ import annotations

import struct
from typing import Protocol

from mcu_ghost.boards import Board
from mcu_ghost.boards import chip as tables
from mcu_ghost.emulate.chips import (
    nordic,
    nordic_wdt,
    nrf5340,
    rp2,
    rp2_watchdog,
    rp2040,
    rp2350,
    stm32,
    stm32_iwdg,
    stm32f1,
    stm32f4,
    stm32h7,
    stm32l4,
    stm32u5,
)
from mcu_ghost.emulate.chips.capture import Capture
from mcu_ghost.emulate.chips.nordic_i2s import I2s
from mcu_ghost.emulate.chips.nordic_pdm import Pdm
from mcu_ghost.emulate.chips.peripherals import Peripheral
from mcu_ghost.emulate.chips.pl011 import Pl011
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart
from mcu_ghost.emulate.chips.uart import Serial
from mcu_ghost.emulate.chips.watchdog import Sleeper
from mcu_ghost.host.errors import GhostError

_MICROPHONES: dict[str, type[Capture]] = {"nrf_pdm": Pdm, "nrf_i2s": I2s}


_STM32 = {
    "stm32f1": stm32f1.peripherals,
    "stm32f4": stm32f4.peripherals,
    "stm32f7": stm32f4.peripherals,
    "stm32g4": stm32l4.peripherals,
    "stm32h7": stm32h7.peripherals,
    "stm32l4": stm32l4.peripherals,
    "stm32u5": stm32u5.peripherals,
}


class Chip(rp2040.Chip, Sleeper, Protocol):
    """All that peripherals see of a chip."""


def peripherals(
    chip: Chip, board: Board, outside: nordic.Outside, console: Serial
) -> list[Peripheral]:
    """Return the peripherals of a board's family, without its UART."""
    family = board.startup.family
    if isinstance(console, Stm32Usart):
        found = _STM32[family](chip, board, console)
        rcc = next(part for part in found if isinstance(part, stm32.Rcc))
        rcc.resets = stm32_iwdg.Resets(stm32_iwdg.FAMILIES[family], outside.causes)
        return [*found, stm32_iwdg.Iwdg(chip, board)]
    if family == "nrf5340":
        return nrf5340.peripherals(chip, board, outside)
    if family in ("nrf52", "nrf51"):
        return _nordic(chip, board, outside)
    if isinstance(console, Pl011):
        watchdog = rp2_watchdog.peripherals(chip, board, outside.causes)
        if family == "rp2040":
            shared = rp2.peripherals(chip, board, rp2040.CHIP, console)
            return shared + watchdog + rp2040.peripherals(chip, board)
        if family == "rp2350":
            return rp2.peripherals(chip, board, rp2350.CHIP, console) + watchdog
    return []


def boot(chip: rp2040.Chip, board: Board, flash: bytes) -> tuple[int, int]:
    """Return the stack pointer and the address, odd for Thumb, that the core starts with.

    Args:
        chip: The chip.
        board: The board.
        flash: What flash holds.

    Raises:
        GhostError: The chip would not start this image.
    """
    if board.startup.family == "rp2040":
        return rp2040.boot(chip, board, flash)
    if board.startup.family == "rp2350":
        return rp2350.boot(board, flash)
    stack, entry = struct.unpack_from("<II", flash, board.flash.reserved)
    if not entry & 1 or stack & 3:
        raise GhostError(
            f"The image has no vector table at {board.flash.start:#010x}: stack {stack:#010x},"
            f" reset {entry:#010x}. Was it linked for {board.name}?"
        )
    return stack, entry


def _nordic(bus: Sleeper, board: Board, outside: nordic.Outside) -> list[Peripheral]:
    new = board.startup.family == "nrf52"
    clock = nordic.Clock(bus, board, outside.causes)
    there = tables.of(board)
    gpio = nordic.Gpio(bus, there.ports, outside.pins)
    found: list[Peripheral] = [clock, nordic.Timer(bus, board), gpio, nordic_wdt.Wdt(bus, board)]
    if new:
        nvmc = nordic.Nvmc(bus, cache=there.flash_cache)
        found += [nvmc, nordic.Information(bus, board)]
        found.append(nordic.UserInformation(bus, nvmc, outside.uicr))
    if board.microphone is not None:
        kind = _MICROPHONES[board.microphone.driver]
        found.append(kind(bus, board, board.microphone, clock, gpio, outside.sound))
    return found
