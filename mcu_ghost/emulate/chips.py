# SPDX-License-Identifier: Apache-2.0
"""Which peripherals a chip has besides core and console, and what is around it."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate import nordic, stm32f4, stm32h7, stm32l4, stm32u5
from mcu_ghost.emulate.capture import Capture
from mcu_ghost.emulate.nordic_i2s import I2s
from mcu_ghost.emulate.nordic_pdm import Pdm
from mcu_ghost.emulate.peripherals import Bus, Peripheral
from mcu_ghost.emulate.stm32_usart import Stm32Usart
from mcu_ghost.emulate.uart import Serial

_MICROPHONES: dict[str, type[Capture]] = {"nrf_pdm": Pdm, "nrf_i2s": I2s}


_STM32 = {
    "stm32f4": stm32f4.peripherals,
    "stm32f7": stm32f4.peripherals,
    "stm32h7": stm32h7.peripherals,
    "stm32l4": stm32l4.peripherals,
    "stm32u5": stm32u5.peripherals,
}


def peripherals(
    bus: Bus, board: Board, outside: nordic.Outside, console: Serial
) -> list[Peripheral]:
    """Return the peripherals of a board's family besides its UART, which may need some of them."""
    family = board.startup.family
    if isinstance(console, Stm32Usart):
        return _STM32[family](bus, board, console)
    if family not in ("nrf52840", "nrf51"):
        return []
    clock = nordic.Clock(bus, board)
    gpio = nordic.Gpio(bus, 2 if family == "nrf52840" else 1, outside.pins)
    found: list[Peripheral] = [clock, nordic.Timer(bus, board), gpio]
    if family == "nrf52840":
        nvmc = nordic.Nvmc(bus)
        found += [nvmc, nordic.Information(bus), nordic.UserInformation(bus, nvmc, outside.uicr)]
    if board.microphone is not None:
        kind = _MICROPHONES[board.microphone.driver]
        found.append(kind(bus, board, board.microphone, clock, gpio, outside.sound))
    return found
