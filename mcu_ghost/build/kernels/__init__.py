# SPDX-License-Identifier: Apache-2.0
"""The variants of the recurrent kernel: which a core runs, and how each wants its constants.

A variant is a folder of `firmware/kernels/` and a module here of the same name. The folder's
`ghost_gru_params.h` says what a layer's constants are there; the module's `pack` makes them. All
variants compute the same bytes; `plain` is their specification.
"""

from __future__ import annotations

import importlib
from typing import Literal, cast

from mcu_ghost.boards import Cpu
from mcu_ghost.build.kernels.constants import Constants
from mcu_ghost.network.model import GhostGRU

Variant = Literal["plain", "lanes", "dsp", "mve"]
Choice = Literal["auto", "plain"]

# Files of `firmware/kernels/` behind each kind of operator, and a variant's own.
_SOURCES = {
    "fully_connected": ("plain/ghost_fully_connected_s8.c",),
    "softmax": ("plain/ghost_softmax_s8.c",),
    "lookup": ("plain/ghost_lookup_s8.c",),
}
_OWN_SOURCES: dict[Variant, dict[str, tuple[str, ...]]] = {
    "plain": {"gru": ("plain/ghost_gru_step_s8.c", "plain/ghost_sigmoid_table.c")},
    "lanes": {
        "gru": ("lanes/ghost_gru_step_s8.c", "lanes/ghost_dot6.S", "plain/ghost_sigmoid_table.c"),
    },
    "dsp": {
        "gru": (
            "dsp/ghost_gru_step_s8.S",
            "dsp/ghost_gru_long_step_s8.c",
            "ghost_sigmoid_pairs.c",
        ),
        "fully_connected": ("dsp/ghost_fully_connected_s8.c",),
    },
    "mve": {
        "gru": ("mve/ghost_gru_step_s8.c", "mve/ghost_rows_s8.S", "ghost_sigmoid_pairs.c"),
        "fully_connected": ("mve/ghost_fully_connected_s8.c",),
    },
}


def choose(cpu: Cpu, choice: Choice = "auto") -> Variant:
    """Return the fastest variant that a core can run, or the plain one where that is asked for."""
    if choice == "plain":
        return "plain"
    return "mve" if cpu.mve else "dsp" if cpu.dsp else "lanes"


def sources(variant: Variant, kinds: set[str]) -> tuple[str, ...]:
    """Return the files of `firmware/` that operators of these kinds need, in a fixed order.

    The order decides where code lies in the image: a variant's recurrent kernel by its folder,
    the others by their names alone.
    """
    by_kind = _SOURCES | _OWN_SOURCES[variant]
    names = {name for kind in kinds for name in by_kind[kind]}
    own = "plain/ghost_gru"
    ordered = sorted(names, key=lambda n: n if n.startswith(own) else n.removeprefix("plain/"))
    return tuple(f"kernels/{name}" for name in ordered)


def pack(variant: Variant, op: GhostGRU) -> Constants:
    """Return a layer's constants as a variant reads them."""
    module = importlib.import_module(f"mcu_ghost.build.kernels.{variant}")
    return cast(Constants, module.pack(op))
