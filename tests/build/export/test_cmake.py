# SPDX-License-Identifier: Apache-2.0
"""The CMake library: alone, inside another project, on this machine and on every core."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import toolchain
from mcu_ghost.build.export import export
from mcu_ghost.host import resources
from mcu_ghost.network.tflite import read
from mcu_ghost.sound import keywords
from tests.build.export import libraries
from tests.build.export.libraries import HEAR, MACHINES, MODELS
from tests.conftest import need

pytestmark = pytest.mark.toolchain


@pytest.mark.parametrize("kind", MODELS)
def test_the_example_equals_the_reference(kind: str, tmp_path: Path) -> None:
    model = MODELS[kind]()
    folder = libraries.make(model, "cmake", tmp_path / "net")
    flags = " ".join(libraries.STRICT)
    built = libraries.cmake(folder, tmp_path / "build", f"-DCMAKE_C_FLAGS={flags}")
    said = libraries.run([built / "net_check"])
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(model))
    assert said.endswith("PASS\n")
    assert ("noise: " in said) == ("recognised " in said) == (kind in HEAR)
    assert ('recognised the "door"' in said) == (kind == "listener")
    assert ("cleaned: " in said) == (kind == "cleaner")


@pytest.mark.parametrize("file", ["golden.c", "check.c"])
def test_the_example_tells_what_is_wrong(file: str, tmp_path: Path) -> None:
    """One golden output, or the number of what is to be recognised, is another."""
    folder = libraries.make(MODELS["listener"](), "cmake", tmp_path / "net")
    source = folder / "examples" / "check" / file
    text = source.read_text()
    if file == "golden.c":
        start = text.index("golden_outputs")
        text = text[:start] + re.sub(r"\n +(-?\d+),", "\n 99,", text[start:], count=1)
    else:
        text = re.sub(r"recognised (.)= \d+", r"recognised \1= 1", text)
    source.write_text(text)
    built = libraries.cmake(folder, tmp_path / "build")
    with pytest.raises(AssertionError, match="WRONG\n(.*\n)*FAIL"):
        libraries.run([built / "net_check"])


def test_a_stream_of_sound_gives_the_words_that_the_reference_hears(tmp_path: Path) -> None:
    model = read.load(resources.default_model())
    folder = libraries.make(model, "cmake", tmp_path / "net")
    built = libraries.cmake(folder, tmp_path / "build")
    task = keywords.need_task(model)
    sound = np.concatenate([task.recording(clip) for clip in resources.demo_clips()])
    sound = sound[: len(sound) // 160 * 160].astype("<i2")
    (tmp_path / "sound").write_bytes(sound.tobytes())
    with (tmp_path / "sound").open("rb") as stream:
        said = libraries.run([built / "net_listen"], stdin=stream)
    expected = keywords.expected(model, sound).words
    assert len(expected) >= len(resources.demo_clips()) // 2
    assert said.splitlines() == [f"{w.ms} ms {w.word} {w.sum}" for w in expected]


def test_two_libraries_in_one_program(tmp_path: Path) -> None:
    """Beside each other, from one project, each with its own kernels."""
    for name, kind in (("one", "listener"), ("two", "every_frame")):
        libraries.make(MODELS[kind](), "cmake", tmp_path / "lib" / name, name=name)
    project = tmp_path / "lib" / "CMakeLists.txt"
    project.write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(both LANGUAGES C)\n"
        "add_subdirectory(one)\nadd_subdirectory(two)\nadd_executable(both main.c)\n"
        "target_link_libraries(both PRIVATE -Wl,--whole-archive one two -Wl,--no-whole-archive)\n"
    )
    (project.parent / "main.c").write_text(
        '#include "two.h"\n#include "one.h"\nstatic one_listener_t a;\nstatic two_state_t b;\n'
        "int main(void) { one_listener_reset(&a); two_reset(&b); return one_quantize(0.0f) !="
        " ONE_INPUT_ZERO_POINT || two_quantize(0.0f) != TWO_INPUT_ZERO_POINT; }\n"
    )
    libraries.run([libraries.cmake(project.parent, tmp_path / "build") / "both"])


def test_the_readme_tells_the_sizes(tmp_path: Path) -> None:
    """What it computed is what the compiler for Arm makes of the types."""
    gcc = need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    for kind, make in MODELS.items():
        folder = libraries.make(make(), "cmake", tmp_path / kind, "cortex-m4")
        readme = (folder / "README.md").read_text()
        told = dict(re.findall(r"^\| `(net_\w+_t)`.* \| (\d+) \|$", readme, re.MULTILINE))
        assert set(told) >= {"net_state_t", "net_scratch_t"}
        asserts = "".join(f"_Static_assert(sizeof({t}) == {n}, {t!r});" for t, n in told.items())
        source = tmp_path / "sizes.c"
        source.write_text('#include "net.h"\n' + asserts.replace("'", '"'))
        flags = [*libraries.arm_flags("cortex-m4"), f"-I{folder / 'src'}", "-fsyntax-only"]
        libraries.run([gcc, *flags, source])


def test_another_core_is_refused_by_the_header(tmp_path: Path) -> None:
    gcc = need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    # What each is exported for, and cores that run it.
    run_by = {
        "any": set(MACHINES),
        "cortex-m0": set(MACHINES),
        "cortex-m4": {"cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"},
        "cortex-m55": {"cortex-m55"},
    }
    for core, able in run_by.items():
        folder = libraries.make(MODELS["every_frame"](), "cmake", tmp_path / core, core)
        for machine in MACHINES:
            command = [gcc, *libraries.arm_flags(machine), "-fsyntax-only", folder / "src/net.h"]
            if machine in able:
                libraries.run(command)
            else:
                with pytest.raises(AssertionError, match="export it again with --core or --board"):
                    libraries.run(command)


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m55"])
def test_the_library_of_every_core_in_its_machine(core: str, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    model = MODELS["listener"]()
    folder = libraries.make(model, "cmake", tmp_path / "net", core)
    flags = " ".join([*libraries.arm_flags(core), *libraries.STRICT])
    built = libraries.cmake(
        folder,
        tmp_path / "build",
        f"-DCMAKE_TOOLCHAIN_FILE={folder / 'arm-none-eabi.cmake'}",
        "-DNET_EXAMPLES=ON",
        f"-DCMAKE_C_FLAGS={flags}",
        "-DCMAKE_EXE_LINKER_FLAGS=-specs=rdimon.specs",
    )
    objects = sorted((built / "CMakeFiles" / "net_check.dir").rglob("*.obj"))
    assert len(objects) == 3
    elf = libraries.image(core, [*objects, built / "libnet.a"], tmp_path / "check.elf")
    said = libraries.emulate(core, elf)
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(model))
    assert said.endswith("PASS\n")


def commands(folder: Path) -> list[list[str]]:
    """Return the lines of a README that are commands, with the CMake of this test."""
    found = re.findall(r"^    ((?:cmake|build/) ?.*)$", (folder / "README.md").read_text(), re.M)
    return [line.replace("cmake ", f"{toolchain.cmake()} ", 1).split() for line in found]


@pytest.mark.parametrize("board", [None, "nrf52840", "microbit", "mps3-an547"])
def test_the_readmes_commands(
    board: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    monkeypatch.setenv("CMAKE_GENERATOR", "Ninja")
    monkeypatch.setenv("PATH", f"{Path(toolchain.ninja()).parent}:{os.environ['PATH']}")
    folder = tmp_path / "net"
    target = boards.load(board) if board else None
    export(MODELS["every_frame"](), "cmake", folder, None if board else "any", target, "net")
    lines = commands(folder)
    said = [libraries.run([*line], cwd=folder) for line in lines]
    if board:
        assert len(lines) == 2
        flags = list(toolchain.gcc_flags(boards.load(board).cpu))
        built = (folder / "build" / "build.ninja").read_text()
        assert built.count(f"FLAGS = {' '.join(flags)} ") > 5
    else:
        assert said[2].endswith("PASS\n")


def test_another_compiler_gets_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's, by CMake, and by whoever compiles the sources."""
    folder = libraries.make(MODELS["every_frame"](), "cmake", tmp_path / "net", "cortex-m4")
    with pytest.raises(AssertionError) as raised:
        libraries.cmake(folder, tmp_path / "build")
    assert str(raised.value).count("CMake Error") == 1
    assert "-DCMAKE_TOOLCHAIN_FILE=arm-none-eabi.cmake" in str(raised.value)
    for source in (folder / "src" / "net").glob("*.[cS]"):
        with pytest.raises(AssertionError) as raised:
            libraries.run(["cc", "-c", source, "-o", tmp_path / "out.o"])
        errors = re.findall(r"error: (.*)", str(raised.value))
        assert errors[0].startswith('#error "net was exported for Cortex-M4, M7')
        assert source.suffix == ".c" or len(errors) == 1


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_zig_compiles_every_variant(core: str, tmp_path: Path) -> None:
    zig = toolchain.find("zig").compiler
    folder = libraries.make(MODELS["every_frame"](), "cmake", tmp_path / "net", core)
    flags = " ".join(toolchain.zig_flags(boards.load(MACHINES[core]).cpu)).split()
    freestanding = resources.folder("firmware") / "runtime" / "freestanding"
    for source in sorted((folder / "src" / "net").glob("*.[cS]")):
        command = [zig, "cc", *flags, "-ffreestanding", f"-I{freestanding}", *libraries.STRICT]
        libraries.run([*command, "-c", source, "-o", tmp_path / "out.o"])
