# SPDX-License-Identifier: Apache-2.0
"""STM32 on Unicorn: each mistake in start-up or driver is caught where it is made, and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.build import toolchain
from mcu_ghost.emulate import MachineFault
from mcu_ghost.emulate.chips import stm32f4
from mcu_ghost.emulate.chips.stm32 import Bit, Gpio, Rcc
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart
from mcu_ghost.host.errors import GhostError
from tests.conftest import need
from tests.firmware.runtime.images import build

F4, F7, H7, L4, U5 = (
    "stm32f4discovery", "stm32f746disco", "nucleo-h753zi", "nucleo-l4r5zi", "nucleo-u575zi"
)  # fmt: skip
F1, F411, G4, L476 = "bluepill-f103", "blackpill-f411", "nucleo-g474re", "nucleo-l476rg"
F1_C, F4_C, F7_C, G4_C, H7_C, U5_C = (
    f"startup/stm32{name}.c" for name in ("f1", "f4", "f7", "g4", "h7", "u5")
)
F4_RCC_H, L4_RCC_H, BOARD_H = "startup/stm32f4_rcc.h", "startup/stm32l4_rcc.h", "board.h"
USART_C, CHIP_H, CACHES_H = "drivers/stm32_usart.c", "drivers/stm32.h", "startup/m7_caches.h"


def wait(register: str, bit: str) -> str:
    """Return the loop that waits for a bit, as the sources write it."""
    return f"  while (({register} & {bit}) == 0u) {{\n  }}\n"


MISTAKES = [
    (F4, BOARD_H, "WAIT_STATES 5", "WAIT_STATES 4", "needs 5 wait states, not 4"),
    (F4, F4_C, "stm32_enable_apb(PWR_BASE);", "", "no clock: bit 28 of APB1ENR is 0"),
    (F4, F4_C, wait("RCC_CR", "PLL_READY"), "", "SYSCLK is switched to PLL, which is not ready"),
    (F4, F4_C, "RCC_CFGR = BUSES", "RCC_CFGR = 0", "takes 42 MHz at most"),
    (F4, BOARD_H, "TIMES 336u", "TIMES 433u", "the PLL multiplies by 50 to 432, not by 433"),
    (F4, BOARD_H, "TIMES 336u", "TIMES 432u",
     "the core gets 216 MHz, but the STM32F405/407/415/417 is for 168 MHz"),
    (F4, BOARD_H, "TIMES 336u", "TIMES 300u", "the core runs at 150 MHz, not at 168"),
    (F4, F4_RCC_H, "0x40023C00u", "0x40023C20u", "a register that is not there"),
    (F4, F4_RCC_H, "0x40023C00u", "0x40024000u", "an address where nothing is"),
    (F411, BOARD_H, "TIMES 200u", "TIMES 336u",
     "the core gets 168 MHz, but the STM32F411 is for 100 MHz"),
    (F411, BOARD_H, "WAIT_STATES 3", "WAIT_STATES 2", "needs 3 wait states, not 2"),
    (F411, BOARD_H, "VOLTAGE 3", "VOLTAGE 2", "100 MHz, but its voltage is for 84 MHz"),
    (F411, BOARD_H, "APB1_DIVIDE 2", "APB1_DIVIDE 1", "the bus at 0x40000000 takes 50 MHz at"),
    (F1, BOARD_H, "WAIT_STATES 2", "WAIT_STATES 1", "needs 2 wait states, not 1"),
    (F1, BOARD_H, "TIMES 9u", "TIMES 10u", "the PLL cannot make 80 MHz of 8 MHz"),
    (F1, F1_C, "RCC_CFGR = CLOCKS | SYSCLK_PLL", "RCC_CFGR = (CLOCKS | SYSCLK_PLL) - (1 << 18)",
     "may only change while it is off"),
    (F1, F1_C, wait("RCC_CR", "HSE_READY"), "", "the PLL runs from HSE, which is not ready"),
    (F1, BOARD_H, "APB1_DIVIDE 2", "APB1_DIVIDE 1", "the bus at 0x40000000 takes 36 MHz at"),
    (F1, CHIP_H, "STM32_DRIVEN = 0xB", "STM32_DRIVEN = 0x3", "0x3 in CRL or CRH, which is no out"),
    (G4, BOARD_H, "BOOST 1", "BOOST 0", "the core gets 170 MHz, but its voltage is for 150 MHz"),
    (G4, BOARD_H, "WAIT_STATES 4", "WAIT_STATES 3", "needs 4 wait states, not 3"),
    (G4, L4_RCC_H, "SYSCLK_BEFORE 1", "SYSCLK_BEFORE 0", "source 0, which the chip does not"),
    (G4, G4_C, "DATA | DEBUGGER", "DATA", "DBG_SWEN is 0: no debugger comes in any more"),
    (L476, BOARD_H, "TIMES 20u", "TIMES 30u",
     "the core gets 120 MHz, but the STM32L475/476/486 is for 80 MHz"),
    (L476, BOARD_H, "TIMES 20u", "TIMES 87u", "the PLL multiplies by 8 to 86, not by 87"),
    (L476, BOARD_H, "BOOST 0", "BOOST 1", "a register that is not there"),
    (F4, F4_C, "RCC_CR |= PLL_ON;", "RCC_CR |= PLL_ON; RCC_PLLCFGR = 0u;", "while it is off"),
    (F4, USART_C, "stm32_enable_apb(BOARD_CONSOLE_BASE);", "", "no clock: bit 17 of APB1ENR is 0"),
    (F4, USART_C, "DIVIDER = CLOCKS_PER_BIT", "DIVIDER = CLOCKS_PER_BIT + 3u", "933333 baud, not"),
    (F4, BOARD_H, "CONSOLE_FUNCTION 7u", "CONSOLE_FUNCTION 8u", "PA2 has AF8, not AF7"),
    (F4, USART_C, "stm32_pin_function(BOARD_CONSOLE_TX_PIN", "if (0) stm32_pin_function(0u",
     "PA2 has no alternate function"),
    (F4, USART_C, "while ((STATUS & TX_EMPTY) == 0u) {", "{", "before TXE: the one before is lost"),
    (F4, CHIP_H, "stm32_enable(&STM32_PORT_CLOCKS, pin >> 4);", "", "bit 0 of AHB1ENR is 0"),
    (F7, F7_C, "  PWR_CR1 |= OVERDRIVEN;\n" + wait("PWR_CSR1", "OVERDRIVEN"), "",
     "the core gets 216 MHz, but its voltage is for 180 MHz"),
    (F7, F7_C, wait("PWR_CSR1", "OVERDRIVE"), "", "over-drive was switched to before it was ready"),
    (F7, CACHES_H, "M7_ICIALLU = 0u;", "", "before ICIALLU emptied it"),
    (F7, CACHES_H, "way < 4u", "way < 3u", "switched on with 32 lines not emptied"),
    (H7, CACHES_H, "set <= last_set", "set < last_set", "switched on with 4 lines not emptied"),
    (H7, H7_C, "PWR_D3CR = VOS1;", "", "the core gets 400 MHz, but its voltage is for 200 MHz"),
    (H7, H7_C, "PWR_CR3 = SUPPLY_LDO;", "PWR_D3CR = VOS1;", "before the supply is chosen"),
    (H7, BOARD_H, "WAIT_STATES 2", "WAIT_STATES 1", "needs 2 wait states, not 1"),
    (H7, H7_C, "RCC_D1CFGR = AHB_DIV2 |", "RCC_D1CFGR =", "wait states"),
    (L4, L4_RCC_H, "PWR_CR5 &= ~(uint32_t)NO_BOOST;", "", "its voltage is for 80 MHz"),
    (L4, L4_RCC_H, "i < BOARD_CPU_HZ / 2000000u", "i < 2u", "must have had half of it for 1 us"),
    (L4, L4_RCC_H, "PWR_CR2 |= VDDIO2_VALID;", "", "PG7 is isolated: IOSV of PWR_CR2 is 0"),
    (L4, USART_C, "256u : 1u", "1u : 1u", "BRR must be 768 or more"),
    (U5, U5_C, "  PWR_VOSR = RANGE_1 | BOOST;\n" + wait("PWR_VOSR", "BOOST_READY"), "",
     "the core gets 160 MHz, but its voltage is for 55 MHz"),
    (U5, U5_C, "PLL1_FROM_HSI |", "0u |", "PLL1 runs from nothing"),
    (U5, U5_C, "(ICACHE_SR & CACHE_BUSY) != 0u", "0", "ICACHE was switched on while it was busy"),
]  # fmt: skip


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder for each board, to be filled by the first test that needs it."""
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    return {name: tmp_path_factory.mktemp(name) for name in dict.fromkeys(c[0] for c in MISTAKES)}


@pytest.fixture
def changed(request: pytest.FixtureRequest, projects: dict[str, Path]) -> Iterator[emulate.Machine]:
    """Boot an image with one place of its sources changed."""
    board, file, old, new = request.param
    folder = projects[board]
    if not (folder / "build").is_dir():
        build(board, "stream", "gcc", folder)
    source = folder / file
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    try:
        elf = toolchain.build(folder, "stream", toolchain.find("gcc"))
        machine = emulate.start(boards.load(board), elf, "unicorn")
        yield machine
        machine.close()
    finally:
        source.write_text(text)


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("changed", "reason"),
    [(case[:4], case[4]) for case in MISTAKES],
    indirect=["changed"],
    ids=[f"{case[0]}: {case[4]}" for case in MISTAKES],
)
def test_each_mistake_is_caught(changed: emulate.Machine, reason: str) -> None:
    with pytest.raises(MachineFault) as caught:
        changed.read(0.1)
    assert reason in caught.value.reason


@pytest.mark.emulator
@pytest.mark.parametrize(
    "changed", [(name, F4_RCC_H, "RCC_CR |= HSE_ON;", "") for name in (F4, F7)], indirect=True
)
def test_without_a_crystal_it_still_speaks(changed: emulate.Machine) -> None:
    heard = b""
    while b"\n" not in heard:
        heard += changed.read(0.1)
    assert heard == b"mcu-ghost 9.9 stream dummy\n"


class Fast(Rcc):
    """All clocks are on and as the board says."""

    def __init__(self, board: boards.Board) -> None:
        self.board = board
        self.clocks = {board.console.base: ("", Bit(0, 0))}

    def validate_clock(self, base: int) -> None:
        pass

    def core(self) -> int:
        return self.board.cpu.clock_hz

    def apb_hertz(self, base: int) -> int:
        return self.board.console.clock_hz

    def source_hertz(self, source: str) -> int:
        raise AssertionError

    pll_hertz = lambda self: 0  # noqa: E731


class Connected(Gpio):
    """All pins have the console's function."""

    def __init__(self, board: boards.Board) -> None:
        pass

    def wrong(self, pin: int, sends: bool, wanted: int | None) -> str | None:
        return None


class Time:
    """A bus that is nothing but a clock."""

    time = 0

    def now(self) -> int:
        return self.time

    def pause(self, clocks: int) -> None:
        self.time += clocks

    def memory(self, address: int, size: int) -> bytes:
        raise AssertionError

    def store(self, address: int, data: bytes) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "control", "status", "data", "enable"),
    [(F1, 0x0C, 0x00, 0x04, 1 << 13), (F4, 0x0C, 0x00, 0x04, 1 << 13), (U5, 0x00, 0x1C, 0x24, 1)],
)
def test_a_byte_that_is_not_fetched_overruns(
    name: str, control: int, status: int, data: int, enable: int
) -> None:
    board = boards.load(name)
    bus = Time()
    uart = Stm32Usart(bus, board)
    uart.connect(Fast(board), Connected(board))
    uart.write(control, enable | 1 << 2 | 1 << 5)
    uart.arrive(b"ab")
    byte = 10 * board.cpu.clock_hz // board.console.baud
    bus.time = byte
    uart.advance()
    assert uart.line() and uart.read(status) == 0xE0
    bus.time = 2 * byte
    uart.advance()
    assert uart.read(status) == 0xE8
    assert uart.read(data) == ord("a")  # the second one is lost
    if name in (F1, F4):
        assert uart.read(status) == 0xC0  # reading both cleared it
    else:
        assert uart.read(status) == 0xC8 and uart.line()
        uart.write(0x20, 1 << 3)
        assert uart.read(status) == 0xC0
    assert not uart.line()


def test_a_console_where_the_chip_has_none() -> None:
    board = boards.load(F4)
    console = dataclasses.replace(board.console, base=0x4000_5400)  # I2C1
    board = dataclasses.replace(board, console=console)
    bus = Time()
    with pytest.raises(GhostError, match="no serial port at 0x40005400"):
        stm32f4.peripherals(bus, board, Stm32Usart(bus, board))
