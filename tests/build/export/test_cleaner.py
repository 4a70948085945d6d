# SPDX-License-Identifier: Apache-2.0
"""Libraries that clean speech: what they show, and sound through their examples, every sample."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.export import Kind, checks, export
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import write
from mcu_ghost.sound.enhancement import Enhancer, Transform
from tests.build.export import libraries
from tests.build.export.test_arduino import objects
from tests.cli.in_process import ghost
from tests.conftest import need
from tests.sound.enhancers import random_enhancer, sound

KINDS: tuple[Kind, ...] = ("cmake", "zephyr", "arduino", "platformio")
# Drives the example as an interrupt and a main loop would: of three hops the first two are lost.
LATE = """#include <stdio.h>
#include <string.h>
#include "clean.h"
int main(void) {
  int16_t sound[5][NET_HOP];
  if (fread(sound, sizeof sound, 1, stdin) != 1) return 1;
  clean_start();
  if (clean_next()) return 2;
  for (int i = 0; i < 3; i++) {
    memcpy(heard[i % 2], sound[i], sizeof heard[0]);
    memset(played[i % 2], 0x55, sizeof played[0]);
    clean_half_done();
  }
  if (!clean_next() || clean_next() || late != 2) return 3;
  for (uint32_t i = 0; i < NET_HOP; i++) if (played[1][i] != 0) return 4;
  fwrite(played[0], sizeof played[0], 1, stdout);
  for (int i = 3; i < 5; i++) {
    memcpy(heard[i % 2], sound[i], sizeof heard[0]);
    clean_half_done();
    if (!clean_next() || clean_next() || late != 2) return 5;
    fwrite(played[i % 2], sizeof played[0], 1, stdout);
  }
  return 0;
}
"""


def cleaned(program: Path, samples: np.ndarray) -> np.ndarray:
    """Return what a program makes of sound, in whole hops, on its standard input."""
    done = subprocess.run([program], input=samples.astype("<i2").tobytes(), capture_output=True)
    assert done.returncode == 0, done.returncode
    return np.frombuffer(done.stdout, "<i2")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_user_reads_speaks_of_sound(kind: Kind, tmp_path: Path) -> None:
    model = random_enhancer(transform=Transform(frame=1024, hop=256))
    folder = libraries.make(model, kind, tmp_path / "net")
    header = (folder / "src" / "net" / "cleaner.h").read_text()
    for line in ("HOP 256u", "RATE 16000u", "DELAY 768u"):
        assert f"#define NET_{line}\n" in header
    assert '#include "net/cleaner.h"' in (folder / "src" / "net.h").read_text()
    readme = (folder / "README.md").read_text()
    assert "net_clean(&cleaner, samples, samples);" in readme
    assert "| `NET_DELAY` | 768 | 48.0 |" in readme and "each sample lies in 4 frames" in readme
    assert "quantize" not in readme and "zero point" not in readme
    assert not (folder / "examples" / "loop").exists()
    check = next(folder.rglob("check.c")).read_text()
    assert f"cleaned != {checks.cleaning(model).hash}u" in check


def test_the_command_speaks_of_sound(tmp_path: Path) -> None:
    write.write(random_enhancer(), tmp_path / "voice.tflite")
    words = ("export", str(tmp_path / "voice.tflite"), "--as", "cmake", "--core", "any")
    result = ghost(*words, "--name", "voice", "-o", str(tmp_path / "voice"))
    assert result.returncode == 0, result.stderr
    assert "sound   16000 Hz int16, hops of 256 samples, clean after 32 ms" in result.stdout


def test_others_have_nothing_of_it(tmp_path: Path) -> None:
    for which in ("listener", "last_only"):
        folder = libraries.make(libraries.MODELS[which](), "cmake", tmp_path / which)
        made = [file for file in folder.rglob("*") if "cleaner" in file.name]
        assert not made and "cleaner" not in (folder / "README.md").read_text()


def test_a_network_alone_is_not_given_to_those_who_want_clean_sound(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="--as cmake, zephyr, arduino or platformio for a library"):
        export(random_enhancer(), "tflm", tmp_path / "net", name="net")
    assert not (tmp_path / "net").exists()


def test_the_checks_sound_is_worth_cleaning() -> None:
    """It is loud and soft, within 16 bits, and what becomes of it depends on the network."""
    found = checks._speech(64, 256).astype(int)
    levels = np.abs(found.reshape(8, -1)).max(1)
    assert levels.max() > 16000 and levels.min() < 3000
    assert len({checks.cleaning(random_enhancer(seed)).hash for seed in range(3)}) == 3


@pytest.mark.toolchain
@pytest.mark.parametrize(("frame", "hop"), [(512, 256), (512, 128), (256, 64), (1024, 512)])
def test_every_sample_equals_the_reference(frame: int, hop: int, tmp_path: Path) -> None:
    model = random_enhancer(hop, bands=16, transform=Transform(frame=frame, hop=hop), exponent=1.5)
    folder = libraries.make(model, "cmake", tmp_path / "net")
    flags = " ".join(libraries.STRICT)
    built = libraries.cmake(folder, tmp_path / "build", f"-DCMAKE_C_FLAGS={flags}")
    samples = sound(2.0)
    made = cleaned(built / "net_clean", samples)
    np.testing.assert_array_equal(made, Enhancer(model).feed(samples))
    assert len(np.unique(made)) > 1000
    assert re.search(
        r"^cleaned: [0-9a-f]{8} right\nPASS$", libraries.run([built / "net_check"]), re.M
    )


@pytest.mark.toolchain
@pytest.mark.parametrize("name", ["cleaner", "enhancer", "sound", "late", "a" * 40])
def test_names_that_its_files_and_functions_have_themselves(name: str, tmp_path: Path) -> None:
    folder = libraries.make(random_enhancer(), "cmake", tmp_path / "net", name=name)
    built = libraries.cmake(folder, tmp_path / "build")
    assert libraries.run([built / f"{name}_check"]).endswith("PASS\n")
    assert len(cleaned(built / f"{name}_clean", sound()[:1024])) == 1024


@pytest.mark.toolchain
def test_a_wrong_constant_is_found(tmp_path: Path) -> None:
    """Which the network's own cases cannot see."""
    folder = libraries.make(random_enhancer(), "cmake", tmp_path / "net")
    source = folder / "src" / "net" / "enhancer.c"
    text = source.read_text()
    source.write_text(re.sub(r"(\.stft\.window_shift = )(\d+)", r"\1 1 + \2", text))
    assert source.read_text() != text
    built = libraries.cmake(folder, tmp_path / "build")
    with pytest.raises(AssertionError, match=r"case 3:.* right\ncleaned: \w+ WRONG\nFAIL"):
        libraries.run([built / "net_check"])


@pytest.mark.toolchain
def test_what_becomes_of_late_hops(tmp_path: Path) -> None:
    """Lost ones are silent; the newest goes on from what was heard before, here from silence."""
    model = random_enhancer()
    folder = libraries.make(model, "cmake", tmp_path / "net")
    (tmp_path / "late.c").write_text(LATE)
    example = folder / "examples" / "clean"
    sources = [*folder.glob("src/net/*.c"), example / "clean.c", tmp_path / "late.c"]
    flags = [*libraries.STRICT, f"-I{folder / 'src'}", f"-I{example}"]
    libraries.run([need("gcc", "gcc"), *flags, *sources, "-o", tmp_path / "late"])
    samples = sound()[: 5 * 256]
    made = cleaned(tmp_path / "late", samples)
    np.testing.assert_array_equal(made, Enhancer(model).feed(samples[2 * 256 :]))


def both(model: Model, other: Model, folder: Path) -> Path:
    """Build a program that cleans by one and then by the other; return it."""
    for name, made in (("one", model), ("two", other)):
        libraries.make(made, "cmake", folder / name, name=name)
    (folder / "main.c").write_text(
        '#include <stdio.h>\n#include "two.h"\n#include "one.h"\n'
        "static one_cleaner_t a;\nstatic two_cleaner_t b;\n"
        "int main(void) {\n  int16_t x[ONE_HOP];\n"
        "  one_cleaner_reset(&a);\n  two_cleaner_reset(&b);\n"
        "  while (fread(x, sizeof x, 1, stdin) == 1) {\n    one_clean(&a, x, x);\n"
        "    for (uint32_t i = 0; i < ONE_HOP; i += TWO_HOP) two_clean(&b, x + i, x + i);\n"
        "    fwrite(x, sizeof x, 1, stdout);\n  }\n  return 0;\n}\n"
    )
    include = [f"-I{folder / name / 'src'}" for name in ("one", "two")]
    sources = [folder / "main.c", *folder.glob("*/src/*/*.c")]
    libraries.run(
        [need("gcc", "gcc"), *libraries.STRICT, *include, *sources, "-o", folder / "both"]
    )
    return folder / "both"


@pytest.mark.toolchain
def test_two_cleaners_in_one_program(tmp_path: Path) -> None:
    one = random_enhancer(1)
    two = random_enhancer(2, bands=31, transform=Transform(frame=256, hop=128))
    samples = sound()[: 60 * 256]
    made = cleaned(both(one, two, tmp_path), samples)
    np.testing.assert_array_equal(made, Enhancer(two).feed(Enhancer(one).feed(samples)))


@pytest.mark.toolchain
def test_the_sketch_cleans(tmp_path: Path) -> None:
    """In C++, from a microphone that gives samples in pieces of its own."""
    need("g++", "g++")
    cc = need("gcc", "gcc")
    model = random_enhancer()
    folder = libraries.make(model, "arduino", tmp_path / "net")
    sketch = folder / "examples" / "clean" / "clean.ino"
    made = objects(folder, sketch, [cc, "-O1"], tmp_path / "out")
    libraries.run([cc, *made, "-o", tmp_path / "clean"])
    samples = sound()[: 50 * 256]  # whole turns and hops
    (tmp_path / "sound").write_bytes(samples.astype("<i2").tobytes())
    with (tmp_path / "sound").open("rb") as stream:
        said = libraries.run([tmp_path / "clean"], stdin=stream)
    before, after = (np.abs(x.astype(int)).reshape(-1, 256).max(1)
                     for x in (samples, Enhancer(model).feed(samples)))  # fmt: skip
    wanted = [f"was:{was} is:{now}" for was, now in zip(before, after, strict=True)]
    assert said.splitlines() == wanted


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_the_check_on_every_kind_of_core(core: str, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    folder = libraries.make(random_enhancer(bands=33), "cmake", tmp_path / "net", core)
    built = libraries.cmake(
        folder,
        tmp_path / "build",
        f"-DCMAKE_TOOLCHAIN_FILE={folder / 'arm-none-eabi.cmake'}",
        "-DNET_EXAMPLES=ON",
        f"-DCMAKE_C_FLAGS={' '.join([*libraries.arm_flags(core), *libraries.STRICT])}",
        "-DCMAKE_EXE_LINKER_FLAGS=-specs=rdimon.specs",
    )
    made = sorted((built / "CMakeFiles" / "net_check.dir").rglob("*.obj"))
    elf = libraries.image(core, [*made, built / "libnet.a"], tmp_path / "check.elf")
    said = libraries.emulate(core, elf)
    assert re.search(r"^cleaned: \w+ right\nPASS$", said, re.M)
