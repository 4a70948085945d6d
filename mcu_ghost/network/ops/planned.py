# SPDX-License-Identifier: Apache-2.0
"""What operators share that the planner puts into a network, and that no file has."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

import numpy as np

from mcu_ghost.network.ops.operator import Operator, Tensors
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


class Planned(Operator):
    """An operator of a plan: it is neither read nor written, and no random network has it."""

    codes: ClassVar[dict[int | str, int]] = {}

    @classmethod
    def read(cls, file: Tables, op: Any) -> NoReturn:
        """Refuse: nothing in a file leads here."""
        raise TypeError(f"{cls.kind} belongs to a plan, not to a file")

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> NoReturn:
        """Refuse: files have what plans are made of."""
        raise TypeError(f"{self.kind} belongs to a plan, not to a file")

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> NoReturn:
        """Refuse: the planner makes it."""
        raise TypeError(f"{cls.kind} belongs to a plan, not to a network")
