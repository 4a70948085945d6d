# SPDX-License-Identifier: Apache-2.0
"""Our operator for a table of vectors: each int8 value of the input names a row.

Its inputs in a file are x and the table, (rows, n) int8. Value q of the input names row q + 128; a
row behind the last is the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.tensor import Int8s, Ints, Tensor
from mcu_ghost.network.tflite import options as flexbuffer
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

CUSTOM_CODE = "GhostEmbedding"
VERSION = 1
MOST_ROWS = 256


@dataclass(frozen=True, eq=False)
class Embedding(Operator):
    """A vector for each value.

    Attributes:
        inputs: Tensor index.
        output: Tensor index; it has one axis more, the last.
        table: (rows, n) int8, of the output's scale and zero point.
    """

    kind: ClassVar[str] = "embedding"
    codes: ClassVar[dict[int | str, int]] = {CUSTOM_CODE: VERSION}

    table: Int8s

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return that every frame stands for itself."""
        return Reach()

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Look the values up."""
        rows = np.minimum(values[0] + 128, len(self.table) - 1)
        return self.table.astype(np.int64)[rows], ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        where = f"{file.where}: {CUSTOM_CODE}"
        source, table = file.inputs(op, 2, CUSTOM_CODE)
        flexbuffer.decode(file.custom_options(op, where), where, VERSION)
        shape = file.shape(table)
        if len(shape) != 2 or shape[0] > MOST_ROWS:
            raise file.error(f"{CUSTOM_CODE} with a table {list(shape)} is not possible")
        x = file.read(source)
        y = file.written(op.Outputs(0), (*file.tensors[x].shape, shape[1]), CUSTOM_CODE)
        return cls((x,), y, file.constant(table, np.int8, shape, lowest=-128))

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        table = file.constant(f"embedding_{number}/table", self.table)
        options = flexbuffer.encode({"version": VERSION})
        file.custom(CUSTOM_CODE, [*sources, table], target, VERSION, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with a table of some rows."""
        rows, n = int(rng.integers(1, MOST_ROWS + 1)), int(rng.integers(1, 6))
        table = rng.integers(-128, 128, (rows, n)).astype(np.int8)
        y = Tensor(f"embedding_{source}", (*x.shape, n), "int8", 0.5, int(rng.integers(-128, 128)))
        return cls((source,), source + 1, table), y
