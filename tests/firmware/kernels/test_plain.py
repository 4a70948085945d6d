# SPDX-License-Identifier: Apache-2.0
"""The reference in C runs on every core where it is asked for, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import kernels
from tests.firmware.kernels.networks import EDGES, check, normal, signs, stack

VARIANTS = {
    "cortex-m0": "lanes",
    "cortex-m0plus": "lanes",
    "cortex-m3": "lanes",
    "cortex-m4": "dsp",
    "cortex-m7": "dsp",
    "cortex-m33": "dsp",
    "cortex-m55": "mve",
}


@pytest.mark.parametrize("board", boards.names())
def test_the_core_decides_unless_plain_is_asked_for(board: str) -> None:
    cpu = boards.load(board).cpu
    assert kernels.choose(cpu) == VARIANTS[cpu.core]
    assert kernels.choose(cpu, "plain") == "plain"


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "kind", "engine"),
    [
        ("microbit", "zig", "unicorn"),
        ("nrf52840", "gcc", "unicorn"),
        ("mps2-an385", "gcc", "qemu"),
        ("mps3-an547", "gcc", "qemu"),
        ("mps3-an547", "zig", "qemu"),
    ],
)
def test_plain_c_on_every_kind_of_core(board: str, kind: str, engine: str, tmp_path: Path) -> None:
    check(stack(normal(5, 2.0), EDGES[::3], 21), board, "plain", kind, tmp_path, engine)
    check(stack(signs(6, 60.0), EDGES[1::3], 13), board, "plain", kind, tmp_path, engine)
