# SPDX-License-Identifier: Apache-2.0
"""What a board's file may not say of an STM32: one message each."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards import pin_number
from mcu_ghost.host.errors import GhostError

FOLDER = Path(boards.__file__).parent
F4 = "stm32f4discovery"
F411, L476, G474, F103 = "blackpill-f411", "nucleo-l476rg", "nucleo-g474re", "bluepill-f103"


def test_pins_are_numbered_as_their_makers_do() -> None:
    assert [pin_number(pin) for pin in ("P0.06", "P1.02", "PA0", "PD8", "PI1")] == [
        6, 34, 0, 56, 129,
    ]  # fmt: skip
    assert pin_number("PD8", "nrf") is None and pin_number("P0.06", "stm32") is None
    for name in ("PA16", "PL1", "PA02", "PA", "D8", "PD8 ", "pd8", "P0", "P٠.٠٦", ""):
        assert pin_number(name) is None


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (F4, '"PA2"', '"PA16"', "console.tx_pin must look like \"PD8\", not 'PA"),
        (F4, '"PA2"', '"P0.02"', 'console.tx_pin must look like "PD8"'),
        (F4, '"PA2"', '"PA3"', "console.rx_pin is PA3, which is console.tx_pin too"),
        (F4, '"PD13"', '"PA2"', "led.pin is PA2, which is console.tx_pin too."),
        (F4, '"PD13"', '"P0.13"', 'led.pin must look like "PD8"'),
        (F4, "function = 7", "function = 16", "alternate_function must be 0 to 15"),
        (F4, "alternate_function = 7\n", "", "is missing, which an STM32 needs."),
        (F4, "clock_hz = 168_", "clock_hz = 180_",
         "cpu.clock_hz is 180000000, more than 168 MHz, the highest clock of the STM32F405"),
        (F4, "clock_hz = 168_000", "clock_hz = 167_300", "does not make; 167000000 is the next"),
        (F4, "wait_states = 5", "wait_states = 4", "flash.wait_states must be 5, which the STM"),
        (F4, "size = 0x0002_0000", "size = 0x0003_0000", "has 0x20000 bytes at 0x20000000 and"),
        (F4, "size = 0x0010_0000", "size = 0x0020_0000", "ends at 0x8200000, but stm32f407vgtx"),
        (F4, "stm32f407vgtx", "stm32f499vgtx", "is 'stm32f499vgtx', which names no stm32f4"),
        (F411, "clock_hz = 100_000_000   # the F411", "clock_hz = 168_000_000   #",
         "more than 100 MHz, the highest clock of the STM32F411 (RM0383, DS10314; stm32f411xe.h"),
        (F411, "wait_states = 3", "wait_states = 5", "flash.wait_states must be 3"),
        (L476, "clock_hz = 80_", "clock_hz = 120_", "highest clock of the STM32L475/476/486 (RM"),
        (L476, "clock_hz = 80_", "clock_hz = 79_",
         "not make; 78000000 is the next below: its oscillator has 64 to 344 MHz (RM0351"),
        (G474, "clock_hz = 170_", "clock_hz = 171_", "more than 170 MHz, the highest clock of"),
        (F103, "clock_hz = 72_", "clock_hz = 80_", "more than 72 MHz, the highest clock of the"),
        (F103, "size = 0x5000", "size = 0x8000", "ends at 0x20008000, but stm32f103c8 has 0x5000"),
        (F103, '"PA10"', '"PA10"\nalternate_function = 7', "is not what pins of an stm32f1 have."),
        (F103, "hse_hz = 8_000_000",
         'hse_hz = 8_000_000\n[watchdog]\ndriver = "stm32_iwdg"\ntimeout_ms = 500',
         "watchdog.timeout_ms must be 700 to 26000, not 500."),
        (F103, 'core = "cortex-m3"', 'core = "cortex-m4"', "the STM32F103, up to 128 KB is a cor"),
        (F4, "hz = 42_", "hz = 84_", "console.clock_hz must be 42000000, which is"),
        (F4, "0x4000_4400", "0x4000_4480", "must be a serial port on APB1 or APB2."),
        (F4, "0x4000_4400", "0x4001_1000", "console.clock_hz must be 84000000"),
        (F4, "hse_hz = 8_000_000", "", "startup.hse_hz must be whole megahertz"),
        (F4, "hse_hz = 8_000", "hse_hz = 8_500", "must be whole megahertz"),
        (F4, '"stm32f4"', '"mps2"', "'stm32_usart', which no mps2 has."),
        (F4, '"stm32_usart"', '"cmsdk_uart"', "console.tx_pin is 'PA2', but cmsdk"),
        ("nucleo-h753zi", "count = 166", "count = 166\nhse_hz = 8_000_000", "not what an stm32h7"),
        ("nrf52840", '"P0.06"', '"PA2"', "console.tx_pin must look like \"P0.06\", not 'PA2'."),
        ("nrf52840", '"P0.08"', '"P0.08"\nalternate_function = 7', "is for an STM32 only."),
        ("nrf52840", "count = 64", "count = 64\nhse_hz = 8", "startup.hse_hz is for an STM32"),
        ("mps2-an386", "count = 48", 'count = 48\n[led]\npin = "PA1"', "led.pin has no driver"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_message(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    good = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert old in good
    path = tmp_path / "mine.toml"
    path.write_text(good.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GhostError) as caught:
        boards.load_file(path)
    assert message in str(caught.value)
