# SPDX-License-Identifier: Apache-2.0
"""A C file of `firmware/sound`, compiled for this machine."""

from __future__ import annotations

import ctypes
from pathlib import Path

from mcu_ghost.host import resources
from tests.conftest import compile_host


def library(folder: Path, name: str) -> ctypes.CDLL:
    """Compile a file into a folder so that undefined behaviour ends the program, and load it."""
    place = resources.folder("firmware") / "sound"
    flags = [f"-I{place}", "-fsanitize=undefined", "-fno-sanitize-recover"]
    return ctypes.CDLL(str(compile_host(folder / f"{name}.so", [place / name], *flags)))
