# SPDX-License-Identifier: Apache-2.0
"""The variants of the kernels: which a core runs, and how each wants an operator's constants.

A variant is a folder of `firmware/kernels/` and a module here of the same name, whose `KERNELS`
says for each kind of operator how constants are packed and which files compute it. A kind that a
variant does not have is taken from `plain`, which has every one and is the specification: all
variants compute the same bytes. The folder's `ghost_gru_params.h` says what a recurrent layer's
constants are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mcu_ghost.boards import Cpu
from mcu_ghost.build.kernels import dsp, lanes, mve, plain
from mcu_ghost.build.kernels.constants import Kernel

Variant = Literal["plain", "lanes", "dsp", "mve"]
Choice = Literal["auto", "plain"]

KERNELS: dict[Variant, dict[str, Kernel]] = {
    "plain": plain.KERNELS,
    "lanes": lanes.KERNELS,
    "dsp": dsp.KERNELS,
    "mve": mve.KERNELS,
}
"""By variant and kind of operator."""


def choose(cpu: Cpu, choice: Choice = "auto") -> Variant:
    """Return the fastest variant that a core can run, or the plain one where that is asked for."""
    if choice == "plain":
        return "plain"
    return "mve" if cpu.mve else "dsp" if cpu.dsp else "lanes"


def kernel(variant: Variant, kind: str) -> Kernel:
    """Return a variant's way to run a kind of operator, or the plain one."""
    return KERNELS[variant].get(kind) or KERNELS["plain"][kind]


def sources(variant: Variant, kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the files of `firmware/` that operators of these kinds need, in a fixed order.

    The order decides where code lies in the image: a variant's recurrent kernel by its folder,
    the others by their names alone.
    """
    names = {name for kind in kinds for name in kernel(variant, kind).sources}
    own = "plain/ghost_gru"
    ordered = sorted(names, key=lambda n: n if n.startswith(own) else n.removeprefix("plain/"))
    return tuple(f"kernels/{name}" for name in ordered)
