# SPDX-License-Identifier: Apache-2.0
"""Which peripherals a chip has besides core and console, and what is around it."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate import nordic, nrf5340
from mcu_ghost.emulate.capture import Capture
from mcu_ghost.emulate.nordic_i2s import I2s
from mcu_ghost.emulate.nordic_pdm import Pdm
from mcu_ghost.emulate.peripherals import Bus, Peripheral

_MICROPHONES: dict[str, type[Capture]] = {"nrf_pdm": Pdm, "nrf_i2s": I2s}


def peripherals(bus: Bus, board: Board, outside: nordic.Outside) -> list[Peripheral]:
    """Return the peripherals of a board's family, without its UART."""
    family = board.startup.family
    if family == "nrf5340":
        return nrf5340.peripherals(bus, board, outside)
    if family not in ("nrf52", "nrf51"):
        return []
    clock = nordic.Clock(bus, board)
    gpio = nordic.Gpio(bus, 2 if family == "nrf52" else 1, outside.pins)
    found: list[Peripheral] = [clock, nordic.Timer(bus, board), gpio]
    if family == "nrf52":
        nvmc = nordic.Nvmc(bus)
        found += [
            nvmc,
            nordic.Information(bus, board),
            nordic.UserInformation(bus, nvmc, outside.uicr),
        ]
    if board.microphone is not None:
        kind = _MICROPHONES[board.microphone.driver]
        found.append(kind(bus, board, board.microphone, clock, gpio, outside.sound))
    return found
