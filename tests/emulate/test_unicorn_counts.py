# SPDX-License-Identifier: Apache-2.0
"""Unicorn counts instructions exactly, and the cycle counter with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.host.errors import GhostError
from tests.conftest import need
from tests.emulate.images import board_of, build
from tests.emulate.machines import LOOP, asm, everything, machine

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")


def test_counts_are_exact(tmp_path: Path) -> None:
    body = LOOP + "int main(void) { work(1000); work(10); work(1); return 0; }"
    running = machine(tmp_path, body, watch=("work", "main"))
    assert everything(running) == ""
    counts = running.counts()
    assert counts.functions["work"] == (3, 3 * 1011 + 3, 4, 3001)
    calls, total, *_ = counts.functions["main"]
    # main: push, three times mov and bl, mov, pop; reset: bl, wfi.
    assert calls == 1 and 3 * 1011 + 3 + 8 <= total <= 3 * 1011 + 3 + 10
    assert total < counts.instructions < total + 4
    assert counts.instructions == sum(b.executions * b.instructions for b in counts.blocks.values())


def test_conditional_instructions_count_whether_they_run_or_not(tmp_path: Path) -> None:
    body = asm("movs r0, #0", "cmp r0, #1", "ite eq", "moveq r1, #1", "movne r1, #2", "1: wfi",
               "b 1b")  # fmt: skip
    running = machine(tmp_path, body)
    everything(running)
    assert running.counts().instructions == 1 + 6  # reset: bl


def test_the_cycle_counter_counts_instructions(tmp_path: Path) -> None:
    body = (
        LOOP
        + """
    int main(void) {
        console();
        REG(0xE000EDFC) |= 1 << 24;
        REG(0xE0001004) = 0;
        REG(0xE0001000) |= 1;
        uint32_t before = REG(0xE0001004);
        work(500);
        uint32_t after = REG(0xE0001004);
        send_number(after - before);
        return 0;
    }"""
    )
    running = machine(tmp_path, body, watch=("work",))
    work = running
    text = everything(work)
    inside = work.counts().functions["work"].total
    assert inside == 1501
    assert int(text) in (inside + 2, inside + 3)  # mov, bl, and the load itself; maybe a nop


def test_counts_agree_with_qemu(tmp_path: Path) -> None:
    need("qemu-system-arm", "qemu-system-arm")
    body = (
        LOOP
        + """
    int main(void) {
        console();
        REG(0xE000E014) = 0xFFFFFF;
        REG(0xE000E018) = 0;
        REG(0xE000E010) = 5;
        for (uint32_t n = 1; n < 200000; n *= 7) {
            uint32_t before = REG(0xE000E018);
            work(n);
            send_number(before - REG(0xE000E018));
        }
        send("end\\n");
        return 0;
    }"""
    )
    for name in ("mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505"):
        board = board_of(name)
        elf = build(tmp_path, board, body)
        texts = []
        for engine in ("unicorn", "qemu"):
            running = emulate.start(board, elf, engine)
            text = b""
            while b"end" not in text:
                data = running.read(10.0)
                assert data, text
                text += data
            running.close()
            texts.append([int(word) for word in text.split()[:-1]])
        assert board.emulators.qemu is not None
        ratio = board.emulators.qemu.counter_ratio
        for exact, ticks in zip(*texts, strict=True):
            assert abs(exact - ticks * ratio) <= 2, (name, texts)


def test_watching_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="no function 'worc'. Did you mean 'work'"):
        machine(tmp_path, LOOP + "int main(void) { work(1); return 0; }", watch=("worc",))
