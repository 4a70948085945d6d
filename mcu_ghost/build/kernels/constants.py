# SPDX-License-Identifier: Apache-2.0
"""What a kernel variant makes of a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Constants:
    """A layer's constants, by the names of the members of the variant's `ghost_gru_params`.

    Attributes:
        arrays: Members that point to an array of int8, int16, int32 or uint32.
        numbers: Members that are integers.
        scratch_bytes: Working memory of one step, aligned to 8 bytes.
        function: The C function that advances the layer by a frame.
    """

    arrays: dict[str, npt.NDArray[Any]]
    numbers: dict[str, int] = field(default_factory=dict)
    scratch_bytes: int = 0
    function: str = "ghost_gru_step_s8"


_ALIGNMENT = 8


def align(n: int, to: int = _ALIGNMENT) -> int:
    """Round up to a multiple."""
    return -(-n // to) * to
