# SPDX-License-Identifier: Apache-2.0
"""The narrower networks of narrower.md and what each would need on a Cortex-M4, computed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from mcu_ghost.sound.audio import KEYWORDS

BLOCK = 4
UNPACKING = (2, 8)  # more instructions for a block of 4-bit weights: see narrower.md


@dataclass(frozen=True)
class Variant:
    """A network and how its weights are held.

    Attributes:
        name: In the tables.
        units: Of the recurrent layer.
        ratio: Units for each intrinsic one.
        diagonal: Each ghost comes from one intrinsic unit.
        ghost_bits: Of the ghost kernel.
        recurrent_bits: Of the recurrent kernel.
        per_row: Kernels of fewer than 8 bits have a scale for each row, not for each gate.
        pruned: Share of the recurrent kernel's 4x4 blocks that are zero.
        tuned: Trained on in this form; False: rounded after training alone.
    """

    name: str
    units: int = 154
    ratio: int = 2
    diagonal: bool = False
    ghost_bits: int = 8
    recurrent_bits: int = 8
    per_row: bool = False
    pruned: float = 0.0
    tuned: bool = True

    @property
    def intrinsic(self) -> int:
        """m, the units with gates."""
        return self.units // self.ratio

    @property
    def trunk(self) -> Variant:
        """The float network that this one starts from."""
        return Variant("", self.units, self.ratio, self.diagonal)

    def bits(self, kernel: str) -> int:
        """Return the width of a kernel's weights."""
        return {"ghost_kernel": self.ghost_bits, "recurrent_kernel": self.recurrent_bits}.get(
            kernel, 8
        )


BASE = Variant("GhostGRU-154/2, 8 bits")
GHOST_4 = Variant("4-bit ghost, one scale", ghost_bits=4)
GHOST_4_ROWS = Variant("4-bit ghost, scale per row", ghost_bits=4, per_row=True)
ALL_4 = Variant("4-bit ghost and recurrent, scale per gate", ghost_bits=4, recurrent_bits=4)
ALL_4_ROWS = replace(ALL_4, name="4-bit ghost and recurrent, scale per row", per_row=True)
DIAGONAL = Variant("diagonal ghost", diagonal=True)
PRUNED_50 = Variant("blocks pruned, 50 %", pruned=0.5)
PRUNED_75 = Variant("blocks pruned, 75 %", pruned=0.75)
SMALLER_126 = Variant("smaller: GhostGRU-126/2, 8 bits", units=126)
SMALLER_106 = Variant("smaller: GhostGRU-106/2, 8 bits", units=106)

TUNED = (
    *(BASE, GHOST_4, GHOST_4_ROWS, ALL_4, DIAGONAL),
    *(PRUNED_50, PRUNED_75, SMALLER_126, SMALLER_106),
)
ROUNDED = tuple(replace(v, tuned=False) for v in (BASE, GHOST_4, GHOST_4_ROWS, ALL_4, ALL_4_ROWS))
VARIANTS = TUNED + ROUNDED

# Each against the smaller network of about the same bytes, or of the next larger ones.
PAIRS = (
    (ALL_4, SMALLER_126),
    (PRUNED_50, SMALLER_126),
    (PRUNED_75, SMALLER_106),
)


@dataclass(frozen=True)
class Cost:
    """What a variant would need on a Cortex-M4; instructions are predictions.

    Attributes:
        variant: The network.
    """

    variant: Variant

    @cached_property
    def blocks(self) -> dict[str, int]:
        """Blocks of 4 rows by 4 inputs of each kernel, edges padded, pruned ones left out."""
        v, m = self.variant, self.variant.intrinsic
        rows = -(-m // BLOCK)
        dense = 3 * rows * -(-v.units // BLOCK)
        ghosts = 0 if v.diagonal else -(-(v.units - m) // BLOCK) * rows
        kept = dense - 3 * round(v.pruned * (dense // 3))
        return {
            "kernel": 3 * rows * -(-KEYWORDS.channels // BLOCK),
            "recurrent_kernel": kept,
            "ghost_kernel": ghosts,
        }

    @property
    def macs(self) -> int:
        """Multiplications a frame, without padding where nothing is pruned."""
        v, m = self.variant, self.variant.intrinsic
        recurrent = 16 * self.blocks["recurrent_kernel"] if v.pruned else 3 * m * v.units
        ghosts = (v.units - m) * (1 if v.diagonal else m)
        return 3 * m * KEYWORDS.channels + recurrent + ghosts

    @property
    def bytes(self) -> int:
        """Kernels, biases, scales and indices in flash; the head's 1.3 kB is everybody's."""
        v, m = self.variant, self.variant.intrinsic
        ghosts = v.units - m
        recurrent = 16 * self.blocks["recurrent_kernel"] if v.pruned else 3 * m * v.units
        kernels = 3 * m * KEYWORDS.channels
        kernels += math.ceil(recurrent * v.recurrent_bits / 8)
        kernels += math.ceil(ghosts * (1 if v.diagonal else m) * v.ghost_bits / 8)
        extra = 4 * (2 * 3 * m + ghosts) + 8 * (6 + bool(ghosts))  # biases; multiplier and shift
        if v.pruned:  # a byte for each block's place, one for each four rows' number of blocks
            extra += self.blocks["recurrent_kernel"] + 3 * -(-m // BLOCK)
        if v.per_row:  # a multiplier for each row
            extra += 4 * ((ghosts if v.ghost_bits < 8 else 0) + (3 * m * (v.recurrent_bits < 8)))
        return kernels + extra

    def instructions(self, unpacking: int) -> int:
        """Predict instructions a frame.

        Args:
            unpacking: More instructions for a block of 4-bit weights than for one of 8-bit ones.
        """
        v, m = self.variant, self.variant.intrinsic
        ghosts = v.units - m
        total = 60 * m + 22 * ghosts + (2 * ghosts if v.diagonal else 0)
        for kernel, count in self.blocks.items():
            each = 14
            if v.bits(kernel) < 8:
                each += unpacking
                rows, length = (3 * m, v.units) if kernel == "recurrent_kernel" else (ghosts, m)
                total += 3 * rows + length  # sums taken apart; the offset of 8 times the sum of x
                total += rows if v.per_row else 0
            if v.pruned and kernel == "recurrent_kernel":
                each += 2
                total += 6 * 3 * -(-m // BLOCK)
            total += each * count
        return total
