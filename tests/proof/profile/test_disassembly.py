# SPDX-License-Identifier: Apache-2.0
"""Symbols, source lines and instructions of linked images."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof.profile import debug_info, disassembly
from mcu_ghost.proof.profile.debug_info import Code
from mcu_ghost.proof.profile.disassembly import Instruction
from tests.conftest import need
from tests.emulate.images import board_of
from tests.emulate.images import build as build_image

pytest.importorskip("capstone", reason="pip install 'mcu-ghost[emulate]'")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("ldr ldrb ldrsh ldrd ldm pop ldrne vldr vldm vpop vldrb.u8 vldrwt.u32 vld20.8", "load"),
        ("str strb strd stm push streq vstr vstm vpush vstrh.16 vst43.32", "store"),
        ("mul muls mla mls smull umull smlal umaal smulbb smlabb smlad smlsdx smuad smmulr smmla"
         " muleq vmul.f32 vmla.f32 vfma.f32 vfnms.f32 vmul.i16 vmlava.s8 vmladavax.s16 vmlas.i16"
         " vmlaldava.s16 vqdmulh.s16 vqrdmulh.s32 vqdmlah.s8 vrmulh.s32 vrmlaldavha.s32 vmullb.s8"
         " vmulh.u16 vqdmullt.s16 vcmul.f16", "multiply"),
        ("b bne beq ble bls blt bl blne bx blx bxne cbz cbnz tbb tbh le letp wls wlstp.8",
         "branch"),
        ("add bic bfi bfc bkpt mov movt mvn sxtb16 ssat uxtab lsl rsb ite nop it cmp sdiv dlstp.8"
         " vmov vmax.s8 vmin.s8 vmvn vmrs vctp.8 vpst vaddv.s32 vadd.i32 vshr.s32 cinc csel clz"
         " asrl sqrshr", "other"),
    ],
)  # fmt: skip
def test_kinds(names: str, kind: str) -> None:
    for name in names.split():
        assert Instruction(0, 4, name, "").kind == kind, name


def test_mve_and_dsp_are_known() -> None:
    words = [0xFB21, 0x3002, 0xFA2F, 0xF081, 0xF001, 0xE001, 0xECB0, 0x1E10, 0xEEF0, 0x0F22,
             0xFE71, 0x0F4D, 0xF01F, 0xC00B, 0xEE21, 0x1E03, 0x4770]  # fmt: skip
    data = b"".join(word.to_bytes(2, "little") for word in words)
    found = disassembly.disassemble((Code(0x100, data),))
    assert [i.mnemonic for i in found.values()] == [
        "smlad", "sxtb16", "dlstp.8", "vldrb.u8", "vmlava.s8", "vpst", "letp", "vrmulh.s32", "bx"
    ]  # fmt: skip
    assert list(found) == [0x100 + at for at in (0, 4, 8, 12, 16, 20, 24, 28, 32)]


def test_what_is_no_instruction_stays_in_step() -> None:
    code = bytes.fromhex("ffffffff7047")
    first, second = disassembly.disassemble((Code(0, code),)).values()
    assert (first.text, first.size, first.kind) == (".inst ffff ffff", 4, "other")
    assert second.text == "bx lr"


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nrf52840", "microbit", "mps3-an547"])
def test_whole_images(name: str, kind: str, tmp_path: Path) -> None:
    """Every instruction of an image is known, has a line, and is of the kind that binutils say."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    model = random_model(1, units=8, ratio=2, inputs=3)
    built = build.build(model, boards.load(name), "stream", tmp_path / "b", kind)
    info = debug_info.read(built.elf)
    code = disassembly.disassemble(info.code)
    assert not [i for i in code.values() if i.mnemonic == ".inst"]
    functions = {f.name: f for f in info.functions}
    assert {"random_step", "ghost_gru_step_s8", "ghost_reset"} <= set(functions)
    assert not [name for name in functions if name.startswith("$")]
    kernel = functions["ghost_gru_step_s8"]
    assert re.fullmatch(r"kernels/\w+/ghost_gru_step_s8\.[cS]:\d+", info.line(kernel.start))
    assert info.function(kernel.start - 1) != kernel and info.function(kernel.end) != kernel
    if kind == "gcc":  # objdump does not know that a zig image is for an M55
        # Left alone it takes vectors for coprocessor instructions.
        flags = ["-m", "armv8.1-m.main"] if name == "mps3-an547" else []
        assert _objdump_differs(built.elf, code, flags) == []


def _objdump_differs(elf: Path, code: dict[int, Instruction], flags: list[str]) -> list[str]:
    command = [need("arm-none-eabi-objdump", "binutils-arm-none-eabi"), *flags, "-d", str(elf)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    differ, seen = [], 0
    for address, encoding, name, operands in re.findall(
        r"^ *([0-9a-f]+):\t([0-9a-f ]+)\t(\S+)[ \t]*(.*)$", text, re.M
    ):
        mine = code.get(int(address, 16))
        if mine is None or name.startswith("."):
            continue
        seen += 1
        plain = name.removesuffix(".w").removesuffix(".n")
        other = Instruction(mine.address, len(encoding.replace(" ", "")) // 2, plain, operands)
        if (other.size, other.kind) != (mine.size, mine.kind):
            differ.append(f"{mine.text} / {other.text}")
    assert seen > 0.98 * len(code)  # it does not know all of Armv8.1-M
    return differ


@pytest.mark.toolchain
def test_assembly_without_types_or_lines_has_names(tmp_path: Path) -> None:
    """A label is a function where nothing else is; literals and mapping symbols are none."""
    body = """
    __asm(".thumb_func\\n.global bare\\nbare: ldr r0, =0x12345678\\n bx lr\\n .ltorg\\n"
          ".type typed, %function\\ntyped: movs r0, #1\\n bx lr\\n .size typed, . - typed");
    int main(void) { return 0; }"""
    info = debug_info.read(build_image(tmp_path, board_of("nrf52840"), body, "-g0"))
    functions = {f.name: f for f in info.functions}
    assert {"bare", "typed", "main"} <= set(functions)
    bare = functions["bare"]
    code = disassembly.disassemble(info.code)
    mine = [i.text for at, i in code.items() if bare.start <= at < bare.end]
    assert len(mine) == 2 and mine[1] == "bx lr"  # and not the literal
    assert functions["typed"].end - functions["typed"].start == 4


def test_no_image(tmp_path: Path) -> None:
    wrong = tmp_path / "x.elf"
    wrong.write_bytes(b"no ELF")
    with pytest.raises(GhostError, match="not a linked image"):
        debug_info.read(wrong)
