# SPDX-License-Identifier: Apache-2.0
"""Traces: each instruction of a watched function is somebody's, on Unicorn and on QEMU alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.emulate import Counts, RunCount
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.profile import debug_info
from tests.conftest import need
from tests.emulate.images import board_of, build

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

CALLS = """
__attribute__((naked, noinline)) void leaf(uint32_t n) {
    __asm volatile("1: subs r0, #1\\n bne 1b\\n bx lr");
}
__attribute__((naked, noinline)) void tail(void) {
    __asm volatile("movs r0, #4\\n b leaf");
}
__attribute__((naked, noinline)) void work(void) {
    __asm volatile("push {r4, lr}\\n movs r0, #2\\n bl leaf\\n movs r0, #3\\n bl leaf\\n"
                   "pop {r4}\\n pop {r0}\\n mov lr, r0\\n b tail");
}
"""
MAIN = """
int main(void) {
    console();
    for (volatile uint32_t i = 0; i < 2; i++) { leaf(9); work(); }
    send("end\\n");
    return 0;
}"""
ENGINES = [("nrf52840", "unicorn"), ("mps2-an386", "unicorn"), ("mps2-an386", "qemu"),
           ("mps2-an385", "unicorn"), ("mps3-an547", "qemu")]  # fmt: skip


def trace(board: Board, elf: Path, engine: str, watch: str = "work") -> tuple[Counts, list[str]]:
    """Run an image to its end; return what was counted, and the names along each path."""
    if engine == "qemu":
        need("qemu-system-arm", "qemu-system-arm")
    info = debug_info.read(elf)
    entries = [function.start for function in info.functions]
    running = emulate.start(board, elf, engine, watch=(watch,), trace=entries)
    text = b""
    while b"end" not in text:
        data = running.read(20.0)
        assert data, text
        text += data
    counts = running.counts()
    running.close()
    assert counts is not None
    names = []
    for spent in counts.spent:
        functions = [info.function(call.entry) for call in spent.path]
        names.append(" ".join(f.name for f in functions if f is not None))
    return counts, names


def total(runs: dict[tuple[int, int], RunCount]) -> int:
    return sum(run.executions * length for (_, length), run in runs.items())


@pytest.mark.parametrize(("name", "engine"), ENGINES)
def test_every_instruction_is_somebodys(name: str, engine: str, tmp_path: Path) -> None:
    board = board_of(name)
    counts, names = trace(board, build(tmp_path, board, CALLS + MAIN), engine)
    # work: 9 of its own, then leaf(2) and leaf(3), and in place of a return tail and leaf(4).
    assert counts.functions["work"] == (2, 2 * (9 + 5 + 7 + 2 + 9), 32, 32)
    assert names == ["work", "work leaf", "work leaf", "work tail", "work tail leaf"]
    assert [total(s.runs) for s in counts.spent] == [2 * n for n in (9, 5, 7, 2, 9)]
    # Taken: two calls and the branch; a loop's each time but the last, and the return.
    taken = [sum(run.taken for run in s.runs.values()) for s in counts.spent]
    assert taken == [2 * n for n in (3, 2, 3, 1, 4)]
    assert counts.before["work"] < counts.instructions - 64


@pytest.mark.parametrize("engine", ["unicorn", "qemu"])
def test_handlers_are_nobodys(engine: str, tmp_path: Path) -> None:
    body = (
        CALLS
        + """
    static volatile uint32_t ticks;
    void systick(void) { ticks++; leaf(3); }
    __attribute__((naked, noinline)) void long_one(void) {
        __asm volatile("push {lr}\\n ldr r0, =20000\\n bl leaf\\n pop {pc}");
    }
    int main(void) {
        console();
        REG(0xE000E014) = 999;
        REG(0xE000E018) = 0;
        REG(0xE000E010) = 7;
        long_one();
        REG(0xE000E010) = 0;
        send(ticks > 3 ? "end\\n" : "no interrupts\\n");
        return 0;
    }"""
    )
    board = board_of("mps2-an386")
    counts, names = trace(board, build(tmp_path, board, body), engine, watch="long_one")
    assert counts.functions["long_one"] == (1, 4 + 40001, 4 + 40001, 4 + 40001)
    assert names == ["long_one", "long_one leaf"]
    assert [total(s.runs) for s in counts.spent] == [4, 40001]
    assert sum(run.taken for run in counts.spent[1].runs.values()) == 20000


def test_words_loaded_from_flash_are_counted(tmp_path: Path) -> None:
    body = """
    static const uint32_t table[4] = {1, 2, 3, 4};
    static uint32_t copy[4];
    __attribute__((naked, noinline)) void work(const uint32_t *from, uint32_t *to) {
        __asm volatile("ldm r0, {r2, r3}\\n ldrb r2, [r0, #5]\\n ldrd r2, r3, [r0]\\n"
                       "ldr r2, [r1]\\n str r2, [r1]\\n bx lr");
    }
    int main(void) { console(); work(table, copy); send("end\\n"); return 0; }"""
    board = board_of("nrf52840")
    counts, _ = trace(board, build(tmp_path, board, body), "unicorn")
    assert [s.flash_words for s in counts.spent] == [2 + 1 + 2]


def test_without_a_trace_nothing_is_kept(tmp_path: Path) -> None:
    board = board_of("nrf52840")
    running = emulate.start(board, build(tmp_path, board, CALLS + MAIN), "unicorn", watch=("work",))
    assert running.read(0.1) == b"end\n"
    counts = running.counts()
    assert counts is not None and counts.functions["work"].calls == 2 and not counts.spent


def test_polling_is_no_work_before_the_first_call(tmp_path: Path) -> None:
    """The wait for a UART is a matter of time: the count before is the same at any speed."""
    body = CALLS + 'int main(void) { console(); send("a"); work(); send("end\\n"); return 0; }'
    slow = body.replace('send("a")', 'send("a longer line that takes its time on the wire")')
    board = board_of("nrf52840")
    before = []
    for n, text in enumerate((body, slow)):
        folder = tmp_path / str(n)
        folder.mkdir()
        running = emulate.start(board, build(folder, board, text), "unicorn", watch=("work",))
        assert running.read(0.1).endswith(b"end\n")
        counts = running.counts()
        assert counts is not None and isinstance(running, UnicornMachine)
        before.append(counts.before["work"])
        assert running.bus.now() > before[n] + 500  # it waited
    letters = len("a longer line that takes its time on the wire") - 1
    assert 0 < before[1] - before[0] < 12 * letters


def test_renode_cannot(tmp_path: Path) -> None:
    from mcu_ghost.emulate import renode

    with pytest.raises(GhostError, match="Renode cannot trace calls: take unicorn or qemu."):
        renode.start(board_of("nrf52840"), tmp_path / "x.elf", trace=[0])


@pytest.mark.parametrize("address", ["0", "0xE000E010"], ids=["flash", "register"])
def test_a_conditional_load_is_over_when_its_block_is(address: str, tmp_path: Path) -> None:
    """What a hook of loads leaves behind is no condition of the next block."""
    body = f"""
__attribute__((naked, noinline)) uint32_t three(uint32_t n) {{
    __asm volatile("add r0, r0, #1\\n add r0, r0, #1\\n add r0, r0, #1\\n bx lr");
}}
__attribute__((naked, noinline)) uint32_t work(void) {{
    __asm volatile("push {{r4, lr}}\\n ldr r1, ={address}\\n ldr r3, =three\\n movs r0, #0\\n"
                   "cmp r0, #0\\n it eq\\n ldreq r2, [r1]\\n cmp r0, #1\\n blx r3\\n"
                   "pop {{r4, pc}}\\n .pool");
}}
int main(void) {{
    console();
    send(work() == 3 ? "3 end\\n" : "? end\\n");
    return 0;
}}"""
    board = board_of("nrf52840")
    elf = build(tmp_path, board, body)
    entries = [function.start for function in debug_info.read(elf).functions]
    running = emulate.start(board, elf, "unicorn", watch=("work",), trace=entries)
    assert running.read(1.0).strip() == b"3 end"
    running.close()
