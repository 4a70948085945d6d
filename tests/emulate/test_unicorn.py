# SPDX-License-Identifier: Apache-2.0
"""Unicorn as a microcontroller: exact counts, interrupts, and as strict as the chip."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.emulate import MachineFault
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.link.link import Link
from tests.conftest import need
from tests.emulate.images import board_of, build

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

LOOP = """
__attribute__((naked, noinline)) void work(uint32_t n) {
    __asm volatile("1: subs r0, #1\\n nop\\n bne 1b\\n bx lr");
}
"""


def machine(
    folder: Path, body: str, *flags: str, board: str = "nrf52840", watch: tuple[str, ...] = ()
) -> UnicornMachine:
    target = board_of(board)
    found = emulate.start(target, build(folder, target, body, *flags), "unicorn", watch=watch)
    assert isinstance(found, UnicornMachine)
    return found


def everything(running: emulate.Machine, timeout: float = 0.2) -> str:
    text = b""
    while data := running.read(timeout):
        text += data
    return text.decode()


def crash(folder: Path, body: str, *flags: str, board: str = "nrf52840") -> MachineFault:
    running = machine(folder, body, *flags, board=board)
    with pytest.raises(MachineFault) as caught:
        everything(running)
    return caught.value


def asm(*lines: str) -> str:
    """Return a main() of assembly."""
    text = "\\n".join(lines)
    return f'__attribute__((naked)) int main(void) {{ __asm volatile("{text}"); }}'


# Counts


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


# Interrupts and sleep


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


def test_a_board_that_counts_for_ever_is_not_in_a_loop(tmp_path: Path) -> None:
    body = "int main(void) { for (volatile uint32_t i = 0;; i++) {} }"
    running = machine(tmp_path, body)
    assert running.read(0.05) == b""
    assert running.counts().instructions >= 0.05 * 64_000_000
    assert "running at main" in running.status()


# As strict as the chip


@pytest.mark.parametrize(
    "instruction",
    ["ldrd r0, r2, [r1]", "strd r0, r2, [r1, #8]", "ldm r1, {r2, r3}", "stmia r1!, {r2, r3}",
     "ldmdb.w r1, {r8, r9}", "ldrex r0, [r1]"],
)  # fmt: skip
def test_unaligned_words(tmp_path: Path, instruction: str) -> None:
    ok = asm("ldr r1, =0x20000104", instruction, "1: wfi", "b 1b", ".pool")
    assert everything(machine(tmp_path, ok)) == ""
    fault = crash(tmp_path, ok.replace("0x20000104", "0x20000102"))
    assert "unaligned" in fault.reason
    assert fault.address == 0x20000102
    assert fault.symbol == "main+0x2"


def test_unaligned_single_accesses_pass_on_the_m4_but_not_on_the_m0(tmp_path: Path) -> None:
    body = asm("ldr r1, =0x20000101", "ldr r0, [r1]", "1: wfi", "b 1b", ".pool")
    assert everything(machine(tmp_path, body)) == ""
    fault = crash(tmp_path, body, board="microbit")
    assert "unaligned" in fault.reason and fault.symbol == "main+0x2"


@pytest.mark.parametrize("code", ["0xF2412134", "0xB100", "0xBF08", "0xFB90F0F0"])
def test_the_m0_refuses_thumb_2(tmp_path: Path, code: str) -> None:
    """MOVW, CBZ, IT, SDIV."""
    size = ".inst.w" if len(code) > 6 else ".inst.n"
    body = asm("nop", f"{size} {code}", "movs r0, #0", "1: wfi", "b 1b")
    assert everything(machine(tmp_path, body)) == ""
    fault = crash(tmp_path, body, board="microbit")
    assert fault.symbol == "main+0x2" and "instruction" in fault.reason


@pytest.mark.parametrize("code", ["0xFB200000", "0xFA2FF081", "0xFB500000", "0xFA80F040"])
def test_the_m3_has_no_dsp_instructions(tmp_path: Path, code: str) -> None:
    """SMLAD, SXTB16, SMMLA, UADD8."""
    body = asm("nop", f".inst.w {code}", "1: wfi", "b 1b")
    assert everything(machine(tmp_path, body, board="mps2-an386")) == ""
    fault = crash(tmp_path, body, board="mps2-an385")
    assert "cortex-m3 does not have" in fault.reason


def test_the_m3_has_its_own_instructions(tmp_path: Path) -> None:
    plain = ["mul r0, r1, r2", "mla r0, r1, r2, r3", "mls r0, r1, r2, r3", "smull r0, r1, r2, r3",
             "umlal r0, r1, r2, r3", "sdiv r0, r0, r1", "sxtb.w r8, r1", "uxth.w r8, r1, ror #8",
             "clz r0, r1", "rev.w r8, r1", "rbit r0, r1", "lsl.w r8, r1, r2",
             "smlal r0, r1, r2, r3", "ssat r0, #8, r1", "bfi r0, r1, #2, #3",
             "umull r0, r1, r2, r3"]  # fmt: skip
    body = asm("movs r1, #3", *plain, "1: wfi", "b 1b")
    assert everything(machine(tmp_path, body, board="mps2-an385")) == ""


def test_the_fpu_must_be_switched_on(tmp_path: Path) -> None:
    flags = ("-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16")
    add = ["vmov s0, r0", "vadd.f32 s0, s0, s0", "1: wfi", "b 1b", ".pool"]
    switch = ["ldr r1, =0xE000ED88", "ldr r0, [r1]", "orr r0, #0xF00000", "str r0, [r1]", "dsb",
              "isb"]  # fmt: skip
    assert everything(machine(tmp_path, asm(*switch, *add), *flags)) == ""
    fault = crash(tmp_path, asm(*add), *flags)
    assert "floating-point" in fault.reason and fault.symbol == "main+0x0"


def test_division_by_zero_faults_where_ccr_says_so(tmp_path: Path) -> None:
    divide = ["movs r2, #0", "sdiv r0, r0, r2", "1: wfi", "b 1b", ".pool"]
    trap = ["ldr r1, =0xE000ED14", "ldr r0, [r1]", "orr r0, #16", "str r0, [r1]", "dsb"]
    assert everything(machine(tmp_path, asm(*divide))) == ""
    assert "division by zero" in crash(tmp_path, asm(*trap, *divide)).reason


@pytest.mark.parametrize(
    ("statement", "reason", "address"),
    [
        ("REG(0x100) = 1", "write to flash", 0x100),
        ("(void)REG(0x30000000)", "read from an address where nothing is", 0x30000000),
        ("REG(0x20040000) = 1", "write to an address where nothing is", 0x20040000),
        ("(void)REG(0x40002600)", "read from a register that is not there", 0x40002600),
        ("REG(0xE000E018 + 8) = 1", "write to a register that is not there", 0xE000E020),
        ("*(volatile uint8_t *)0x40002500 = 8", "32 bits was accessed with 8", 0x40002500),
        ("REG(0x10001208) = 0", "NVMC.CONFIG does not allow", 0x10001208),
        ("REG(0xE000ED08) = 0x10010", "not aligned", 0xE000ED08),
    ],
)
def test_accesses_that_the_chip_refuses(
    tmp_path: Path, statement: str, reason: str, address: int
) -> None:
    fault = crash(tmp_path, f"int main(void) {{ {statement}; return 0; }}")
    assert reason in fault.reason
    assert fault.address == address
    assert fault.symbol.startswith("main+")


@pytest.mark.parametrize(
    ("target", "reason"),
    [("0x20000101", "no code"), ("0x30000001", "no code"), ("0x100", "instruction")],
)
def test_execution_outside_flash_or_thumb(tmp_path: Path, target: str, reason: str) -> None:
    fault = crash(tmp_path, asm(f"ldr r0, ={target}", "bx r0", ".pool"))
    assert reason in fault.reason


DMA = """
int main(void) {{
    console();
    buffer[0] = 'x';
    UARTE(0x544) = {pointer};
    UARTE(0x548) = {size};
    UARTE(0x008) = 1;
    {after};
    while (UARTE(0x120) == 0) {{
    }}
    return 0;
}}"""


@pytest.mark.parametrize(
    ("pointer", "size", "after", "reason"),
    [
        ("0x100", "4", "", "EasyDMA reaches RAM only, not 0x00000100"),
        ("0x2003FFFF", "2", "", "EasyDMA reaches RAM only"),
        ("(uint32_t)buffer", "65536", "", "MAXCNT has 16 bits"),
        ("(uint32_t)buffer", "20", "buffer[19] ^= 1", "buffer changed"),
        ("(uint32_t)buffer", "20", "UARTE(0x008) = 1", "while a transfer is running"),
        ("(uint32_t)buffer", "20", "UARTE(0x50C) = 7", "while it is disabled"),
        ("(uint32_t)buffer", "20", "UARTE(0x500) = 4", "ENABLE takes 0 or 8"),
    ],
)
def test_what_easydma_does_not_take(
    tmp_path: Path, pointer: str, size: str, after: str, reason: str
) -> None:
    fault = crash(tmp_path, DMA.format(pointer=pointer, size=size, after=after))
    assert reason in fault.reason


def test_sending_takes_its_time(tmp_path: Path) -> None:
    body = """
    int main(void) {
        console();
        send("0123456789012345678901234567890123456789");
        return 0;
    }"""
    running = machine(tmp_path, body)
    assert len(everything(running)) == 40
    # 10 bits of 64 clocks each at 1 Mbaud.
    assert 40 * 640 <= running.counts().instructions <= 40 * 640 + 500


def test_the_microbit_uart_and_timer(tmp_path: Path) -> None:
    body = (
        LOOP
        + """
    #define UART(offset) REG(0x40002000 + (offset))
    static void put(uint32_t c) { UART(0x11C) = 0; UART(0x51C) = c; while (UART(0x11C) == 0) {} }
    int main(void) {
        UART(0x50C) = 24; UART(0x514) = 25; UART(0x524) = 0x01D7E000; UART(0x500) = 4;
        UART(0x008) = 1;
        REG(0x40008508) = 3; REG(0x40008510) = 0; REG(0x4000800C) = 1; REG(0x40008000) = 1;
        REG(0x40008040) = 1;
        work(100);
        REG(0x40008044) = 1;
        uint32_t taken = REG(0x40008544) - REG(0x40008540);
        put(taken >= 301 + 3 && taken < 301 + 12 ? 'y' : 'n');
        put(10);
        return 0;
    }"""
    )
    assert everything(machine(tmp_path, body, board="microbit")) == "y\n"


# Reports


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
