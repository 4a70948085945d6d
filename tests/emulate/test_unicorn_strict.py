# SPDX-License-Identifier: Apache-2.0
"""Unicorn as strict as the chip: what is refused, and how long things take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulate.machines import LOOP, asm, crash, everything, machine

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")


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
    assert 40 * 640 <= running.bus.now() <= 40 * 640 + 500
    assert running.counts().instructions < 500  # the core need not be followed while it polls


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
