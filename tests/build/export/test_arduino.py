# SPDX-License-Identifier: Apache-2.0
"""The Arduino and PlatformIO libraries: metadata by their rules, sketches on a stub of the core.

Arduino's own builder makes an image for QEMU. On this machine, and for PlatformIO, sources are
compiled as those tools do: all below `src/`, with `src/` as the only include path.
"""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.export import Kind
from mcu_ghost.host import resources
from mcu_ghost.network.tflite import read
from mcu_ghost.sound import keywords
from tests.build.export import libraries
from tests.build.export.libraries import HEAR, MODELS
from tests.conftest import WARNINGS, need

HARDWARE = Path(__file__).with_name("hardware")
STUBS = HARDWARE / "ghost" / "stub" / "cores" / "stub"
SKETCHES: dict[Kind, str] = {
    "arduino": "examples/check/check.ino",
    "platformio": "examples/check/src/main.cpp",
}

# https://docs.arduino.cc/arduino-cli/library-specification
REQUIRED = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
            "architectures"}  # fmt: skip
OPTIONAL = {"depends", "dot_a_linkage", "includes", "precompiled", "ldflags"}
CATEGORIES = {"Display", "Communication", "Signal Input/Output", "Sensors", "Device Control",
              "Timing", "Data Storage", "Data Processing", "Other"}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_library_properties_follow_the_specification(kind: str, tmp_path: Path) -> None:
    out = libraries.make(MODELS[kind](), "arduino", tmp_path / "net", "cortex-m4", "my_net")
    lines = (out / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert len(fields) == len(lines)
    assert set(fields) >= REQUIRED and set(fields) <= REQUIRED | OPTIONAL
    assert all(value and value == value.strip() for value in fields.values())
    assert re.fullmatch(r"(?i)(?!arduino)(?=.*[a-z])[a-z0-9][a-z0-9 _.-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] in CATEGORIES
    assert fields["architectures"] == "*"
    assert not fields["sentence"].startswith(fields["name"])
    assert (out / "src" / fields["includes"]).is_file()
    for sketch in out.glob("examples/*/*.ino"):
        assert sketch.stem == sketch.parent.name
    assert (out / "examples" / "listen").is_dir() == (kind in HEAR)
    assert (out / "examples" / "clean").is_dir() == (kind == "cleaner")
    assert (out / "examples" / "loop").is_dir() == (kind not in (*HEAR, "cleaner"))
    header = "".join(path.read_text() for path in out.glob("src/**/*.h"))
    for line in (out / "keywords.txt").read_text().splitlines():
        word, role = line.split("\t")
        assert role in ("KEYWORD1", "KEYWORD2", "LITERAL1") and word in header


@pytest.mark.parametrize("kind", MODELS)
def test_library_json_follows_the_schema(kind: str, tmp_path: Path) -> None:
    out = libraries.make(MODELS[kind](), "platformio", tmp_path / "net", "cortex-m0", "my_net")
    given = json.loads((out / "library.json").read_text())
    assert given.pop("$schema").endswith("/library.json")
    assert set(given) <= {"name", "version", "description", "keywords", "authors", "license",
                          "headers", "frameworks", "platforms", "build", "examples"}  # fmt: skip
    assert re.fullmatch(r"[^:;/,@<>]{1,100}", given["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", given["version"])
    assert 1 <= len(given["description"]) <= 1000
    assert all(re.fullmatch(r"[a-z\d\-_+. ]{1,50}", word) for word in given["keywords"])
    assert all(1 <= len(author["name"]) <= 100 for author in given["authors"])
    assert given["license"] == "Apache-2.0"
    assert (out / "src" / given["headers"]).is_file()
    assert given["frameworks"] == given["platforms"] == "*"
    (example,) = given["examples"]
    present = {path for path in (out / example["base"]).rglob("*") if path.is_file()}
    assert {out / example["base"] / file for file in example["files"]} == present
    project = configparser.ConfigParser()
    project.read(out / "examples" / "check" / "platformio.ini")
    assert project["env:check"]["lib_deps"] == "my_net=symlink://../.."
    assert project["env:check"]["platform"] == "raspberrypi"


def objects(folder: Path, sketch: Path, compiler: list[str], out: Path) -> list[Path]:
    """Compile a library and a sketch, and a main program around it."""
    out.mkdir()
    include = [f"-I{folder / 'src'}", f"-I{STUBS}", f"-I{sketch.parent}"]
    heard = "while (PDM.turn()) loop(); "
    turns = {"listen": heard, "clean": heard, "loop": "while (Serial.available()) loop(); "}
    main = out / "main.cpp"
    main.write_text(
        f'#include "{sketch}"\nint main() {{ setup(); '
        + turns.get(sketch.stem, "")
        + "return 0; }\n"
    )
    sources = [*folder.glob("src/**/*.[cS]"), *sketch.parent.glob("*.c"), main]
    made = []
    for source in sorted(sources):
        made.append(out / f"{source.stem}.o")
        flags = ["-std=gnu++14", "-fno-exceptions", "-fno-rtti"] if source == main else []
        warnings = [] if source == main else WARNINGS
        libraries.run([*compiler, *flags, *warnings, *include, "-c", source, "-o", made[-1]])
    return made


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", SKETCHES)
def test_the_sketch_on_this_machine(kind: Kind, tmp_path: Path) -> None:
    cc = need("g++", "g++").replace("g++", "gcc")
    model = MODELS["listener"]()
    folder = libraries.make(model, kind, tmp_path / "net")
    made = objects(folder, folder / SKETCHES[kind], [cc, "-Os"], tmp_path / "out")
    libraries.run([cc, *made, "-o", tmp_path / "check"])
    said = libraries.run([tmp_path / "check"])
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(model))
    assert said.endswith("PASS\n")


@pytest.mark.toolchain
def test_the_sketch_that_listens(tmp_path: Path) -> None:
    cc = need("g++", "g++").replace("g++", "gcc")
    model = read.load(resources.default_model())
    folder = libraries.make(model, "arduino", tmp_path / "net")
    sketch = folder / "examples" / "listen" / "listen.ino"
    made = objects(folder, sketch, [cc, "-O2"], tmp_path / "out")
    libraries.run([cc, *made, "-o", tmp_path / "listen"])
    task = keywords.need_task(model)
    sound = np.concatenate([task.recording(clip) for clip in resources.demo_clips()])
    sound = sound[: len(sound) // 800 * 800]  # whole turns and hops
    (tmp_path / "sound").write_bytes(sound.astype("<i2").tobytes())
    with (tmp_path / "sound").open("rb") as stream:
        said = libraries.run([tmp_path / "listen"], stdin=stream)
    assert said.splitlines() == [word.word for word in keywords.expected(model, sound).words]
    assert said


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4"])
def test_arduinos_builder(core: str, tmp_path: Path) -> None:
    """It finds the library by the sketch's include, and compiles it, assembly included."""
    builder = need("arduino-builder", "arduino-builder")
    need("arm-none-eabi-g++", "gcc-arm-none-eabi")
    model = MODELS["last_only"]()
    folder = libraries.make(model, "arduino", tmp_path / "libraries" / "net", core)
    out = tmp_path / "out"
    out.mkdir()
    cpu = " ".join(libraries.arm_flags(core))
    libraries.run([builder, "-compile", "-hardware", HARDWARE, "-tools", HARDWARE,
                   "-libraries", folder.parent, "-fqbn", "ghost:stub:machine", "-build-path", out,
                   "-prefs", f"ghost.cpu={cpu}", folder / SKETCHES["arduino"]])  # fmt: skip
    made = [out / "sketch.a", *out.glob("core/*.a")]
    objects = {file.name for file in out.glob("libraries/net/**/*.o")}
    assert objects == {f"{file.name}.o" for file in folder.glob("src/**/*.[cS]")}
    wrapped = ["-Wl,--whole-archive", *made, "-Wl,--no-whole-archive"]
    said = libraries.emulate(core, libraries.image(core, wrapped, tmp_path / "check.elf"))
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(model))
    assert said.endswith("PASS\n")


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4"])
def test_platformios_example_in_a_machine(core: str, tmp_path: Path) -> None:
    need("arm-none-eabi-g++", "gcc-arm-none-eabi")
    model = MODELS["last_only"]()
    folder = libraries.make(model, "platformio", tmp_path / "net", core)
    compiler = ["arm-none-eabi-gcc", *libraries.arm_flags(core), "-Os"]
    made = objects(folder, folder / SKETCHES["platformio"], compiler, tmp_path / "out")
    said = libraries.emulate(core, libraries.image(core, made, tmp_path / "check.elf"))
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(model))
    assert said.endswith("PASS\n")
