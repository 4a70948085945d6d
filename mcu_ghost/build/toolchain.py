# SPDX-License-Identifier: Apache-2.0
"""Finds a compiler, cmake and ninja, and builds a project folder with them.

The compiler is `arm-none-eabi-gcc` from PATH, else clang as it comes in the `ziglang` wheel, which
`pip install mcu-ghost` brings along: nothing else has to be installed to build.
"""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcu_ghost.boards import Cpu
from mcu_ghost.host import processes, tools
from mcu_ghost.host.errors import GhostError

Kind = Literal["gcc", "zig"]

# What zig's models of the cores leave out: without and with a floating-point unit.
_ZIG_FEATURES = {
    "cortex-m4": ("", "+vfp4d16sp"),
    "cortex-m7": ("", "+fp_armv8d16sp"),
    "cortex-m33": ("+dsp", "+dsp+fp_armv8d16sp"),
    "cortex-m55": ("+mve", "+mve_fp"),
}
# Environment variables that would change what cmake makes of a project.
_MEDDLESOME = ("CMAKE_", "CFLAGS", "ASMFLAGS", "LDFLAGS", "DESTDIR")
_BAD = ';"\\|<>' if os.name != "nt" else ";"
_LIMIT = 3600.0  # seconds for cmake or ninja
_GCC_FPU = {"cortex-m4": "fpv4-sp-d16", "cortex-m7": "fpv5-sp-d16", "cortex-m33": "fpv5-sp-d16"}


@dataclass(frozen=True)
class Toolchain:
    """A compiler for Cortex-M.

    Attributes:
        kind: "gcc" or "zig".
        compiler: Path of arm-none-eabi-gcc or zig.
    """

    kind: Kind
    compiler: Path

    @functools.cached_property
    def version(self) -> str:
        """What the compiler calls itself, for reports."""
        command = [str(self.compiler), "-dumpfullversion" if self.kind == "gcc" else "version"]
        said = processes.run(command, processes.MOMENT).text.strip()
        name = "arm-none-eabi-gcc" if self.kind == "gcc" else "zig (clang)"
        return f"{name} {said or 'of unknown version'}"


def find(kind: str | None = None) -> Toolchain:
    """Return the compiler asked for, or the first that is there: gcc, then zig.

    Args:
        kind: "gcc", "zig", or None for whichever is there.

    Raises:
        GhostError: None is installed, or not the one asked for.
    """
    if kind not in (None, "gcc", "zig"):
        raise GhostError(f"There is no toolchain '{kind}': take 'gcc' or 'zig'.")
    gcc = tools.TOOLS["arm-none-eabi-gcc"].find() if kind != "zig" else None
    if gcc:
        return Toolchain("gcc", gcc)
    if kind == "gcc":
        raise GhostError(f"{tools.missing('arm-none-eabi-gcc')}; or take `--toolchain zig`.")
    zig = tools.TOOLS["zig"].find()
    if zig:
        return Toolchain("zig", zig)
    raise GhostError(
        "There is no compiler for Cortex-M, neither arm-none-eabi-gcc nor zig. The quickest way to"
        f" one: {tools.TOOLS['zig'].install}"
    )


def cmake() -> Path:
    """Return cmake's path.

    Raises:
        GhostError: It is not installed.
    """
    return _tool("cmake")


def ninja() -> Path:
    """Return ninja's path.

    Raises:
        GhostError: It is not installed.
    """
    return _tool("ninja")


def gcc_flags(cpu: Cpu) -> tuple[str, ...]:
    """Return what tells gcc the core and the float ABI."""
    if cpu.core == "cortex-m55":
        if cpu.fpu:
            return ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard")
        return ("-mcpu=cortex-m55+nofp", "-mthumb", "-mfloat-abi=softfp")
    if not cpu.fpu:
        return (f"-mcpu={cpu.core}", "-mthumb", "-mfloat-abi=soft")
    return (f"-mcpu={cpu.core}", "-mthumb", "-mfloat-abi=hard", f"-mfpu={_GCC_FPU[cpu.core]}")


def zig_flags(cpu: Cpu) -> tuple[str, ...]:
    """Return what tells `zig cc` the core and the float ABI."""
    features = _ZIG_FEATURES.get(cpu.core, ("", ""))[cpu.fpu]
    abi = "eabihf" if cpu.fpu else "eabi"
    return (f"-target thumb-freestanding-{abi}", f"-mcpu={cpu.core.replace('-', '_')}{features}")


def validate_path(folder: Path) -> None:
    """Refuse a build folder whose path cmake, ninja or a compiler would take for something else.

    Raises:
        GhostError: It is such a path; the message names the character.
    """
    bad = _unusable(folder.resolve())
    if bad:
        raise GhostError(
            f"{str(folder)!a}: cmake and ninja cannot build in a folder with {bad} in its path;"
            " choose another folder with -o."
        )


def _unusable(path: Path) -> str:
    """Return what in a path cannot be passed through CMake lists and ninja's rules; "" if nothing.

    Those are what a list, a string, a rule or a generator expression begins or ends with.
    """
    bad = [c for c in str(path) if c in _BAD or ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
    bad += [c for c in str(path) if 0xD800 <= ord(c) < 0xE000]  # bytes that are not UTF-8
    bad += [begin for begin in ("${", "$ENV{", "$CACHE{") if begin in str(path)]
    more = str(path).count("[") - str(path).count("]")
    bad += ["["] * (more > 0) + ["]"] * (more < 0)
    if not bad:
        return ""
    return f"'{bad[0]}'" if bad[0].isprintable() else f"the character {bad[0]!a}"


def build(folder: Path, app: str, toolchain: Toolchain, build_type: str = "Release") -> Path:
    """Run a project's CMake and return the image, `<folder>/build/<app>.elf`.

    Args:
        folder: What `mcu_ghost.build.folder.write` and the model's templates filled.
        app: The project's app.
        toolchain: The compiler to use.
        build_type: "Release" or "Debug".

    Raises:
        GhostError: It does not build; the message holds the compiler's.
    """
    for tool in (toolchain.compiler, cmake(), ninja()):
        bad = _unusable(tool)
        if bad:
            raise GhostError(
                f"{str(tool)!a}: cmake and ninja cannot run a program with {bad} in its path;"
                " install it elsewhere."
            )
    binary = folder / "build"
    settings = {
        "CMAKE_BUILD_TYPE": build_type,
        "CMAKE_MAKE_PROGRAM": ninja().as_posix(),
        "GHOST_TOOLCHAIN": toolchain.kind,
        "GHOST_COMPILER": toolchain.compiler.as_posix(),
    }
    if not _configured(binary, settings):
        shutil.rmtree(binary, ignore_errors=True)
        defines = [f"-D{name}={value}" for name, value in settings.items()]
        _run([cmake(), "-G", "Ninja", "-S", folder, "-B", binary, *defines], "cmake", binary)
    _run([ninja(), "-C", binary], "the compiler", binary)
    return binary / f"{app}.elf"


def _configured(binary: Path, settings: dict[str, str]) -> bool:
    """Whether a build folder was made with these settings; ninja sees changed CMake files."""
    try:
        cache = (binary / "CMakeCache.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    lines = cache.splitlines()
    entries = {line.split(":", 1)[0]: line.split("=", 1)[-1] for line in lines if ":" in line}
    home = Path(entries.get("CMAKE_HOME_DIRECTORY", ""))
    return (
        (binary / "build.ninja").is_file()
        and home == binary.parent.resolve()
        and all(entries.get(name) == value for name, value in settings.items())
    )


def _run(command: list[Path | str], name: str, binary: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_MEDDLESOME)}
    if _unusable(Path.home()):  # where zig keeps what it compiles once
        environment["ZIG_GLOBAL_CACHE_DIR"] = str(binary.resolve() / "zig-cache")
    result = processes.run(command, _LIMIT, environment)
    if result.code:
        output = (result.text + result.err).strip().splitlines()
        raise GhostError(f"The build failed in {name}:\n" + "\n".join(output[-40:]))


def _tool(name: str) -> Path:
    found = tools.TOOLS[name].find()
    if found is None:
        raise GhostError(tools.missing(name) or "")
    return found
