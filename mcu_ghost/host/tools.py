# SPDX-License-Identifier: Apache-2.0
"""Everything that mcu-ghost uses and does not contain: how each is found, and how it is installed.

This table is the one place that says so, but for the programs that flash boards: they are in
`mcu_ghost.boards.flash.methods`.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

_EXE = ".exe" if os.name == "nt" else ""
# Package managers in order of preference, and what installs with them.
_MANAGERS = {
    "linux": {"apt": "sudo apt install", "dnf": "sudo dnf install"},
    "darwin": {"brew": "brew install"},
    "win32": {"winget": "winget install"},
}


@dataclass(frozen=True)
class Tool:
    """A program, a Python package or a library of the system.

    Attributes:
        title: What it is.
        module: The package, where it is one.
        library: The library's name, where it is one.
        program: The program, where it is one.
        inside: The program's path in a Python package of its name, beginning with that name; or
            the package that brings the library, where it does.
        variables: Environment variables that name the program or its folder.
        pip: What `pip install` takes.
        packages: As `line` takes them, where pip does not have it.
        version: The argument that makes the program say its version; "" if that takes long.
    """

    title: str
    module: str = ""
    library: str = ""
    program: str = ""
    inside: str = ""
    variables: tuple[str, ...] = ()
    pip: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    version: str = "--version"

    def find(self) -> Path | None:
        """Return where it is, a library perhaps by its name; None where it is not installed."""
        if self.module:
            spec = importlib.util.find_spec(self.module)
            return Path(spec.origin) if spec is not None and spec.origin else None
        if self.library:
            return self._find_library()
        for variable in self.variables:
            named = os.environ.get(variable)
            for path in (Path(named), Path(named) / self.program) if named else ():
                if path.is_file() and os.access(path, os.X_OK):
                    return path
        package, _, path_in_it = self.inside.partition("/")
        spec = importlib.util.find_spec(package) if package else None
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(folder) / f"{path_in_it}{_EXE}"
            if path.is_file():
                return path
        scripts = sysconfig.get_path("scripts") if self.pip else ""
        found = (scripts and shutil.which(self.program, path=scripts)) or shutil.which(self.program)
        return Path(found) if found else None

    def _find_library(self) -> Path | None:
        found = ctypes.util.find_library(self.library)
        package = importlib.util.find_spec(self.inside)
        brought = package.submodule_search_locations if package is not None else ()
        return next(map(Path, filter(None, (found, *(brought or ())))), None)

    @property
    def install(self) -> str:
        """The line that installs it on this system."""
        return f"pip install {self.pip}" if self.pip else line(self.packages)


def line(packages: dict[str, str]) -> str:
    """Return the line that installs a package on this system.

    Args:
        packages: What each package manager takes, by its name (apt, dnf, brew, winget); by "", what
            to do where none of them is there or has it.
    """
    for manager, command in _MANAGERS.get(sys.platform, {}).items():
        if manager in packages and shutil.which(manager):
            return f"{command} {packages[manager]}"
    return packages[""]


_CONVERT, _EMULATE, _ENHANCEMENT, _FLASH, _RECORD, _TRAIN = (
    f"'mcu-ghost[{extra}]'"
    for extra in ("convert", "emulate", "enhancement", "flash", "record", "train")
)

TOOLS: dict[str, Tool] = {
    "cmake": Tool("builds", program="cmake", inside="cmake/data/bin/cmake", pip="cmake"),
    "ninja": Tool("builds", program="ninja", inside="ninja/data/bin/ninja", pip="ninja"),
    "zig": Tool(
        "clang for Cortex-M", program="zig", inside="ziglang/zig", pip="ziglang", version="version"
    ),
    "arm-none-eabi-gcc": Tool(
        "gcc for Cortex-M",
        program="arm-none-eabi-gcc",
        packages={
            "apt": "gcc-arm-none-eabi",
            "dnf": "arm-none-eabi-gcc-cs",
            "brew": "--cask gcc-arm-embedded",
            "winget": "Arm.GnuArmEmbeddedToolchain",
            "": "install a release from https://developer.arm.com/downloads",
        },
        version="-dumpfullversion",
    ),
    "unicorn": Tool("the emulator Unicorn", module="unicorn", pip=_EMULATE),
    "qemu": Tool(
        "the emulator QEMU",
        program="qemu-system-arm",
        packages={
            "apt": "qemu-system-arm",
            "dnf": "qemu-system-arm",
            "brew": "qemu",
            "winget": "SoftwareFreedomConservancy.QEMU",
            "": "install it from https://www.qemu.org/download",
        },
    ),
    "renode": Tool(
        "the emulator Renode",
        program="renode",
        variables=("RENODE_PATH", "RENODE_ROOT"),
        packages={
            "": "unpack version 1.16 or later from https://github.com/renode/renode/releases and"
            " put it on PATH, or set RENODE_PATH"
        },
        version="",  # which takes as long as starting it
    ),
    "capstone": Tool("the disassembler Capstone", module="capstone", pip=_EMULATE),
    "pyserial": Tool("serial ports", module="serial", pip=_FLASH),
    "sounddevice": Tool(
        "the library sounddevice for this PC's microphones", module="sounddevice", pip=_RECORD
    ),
    "portaudio": Tool(
        "the library PortAudio for sounddevice",
        library="portaudio",
        inside="_sounddevice_data",
        packages={
            "apt": "libportaudio2",
            "dnf": "portaudio",
            "brew": "portaudio",
            "": f"pip install --force-reinstall {_RECORD}, which brings it on Windows and macOS",
        },
        version="",
    ),
    "h5py": Tool("reads Keras' .keras and .h5 files", module="h5py", pip=_CONVERT),
    "onnx": Tool("reads .onnx files, as PyTorch exports them", module="onnx", pip=_CONVERT),
    "tensorflow": Tool("training", module="tensorflow", pip=_TRAIN),
    "tf-keras": Tool("the layers", module="tf_keras", pip=_TRAIN),
    "tensorflow-model-optimization": Tool(
        "training with the integers' rounding", module="tensorflow_model_optimization", pip=_TRAIN
    ),
    "matplotlib": Tool(
        "pictures of a training's report and of denoise --plot", module="matplotlib", pip=_TRAIN
    ),
    "pesq": Tool(
        "scores how cleaned speech sounds, in a training's report",
        module="pesq",
        pip=_ENHANCEMENT,
    ),
    "pystoi": Tool(
        "scores how well cleaned speech is understood, likewise", module="pystoi", pip=_ENHANCEMENT
    ),
    "espeak-ng": Tool(
        "speaks words for data sets",
        program="espeak-ng",
        packages={
            "apt": "espeak-ng",
            "dnf": "espeak-ng",
            "brew": "espeak-ng",
            "winget": "eSpeak-NG.eSpeak-NG",
            "": "install a release from https://github.com/espeak-ng/espeak-ng/releases",
        },
    ),
    "flite": Tool(
        "more voices",
        program="flite",
        packages={
            "apt": "flite",
            "dnf": "flite",
            "brew": "flite",
            "": "build it from https://github.com/festvox/flite",
        },
    ),
}


def missing(name: str) -> str | None:
    """Return that a tool is not installed and what installs it, or None where it is there."""
    tool = TOOLS[name]
    if tool.find() is not None:
        return None
    what = tool.program or f"{tool.title[0].upper()}{tool.title[1:]}"
    return f"{what} is not installed: {tool.install}"
