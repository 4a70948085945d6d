# SPDX-License-Identifier: Apache-2.0
"""The int8 network as its `.tflite` has it: operators on whole sequences."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.network.ops.operator import Assigning, Operator, Recurrent
from mcu_ghost.network.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Graph:
    """Tensors, and the operators between them.

    Attributes:
        tensors: Whole: where there is time, it is the first axis.
        inputs: Indices of what a caller gives.
        outputs: Indices of the results.
        operators: In order: each reads what an earlier one wrote, an input, or a variable.
    """

    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]

    @property
    def layers(self) -> tuple[Recurrent, ...]:
        """The recurrent operators in order."""
        return tuple(op for op in self.operators if isinstance(op, Recurrent))

    @property
    def variables(self) -> tuple[Assigning, ...]:
        """What is kept from one invocation to the next, by the operators that write it."""
        return tuple(op for op in self.operators if isinstance(op, Assigning))

    def ends(self, op: Operator) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the tensors that an operator reads, and the one that it writes."""
        return tuple(self.tensors[i] for i in op.inputs), self.tensors[op.output]
