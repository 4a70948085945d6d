# SPDX-License-Identifier: Apache-2.0
"""The int8 network as plain data: the hinge between training and firmware.

What makes a model (a converter, a random generator, a file) may know TensorFlow and never C; what
consumes one (reference, packing, templates) may know C and never TensorFlow. The graph holds the
facts of the file (weights, scales, options); derived integers come from the operators, each kind
of which has a file in `mcu_ghost.network.ops`.

A network is a **body** that runs once per frame and ends in the last recurrent operator, and a
**head**, everything after it, which runs per frame or once at the end. Tensors are described by one
frame of them: batch and time never appear.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcu_ghost.network import about, ends
from mcu_ghost.network.ends import End
from mcu_ghost.network.ops.operator import Operator, Recurrent
from mcu_ghost.network.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Model:
    """An int8 network.

    Attributes:
        name: A C identifier; the prefix of everything generated from the model.
        frames: Frames of one sequence in the `.tflite`; see `window` for what firmware does.
        tensors: Everything that operators read and write.
        inputs: Tensor indices of one frame of input.
        outputs: Tensor indices of the results.
        body: Runs once per frame; its last operator is the last recurrent one.
        head: Runs after the body, for each frame or at the end.
        head_per_frame: Which of the two.
        metadata: The JSON object in the file, as it stands there; `mcu_ghost.network.about` says
            who reads it.
    """

    name: str
    frames: int
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    body: tuple[Operator, ...]
    head: tuple[Operator, ...]
    head_per_frame: bool
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Body, then head."""
        return self.body + self.head

    @property
    def layers(self) -> tuple[Recurrent, ...]:
        """The recurrent operators in order."""
        return tuple(op for op in self.body if isinstance(op, Recurrent))

    @property
    def state_bytes(self) -> int:
        """Bytes of the generated `<name>_state_t`; one of windows counts frames behind the rest."""
        variables = sum(v.bytes for op in self.operators for v in op.variables)
        return variables + (4 if self.window else 0)

    @property
    def window(self) -> int | None:
        """Frames of a window, from the zero state to its one answer; None for a stream.

        A window is what Keras computes of a sequence by `return_sequences=False` and
        `stateful=False`. A stream goes on for ever, and is reset where another sequence begins:
        outputs for every frame, a state that Keras keeps, one frame in a sequence, or a file that
        says `"reset": "never"`.
        """
        streams = self.head_per_frame or any(layer.stateful for layer in self.layers)
        return None if streams or self.frames == 1 or about.endless(self.metadata) else self.frames

    @property
    def plan(self) -> str:
        """How it is driven, in words."""
        return (
            f"windows of {self.window} frames, each from the zero state to one answer"
            if self.window
            else "a stream, reset only where another sequence begins"
        )

    def as_json(self) -> dict[str, Any]:
        """Return for scripts what a caller of the network must know."""
        return {
            "window": self.window,
            "input": self.input.as_json(),
            "output": self.output.as_json(),
        }

    @property
    def input(self) -> End:
        """What a frame's numbers mean."""
        names, units = about.channels(self.metadata), about.units(self.metadata, "inputs")
        return ends.end(self.tensors[self.inputs[0]], names, units)

    @property
    def output(self) -> End:
        """What the outputs' numbers mean; they are called by the labels."""
        names, units = about.labels(self.metadata), about.units(self.metadata, "outputs")
        tensor = self.tensors[self.outputs[0]]
        return ends.end(tensor, names if len(names) == tensor.size else [], units)

    @property
    def labels(self) -> list[str]:
        """The name of each output, or its number where the file names none."""
        labels = about.labels(self.metadata)
        size = self.tensors[self.outputs[0]].size
        return labels if len(labels) == size else [str(i) for i in range(size)]
