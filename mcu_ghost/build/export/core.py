# SPDX-License-Identifier: Apache-2.0
"""What an exported library is compiled for: one core, or any by plain C.

Each variant of the kernels packs weights in an order of its own, so that a library holds those of
one variant; its header refuses compilers that build for a core which cannot run them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from mcu_ghost.boards import Board, Core, Cpu
from mcu_ghost.build import kernels, toolchain
from mcu_ghost.host.errors import GhostError, did_you_mean

ANY = "any"
NAMES = (ANY, *get_args(Core))


@dataclass(frozen=True)
class Target:
    """What one variant of the kernels runs on.

    Attributes:
        core: "any", or the core that was asked for.
        variant: The kernels.
        cores: What they run on, in words.
        test: A preprocessor expression that is true there.
        flags: What tells gcc the core; empty for plain C.
    """

    core: str
    variant: kernels.Variant
    cores: str
    test: str
    flags: tuple[str, ...]


_CORES: dict[kernels.Variant, tuple[str, str]] = {
    "plain": ("any core of 32 bits", "__SIZEOF_INT__ >= 4"),
    "lanes": ("every Cortex-M", "defined(__thumb__)"),
    "dsp": (
        "Cortex-M4, M7, M33 and others with the DSP extension",
        "defined(__thumb__) && defined(__ARM_FEATURE_DSP)",
    ),
    "mve": ("Cortex-M55 and others with Helium", "defined(__ARM_FEATURE_MVE)"),
}


def target(core: str | None = None, board: Board | None = None) -> Target:
    """Return what a library is for.

    Args:
        core: One of NAMES.
        board: For its core; one of the two must be given.

    Raises:
        GhostError: Neither or both are given, or there is no such core.
    """
    if (core is None) == (board is None):
        raise GhostError(
            "A library is for one kind of core: say --board NAME, or --core with one of"
            f" {', '.join(NAMES)} ('{ANY}' is plain C and slow)."
        )
    if core is not None and core not in NAMES:
        raise GhostError(
            f"There is no core '{core}'.{did_you_mean(core, NAMES)} Known are {', '.join(NAMES)}."
        )
    if core == ANY:
        return Target(ANY, "plain", *_CORES["plain"], flags=())
    cpu = board.cpu if board else Cpu(core, fpu=False, clock_hz=1)  # type: ignore[arg-type]
    variant = kernels.choose(cpu)
    return Target(cpu.core, variant, *_CORES[variant], flags=toolchain.gcc_flags(cpu))
