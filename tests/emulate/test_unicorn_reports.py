# SPDX-License-Identifier: Apache-2.0
"""What is said of a crash, a reset, and an image or an engine that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.emulate import MachineFault
from mcu_ghost.host.errors import GhostError
from tests.emulate.images import board_of, build
from tests.emulate.machines import crash, everything, machine

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")


def test_a_fault_says_where_and_what_the_board_printed(tmp_path: Path) -> None:
    body = """
    void hard_fault(void) {
        send_number(REG(0xE000ED28));
        send_number(REG(0xE000ED38));
        send_number(REG(0xE000ED04) & 0x1FF);
        __asm volatile("cpsid i\\n1: wfi\\n b 1b");
    }
    __attribute__((noinline)) void guilty(void) { REG(0x60000000) = 1; }
    int main(void) {
        console();
        send("before\\n");
        guilty();
        return 0;
    }"""
    running = machine(tmp_path, body)
    assert running.read(1.0) == b"before\n"
    with pytest.raises(MachineFault) as caught:
        running.read(1.0)
    fault = caught.value
    assert fault.symbol.startswith("guilty+") and fault.address == 0x60000000
    assert fault.printed.split() == [str(1 << 9 | 1 << 15), str(0x60000000), "3"]
    assert "The image crashed: a write to an address where nothing is; pc=0x" in str(fault)
    assert "The board printed: 33280" in str(fault)
    with pytest.raises(MachineFault):
        running.write(b"x")


def test_a_stack_that_overflows_reaches_the_fault_handler(tmp_path: Path) -> None:
    body = """
    __attribute__((naked)) void hard_fault(void) {
        __asm volatile("ldr r0, =stack_top\\n mov sp, r0\\n bl report\\n .pool");
    }
    void report(void) { send("overflow\\n"); __asm volatile("cpsid i\\n1: wfi\\n b 1b"); }
    __attribute__((naked)) void deep(void) {
        __asm volatile("push {r0-r7, lr}\\n bl deep");
    }
    int main(void) { console(); deep(); return 0; }"""
    fault = crash(tmp_path, body)
    assert fault.symbol.startswith("deep+") and fault.printed == "overflow\n"


def test_a_handler_that_crashes_too(tmp_path: Path) -> None:
    body = """
    void hard_fault(void) { REG(0x60000000) = 1; }
    int main(void) { REG(0x70000000) = 1; return 0; }"""
    fault = crash(tmp_path, body)
    assert fault.address == 0x70000000 and "fault handler crashed too" in fault.printed


def test_a_chip_reset_keeps_uicr_and_ram(tmp_path: Path) -> None:
    body = """
    int main(void) {
        console();
        if (REG(0x10001208) == 0xFFFFFFFF) {
            REG(0x4001E504) = 1;
            REG(0x10001208) = 0xFFFFFF5A;
            REG(0x4001E504) = 0;
            REG(0x20002000) = 1234;
            send("once\\n");
            REG(0xE000ED0C) = 0x05FA0004;
            for (;;) {
            }
        }
        send_number(REG(0x10001208) & 0xFF);
        send_number(REG(0x20002000));
        return 0;
    }"""
    assert everything(machine(tmp_path, body)) == "once\n90\n1234\n"


def test_an_image_for_another_board(tmp_path: Path) -> None:
    elf = build(tmp_path, board_of("mps2-an505"), "int main(void) { return 0; }")
    with pytest.raises(GhostError, match="nothing in it is for the flash of nrf52840"):
        emulate.start(board_of("nrf52840"), elf, "unicorn")


def test_unknown_engines() -> None:
    board = board_of("nrf52840")
    with pytest.raises(GhostError, match="does not run on 'unicron'.*Did you mean 'unicorn'"):
        emulate.start(board, Path("x.elf"), "unicron")
    with pytest.raises(GhostError, match="does not run on 'qemu', but on unicorn, renode"):
        emulate.choose(board, "qemu")
    assert emulate.choose(board) == "unicorn"
