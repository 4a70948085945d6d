# SPDX-License-Identifier: Apache-2.0
"""Every board compiles with both compilers; on QEMU the apps do what they should."""

from __future__ import annotations

import dataclasses
import os
import shutil
import struct
import subprocess
import sysconfig
from pathlib import Path
from typing import get_args

import pytest

from mcu_ghost import boards
from mcu_ghost.build import folder, toolchain
from mcu_ghost.build.apps import APPS
from tests.conftest import need
from tests.firmware.runtime import wire
from tests.firmware.runtime.images import DUMMY, QEMU_BOARDS, Qemu, build

KINDS = ["gcc", "zig"]
CORES = [(core, False) for core in get_args(boards.Core)]
CORES += [(core, True) for core in get_args(boards.Core) if boards.Cpu(core, False, 1).dsp]
HELLO, RESET, FRAMES, HEAD, STATS, STATE = range(1, 7)


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("board", boards.names())
def test_every_board_compiles(board: str, kind: str, tmp_path: Path) -> None:
    for app in ("selftest", "stream"):
        assert build(board, app, kind, tmp_path / app).is_file()


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("core", "fpu"), CORES)
def test_the_compiler_knows_what_the_core_has(
    core: boards.Core, fpu: bool, kind: str, tmp_path: Path
) -> None:
    cpu = boards.Cpu(core, fpu, 1_000_000)
    board = dataclasses.replace(boards.load("mps2-an386"), cpu=cpu)
    folder.write(folder.context(board, APPS["stream"], ("model.c",), ()), tmp_path)
    shutil.copytree(DUMMY, tmp_path, dirs_exist_ok=True)
    checks = {"__ARM_FEATURE_DSP": cpu.dsp, "__ARM_FEATURE_MVE": cpu.mve, "__ARM_FP": fpu}
    lines = [
        f"#if {'!' * has}defined({macro})\n#error {macro}\n#endif" for macro, has in checks.items()
    ]
    with (tmp_path / "model.c").open("a") as file:
        file.write("\n".join(lines) + "\n")
    assert toolchain.build(tmp_path, "stream", toolchain.find(kind)).is_file()


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", KINDS)
def test_same_bytes_wherever_built(kind: str, tmp_path: Path) -> None:
    first = build("nrf52840", "stream", kind, tmp_path / "a")
    second = build("nrf52840", "stream", kind, tmp_path / "deeper" / "b")
    assert first.read_bytes() == second.read_bytes()
    assert str(tmp_path).encode() not in first.read_bytes()


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", KINDS)
def test_a_project_builds_by_itself(kind: str, tmp_path: Path) -> None:
    ours = build("microbit", "selftest", kind, tmp_path / "with a space")
    folder = tmp_path / "moved"
    shutil.move(ours.parent.parent, folder)
    active = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}
    for words in (
        ["-G", "Ninja", "-B", "other", f"-DGHOST_TOOLCHAIN={kind}"],
        ["--build", "other"],
    ):
        subprocess.run([need("cmake", "cmake"), *words], cwd=folder, env=active, check=True)
    theirs = folder / "other" / "selftest.elf"
    assert theirs.read_bytes() == (folder / "build" / "selftest.elf").read_bytes()
    assert kind == "zig" or theirs.with_suffix(".hex").is_file()


@pytest.mark.toolchain
def test_a_compiler_error_is_shown(tmp_path: Path) -> None:
    build("nrf52840", "selftest", "zig", tmp_path)
    (tmp_path / "model.c").write_text("this is not C")
    with pytest.raises(toolchain.GhostError, match=r"(?s)build failed in the compiler.*model\.c"):
        toolchain.build(tmp_path, "selftest", toolchain.find("zig"))


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("file", "old", "new", "field"),
    [
        ("model.h", "arena[8]", "arena[0x10000]", "sizeof scratch is sent in a field of 16"),
        ("model.h", "last[4]", "last[0x10000]", "is sent in a field of 16"),
        ("app_model.h", "APP_MODEL_INPUTS 1", "APP_MODEL_INPUTS 256", "INPUTS is sent in a field"),
    ],
)
def test_what_hello_has_no_room_for(
    file: str, old: str, new: str, field: str, tmp_path: Path
) -> None:
    build("nrf52840", "stream", "zig", tmp_path)
    source = tmp_path / file
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    with pytest.raises(toolchain.GhostError, match=field):
        toolchain.build(tmp_path, "stream", toolchain.find("zig"))


@pytest.mark.emulator
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("board", QEMU_BOARDS)
def test_selftest_passes(board: str, kind: str, tmp_path: Path) -> None:
    with Qemu(board, build(board, "selftest", kind, tmp_path)) as machine:
        lines = machine.until("PASS").splitlines()
    assert lines[:3] == ["mcu-ghost 9.9 selftest dummy", "case 0 ok", "case 1 ok"]
    word, total, frames, shortest, longest = lines[3].split()
    assert (word, frames) == ("counter", "4")
    assert 0 < int(shortest) * 4 <= int(total) <= int(longest) * 4 < 4000
    word, used, size = lines[4].split()
    assert word == "stack" and 0 < int(used) < int(size) == 2048
    assert lines[5:] == ["PASS 2"]


@pytest.mark.emulator
def test_selftest_says_what_is_wrong(tmp_path: Path) -> None:
    build("mps2-an386", "selftest", "gcc", tmp_path)
    golden = tmp_path / "golden.c"
    golden.write_text(golden.read_text().replace("{118, 1, 4, 64", "{118, 1, -12, 64"))
    elf = toolchain.build(tmp_path, "selftest", toolchain.find("gcc"))
    with Qemu("mps2-an386", elf) as machine:
        text = machine.until("FAIL")
    assert "\ncase 0 output 2: expected -12, got 4\ncase 1 ok\n" in text
    assert text.endswith("FAIL 1 of 2\n")


@pytest.mark.emulator
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("board", QEMU_BOARDS)
def test_stream_answers(board: str, kind: str, tmp_path: Path) -> None:
    with Qemu(board, build(board, "stream", kind, tmp_path)) as machine:
        assert machine.until("dummy") == "mcu-ghost 9.9 stream dummy\n"
        code, sequence, hello = machine.ask(HELLO, 7)
        assert (code, sequence) == (0x81, 7)
        fields = struct.unpack_from("<4B5HI16s4B", hello)
        counter = boards.load(board).counter
        assert fields[:4] == (1, 0, 2, counter.kind)
        limit = fields[4]
        assert limit >= len(hello) and fields[5:9] == (4, 3, 12, 8)
        assert fields[9] == counter.hz and fields[10] == bytes([*range(15), 255])
        assert fields[11:] == (0, 0, 1, 1) and hello[38:] == b"9.9\0dummy\0"

        assert machine.ask(RESET, 8) == (0x82, 8, b"")
        assert machine.ask(FRAMES, 9, bytes([1, 2, 3, 4])) == (0x83, 9, b"")
        assert machine.ask(HEAD, 10) == (0x84, 10, bytes([118, 1, 4]))
        many = bytes([0, 0, 0, 255]) * (limit // 4)
        machine.write(wire.packet(FRAMES, 11, many) + wire.packet(FRAMES, 12, many))
        assert machine.reply() == (0x83, 11, b"")
        assert machine.reply() == (0x83, 12, b"")
        count = 1 + 2 * (limit // 4)
        code, _, state = machine.ask(STATE, 13)
        assert struct.unpack("<iI4b", state) == (-10 + 4 * (count - 1), count, 0, 0, 0, -1)
        code, _, stats = machine.ask(STATS, 14)
        frames, total, low, high, head, heads, used, size, lost = struct.unpack("<IQ7I", stats)
        assert (code, frames, heads, size, lost) == (0x85, count, 1, 2048, 0)
        assert 0 < low * frames <= total <= high * frames and head > 0 and 0 < used < size


@pytest.mark.emulator
def test_stream_survives_noise_and_disorder(tmp_path: Path) -> None:
    with Qemu("mps2-an386", build("mps2-an386", "stream", "gcc", tmp_path)) as machine:
        machine.until("dummy")
        assert machine.ask(STATS, 0) == (0xFF, 0, b"\5")  # no session yet
        machine.ask(HELLO, 250)
        frame = wire.packet(FRAMES, 251, bytes([1, 0, 0, 0]))
        broken = bytearray(frame)
        broken[4] ^= 1
        machine.write(b"\0\0text\xff\0" + broken + b"\0" + bytes([255]) * 3000 + frame)
        assert machine.reply() == (0x83, 251, b"")
        machine.write(frame)  # as if the reply had been lost
        assert machine.reply() == (0x83, 251, b"")
        assert machine.ask(FRAMES, 253, bytes(4)) == (0xFF, 253, b"\5")  # 252 is missing
        machine.write(frame)
        assert machine.reply() == (0x83, 251, b"")
        assert machine.ask(FRAMES, 252, bytes(3)) == (0xFF, 252, b"\3")
        assert machine.ask(FRAMES, 253) == (0xFF, 253, b"\3")
        assert machine.ask(HEAD, 254, b"x") == (0xFF, 254, b"\3")
        assert machine.ask(0x77, 255) == (0xFF, 255, b"\2")
        assert machine.ask(HEAD, 0) == (0x84, 0, bytes([1, 1, 0]))
        assert machine.ask(RESET, 90) == (0x82, 90, b"")
        assert machine.ask(HEAD, 91) == (0x84, 91, bytes(3))


@pytest.mark.emulator
def test_stream_with_an_output_per_frame(tmp_path: Path) -> None:
    elf = build("mps2-an385", "stream", "gcc", tmp_path, head_per_frame=True)
    with Qemu("mps2-an385", elf) as machine:
        machine.until("dummy")
        _, _, hello = machine.ask(HELLO, 0)
        assert hello[1] == 1
        machine.ask(RESET, 1)
        answer = machine.ask(FRAMES, 2, bytes([1, 0, 0, 0, 0, 0, 0, 9]))
        assert answer == (0x83, 2, bytes([1, 1, 0, (1 - 36) & 0x7F, 2, 9]))


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an505", "microbit"])
def test_the_counter_does_not_wrap(board: str, tmp_path: Path) -> None:
    settings = boards.load(board).emulators.qemu
    assert settings
    with Qemu(board, build(board, "stream", "gcc", tmp_path)) as machine:
        machine.until("dummy")
        machine.ask(HELLO, 0)
        machine.ask(FRAMES, 1, bytes([128, 5, 0, 0]))
        stats = machine.ask(STATS, 2)[2]
    instructions = int.from_bytes(stats[4:12], "little") * settings.counter_ratio
    assert instructions == pytest.approx(30e6, abs=1000)


FAULTS = {1: "bus error", 2: "undefined instruction", 3: "divide by zero", 4: "stack"}


# What can fault where: the M0 does not divide; QEMU maps a device below the RAM of three boards,
# so that a stack overflow ends there (unicorn, which maps nothing, sees it fault).
NOT_THERE = {("microbit", 3), ("mps2-an385", 4), ("mps2-an386", 4), ("mps2-an500", 4)}
FAULT_CASES = [(b, how) for b in QEMU_BOARDS for how in FAULTS if (b, how) not in NOT_THERE]


@pytest.mark.emulator
@pytest.mark.parametrize(("board", "how"), FAULT_CASES)
def test_a_fault_is_reported(board: str, how: int, tmp_path: Path) -> None:
    small = boards.load(board).cpu.armv6m
    with Qemu(board, build(board, "stream", "gcc", tmp_path)) as machine:
        machine.until("dummy")
        machine.ask(HELLO, 0)
        machine.write(wire.packet(FRAMES, 1, bytes([128, how, 0, 0])))
        line = machine.until("FAULT").splitlines()[-1]
    kind, _, registers = line.partition(" pc=" if " pc=" in line else " sp=")
    assert kind == "FAULT HardFault" if small and how != 4 else FAULTS[how] in kind
    assert registers
