# SPDX-License-Identifier: Apache-2.0
"""Unicorn as a microcontroller: interrupts, sleep, and boards that wait for ever."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from mcu_ghost.emulate import direct
from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.link.link import Link
from tests.emulate.machines import LOOP, everything, machine

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")


def test_systick_interrupts_and_everything_comes_back(tmp_path: Path) -> None:
    body = """
    static volatile uint32_t ticks;
    void systick(void) { ticks++; __asm volatile("movs r0, #0\\n mov r12, r0" ::: "r0", "r12"); }
    int main(void) {
        console();
        ticks = 0;
        uint32_t sum = 0;
        REG(0xE000E014) = 997;
        REG(0xE000E018) = 0;
        REG(0xE000E010) = 7;
        for (uint32_t i = 0; i < 20000; i++) {
            sum += i ^ (sum << 1);
            __asm volatile("" : "+r"(sum));
        }
        REG(0xE000E010) = 0;
        uint32_t taken = ticks;
        uint32_t again = 0;
        for (uint32_t i = 0; i < 20000; i++) {
            again += i ^ (again << 1);
            __asm volatile("" : "+r"(again));
        }
        send(sum == again ? "same " : "different ");
        send_number(taken);
        return 0;
    }"""
    for name in ("mps2-an386", "mps2-an505", "nrf52840"):
        running = machine(tmp_path, body, board=name)
        same, ticks = everything(running).split()
        assert same == "same"
        assert 80 <= int(ticks) <= 140
        running.close()


def test_interrupts_do_not_count_into_functions(tmp_path: Path) -> None:
    body = (
        LOOP
        + """
    void systick(void) { work(3); }
    int main(void) {
        REG(0xE000E014) = 499;
        REG(0xE000E018) = 0;
        REG(0xE000E010) = 7;
        __asm volatile("bl long_one" ::: "r0", "lr", "cc");
        REG(0xE000E010) = 0;
        return 0;
    }
    __attribute__((naked)) void long_one(void) {
        __asm volatile("movs r0, #200\\n lsls r0, #5\\n 1: subs r0, #1\\n bne 1b\\n bx lr");
    }"""
    )
    running = machine(tmp_path, body, board="mps2-an386", watch=("long_one", "work"))
    everything(running)
    functions = running.counts().functions
    assert functions["long_one"] == (1, 2 * 6400 + 3, 2 * 6400 + 3, 2 * 6400 + 3)
    assert functions["work"].calls >= 20


ECHO = """
static uint8_t byte, heard[8];
static volatile uint32_t seen;
void irq2(void) {
    UARTE(0x110) = 0;
    heard[seen++] = byte;
    UARTE(0x000) = 1;
}
int main(void) {
    console();
    seen = 0;
    UARTE(0x534) = (uint32_t)&byte;
    UARTE(0x538) = 1;
    UARTE(0x304) = 1 << 4;
    REG(0xE000E100) = 1 << 2;
    UARTE(0x000) = 1;
    send("ready\\n");
    for (;;) {
        __asm volatile("cpsid i");
        if (seen < 5) __asm volatile("dsb\\n wfi");
        __asm volatile("cpsie i");
        if (seen == 5) {
            char text[6];
            for (int i = 0; i < 5; i++) text[i] = (char)heard[i];
            text[5] = 0;
            seen = 0;
            send(text);
        }
    }
}"""


def test_bytes_wake_the_board_from_its_sleep(tmp_path: Path) -> None:
    running = machine(tmp_path, ECHO)
    assert everything(running) == "ready\n"
    before = running.counts().instructions
    assert running.read(1.0) == b""
    assert running.counts().instructions - before < 20  # it sleeps, it does not spin
    running.write(b"hello")
    assert everything(running) == "hello"
    running.write(b"again")
    assert everything(running) == "again"


def test_a_late_interrupt_overruns_the_fifo(tmp_path: Path) -> None:
    body = """
    static uint8_t byte;
    int main(void) {
        console();
        UARTE(0x534) = (uint32_t)&byte;
        UARTE(0x538) = 1;
        UARTE(0x000) = 1;
        send("ready\\n");
        for (volatile int i = 0; i < 9000; i++) {
        }
        send_number(REG(0x40002480));
        return 0;
    }"""
    running = machine(tmp_path, body)
    assert running.read(1.0) == b"ready\n"
    running.write(b"12345")
    assert everything(running) == "0\n"  # one in RAM, four in the FIFO
    running = machine(tmp_path, body)
    assert running.read(1.0) == b"ready\n"
    running.write(b"123456")
    assert everything(running) == "1\n"


def test_sleeping_for_good_ends_the_run(tmp_path: Path) -> None:
    running = machine(tmp_path, "int main(void) { return 0; }")
    assert running.read(1000.0) == b""
    assert "sleeping at reset" in running.status()
    assert running.counts().instructions < 10


def test_a_hung_image_is_found_and_named(tmp_path: Path) -> None:
    running = machine(tmp_path, "int main(void) { for (;;) {} }")
    with pytest.raises(GhostError, match="does not answer HELLO .*in an endless loop at main"):
        Link(running).hello()
    assert running.counts().instructions < 10_000_000  # it did not take four seconds of its time


def test_a_signal_ends_the_run_wherever_it_comes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Amid a hook too, from where nothing that a handler raises comes through."""
    running = machine(tmp_path, "int main(void) { for (volatile uint32_t i = 0;; i++) {} }")
    uc, blocks = running._uc, list[int]()

    def hook(*_: object) -> None:
        blocks.append(1)
        if len(blocks) == 500:
            signal.raise_signal(signal.SIGUSR1)

    def handler(number: int, frame: object) -> None:
        if not processes.later(signal.Signals(number)):
            raise KeyboardInterrupt

    direct.add_hook(uc, running._unicorn, running._unicorn.UC_HOOK_BLOCK, hook)
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            running.read(0.05)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(blocks) < 600 and capfd.readouterr().err == ""


def test_a_board_that_counts_for_ever_is_not_in_a_loop(tmp_path: Path) -> None:
    body = "int main(void) { for (volatile uint32_t i = 0;; i++) {} }"
    running = machine(tmp_path, body)
    assert running.read(0.05) == b""
    assert running.counts().instructions >= 0.05 * 64_000_000
    assert "running at main" in running.status()
