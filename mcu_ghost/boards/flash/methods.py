# SPDX-License-Identifier: Apache-2.0
"""The ways to get an image onto a board: which program each needs, and how to install it.

This table is the one place that says so; `mcu-ghost flash` and `mcu-ghost doctor` read it.
"""

from __future__ import annotations

import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcu_ghost.host import tools

Through = Literal["probe", "usb", "port", "volume"]
Format = Literal["hex", "bin", "uf2"]
ProbeKind = Literal["jlink", "stlink", "cmsis-dap"]


@dataclass(frozen=True)
class Program:
    """A way to flash, and the program that does it.

    Attributes:
        title: What people call it.
        programs: Names of the program, of which the first that is found is taken; empty where none
            is needed.
        install: How to get it, as `tools.line` takes it.
        through: What the board must be plugged in with: a debug probe, its own bootloader on USB,
            a serial port, or a drive.
        format: The kind of file that it is given.
        probes: The kinds of debug probe that it can use.
        bootloaders: The USB ids of the bootloaders that it talks to.
        enter: What a person does to start such a bootloader.
    """

    title: str
    programs: tuple[str, ...]
    install: dict[str, str]
    through: Through
    format: Format
    probes: tuple[ProbeKind, ...] = ()
    bootloaders: tuple[str, ...] = ()
    enter: str = ""

    @property
    def program(self) -> str:
        """The program's usual name; "" where none is needed."""
        return self.programs[0] if self.programs else ""

    @property
    def how_to_install(self) -> str:
        """The line for this system."""
        return tools.line(self.install) if self.install else ""

    def find(self) -> Path | None:
        """Return the program's path: on PATH, or beside this Python; None where there is none."""
        scripts = sysconfig.get_path("scripts")
        for name in self.programs:
            found = shutil.which(name) or shutil.which(name, path=scripts)
            if found:
                return Path(found)
        return None


_ALL: tuple[ProbeKind, ...] = ("jlink", "stlink", "cmsis-dap")
_TWICE = "press its reset button twice, quickly"
_NORDIC = "https://www.nordicsemi.com/Products/Development-tools"

METHODS: dict[str, Program] = {
    "jlink": Program(
        "SEGGER J-Link Commander",
        ("JLinkExe", "JLink"),
        {"": "install the J-Link software from https://www.segger.com/downloads/jlink"},
        "probe",
        "hex",
        probes=("jlink",),
    ),
    # In an environment of its own: it wants capstone 5, the emulate extra capstone 6.
    "pyocd": Program("pyOCD", ("pyocd",), {"": "pipx install pyocd"}, "probe", "hex", probes=_ALL),
    "openocd": Program(
        "OpenOCD",
        ("openocd",),
        {
            "apt": "openocd",
            "dnf": "openocd",
            "brew": "open-ocd",
            "": "install a release from https://github.com/xpack-dev-tools/openocd-xpack/releases",
        },
        "probe",
        "hex",
        probes=_ALL,
    ),
    "probe-rs": Program(
        "probe-rs",
        ("probe-rs",),
        {"": "install a release from https://probe.rs/docs/getting-started/installation"},
        "probe",
        "hex",
        probes=_ALL,
    ),
    "nrfutil": Program(
        "nRF Util",
        ("nrfutil",),
        {"": f"install it from {_NORDIC}/nRF-Util, then run: nrfutil install device"},
        "probe",
        "hex",
        probes=("jlink",),
    ),
    "nrfjprog": Program(
        "nRF Command Line Tools",
        ("nrfjprog",),
        {"": f"install them from {_NORDIC}/nRF-Command-Line-Tools"},
        "probe",
        "hex",
        probes=("jlink",),
    ),
    "dfu-util": Program(
        "dfu-util",
        ("dfu-util",),
        {
            "apt": "dfu-util",
            "dnf": "dfu-util",
            "brew": "dfu-util",
            "": "install a release from https://dfu-util.sourceforge.net",
        },
        "usb",
        "bin",
        bootloaders=("0483:df11",),
        enter="hold BOOT0 high and press reset",
    ),
    "picotool": Program(
        "picotool",
        ("picotool",),
        {
            "brew": "picotool",
            "": "install a release from https://github.com/raspberrypi/pico-sdk-tools/releases",
        },
        "usb",
        "uf2",
        bootloaders=("2e8a:0003", "2e8a:000f"),
        enter="hold BOOTSEL while plugging it in",
    ),
    "bossac": Program(
        "BOSSA, Arduino's version",
        ("bossac",),
        {"": "arduino-cli core install arduino:mbed_nano, then put its bossac folder on PATH"},
        "port",
        "bin",
        bootloaders=("2341:005a",),
        enter=_TWICE,
    ),
    "uf2": Program(
        "a UF2 file onto the bootloader's drive",
        (),
        {},
        "volume",
        "uf2",
        enter=f"{_TWICE}, or hold BOOTSEL while plugging it in",
    ),
    "copy": Program("a file onto the on-board debugger's drive", (), {}, "volume", "hex"),
}
