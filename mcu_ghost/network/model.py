# SPDX-License-Identifier: Apache-2.0
"""The int8 network as plain data: the hinge between training and firmware.

What makes a model (a converter, a random generator, a file) may know TensorFlow and never C; what
consumes one (reference, packing, templates) may know C and never TensorFlow. The graph holds the
facts of the file (weights, scales, options); derived integers come from the operators, each kind
of which has a file in `mcu_ghost.network.ops`.

The graph knows whole sequences; its schedule says how they are computed frame by frame: a **body**
that runs once per frame, and a **head** that runs behind it or once at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import text
from mcu_ghost.network import about, ends, planner
from mcu_ghost.network.ends import End
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.ops.operator import Operator, Recurrent
from mcu_ghost.network.schedule import Clock, Schedule, Step
from mcu_ghost.network.tensor import Int8s, Tensor, align


@dataclass(frozen=True, eq=False)
class Model:
    """An int8 network.

    Attributes:
        name: A C identifier; the prefix of everything generated from the model.
        graph: Its operators on whole sequences.
        metadata: The JSON object in the file, as it stands there; `mcu_ghost.network.about` says
            who reads it.
    """

    name: str
    graph: Graph
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def chain(
        cls,
        name: str,
        frames: int,
        tensors: Sequence[Tensor],
        body: Sequence[Operator],
        head: Sequence[Operator] = (),
        *,
        head_per_frame: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> Model:
        """Return a network that is a chain, each of whose tensors is described by a frame of it.

        Args:
            name: A C identifier.
            frames: Of a sequence in the `.tflite`.
            tensors: The input, then what each operator writes.
            body: The operators up to the last recurrent one.
            head: Those behind it.
            head_per_frame: Whether they see every frame.
            metadata: The JSON object.
        """
        timed = {0, *(op.output for op in body[:-1])}
        if head_per_frame:
            timed |= {op.output for op in (*body, *head)}
        whole = tuple(
            replace(t, shape=(frames, *t.shape)) if i in timed else t for i, t in enumerate(tensors)
        )
        operators = (*body, *head)
        output = operators[-1].output if operators else 0
        return cls(name, Graph(whole, (0,), (output,), operators), metadata or {})

    @cached_property
    def schedule(self) -> Schedule:
        """How it runs frame by frame."""
        plan = about.plan(self.metadata)
        timed = bool(self.graph.layers) or plan is not None and not self.graph.variables
        never_reset = about.endless(self.metadata)
        return planner.make(self.graph, timed, plan, never_reset=never_reset)

    @property
    def frames(self) -> int:
        """Frames of one sequence in the `.tflite`; see `window` for what firmware does."""
        return self.schedule.frames

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What steps read and write."""
        return self.schedule.tensors

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indices of one frame of input."""
        return self.schedule.inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        """Indices of the results."""
        return self.schedule.outputs

    @property
    def body(self) -> tuple[Step, ...]:
        """What runs once per frame."""
        return self.schedule.body

    @property
    def head(self) -> tuple[Step, ...]:
        """What runs after the body, for each frame or at the end."""
        return self.schedule.head

    @property
    def head_per_frame(self) -> bool:
        """Which of the two."""
        return self.schedule.head_per_frame

    @property
    def steps(self) -> tuple[Step, ...]:
        """Body, then head."""
        return self.body + self.head

    @property
    def often(self) -> set[str]:
        """Kinds of operators that run for every frame, or do an eighth of a window's work."""
        steps = self.steps if self.head_per_frame else self.body
        work = Counter[str]()
        for step in self.steps:
            work[step.op.kind] += step.macs * (self.schedule.frames if step in steps else 1)
        large = {kind for kind, macs in work.items() if 8 * macs >= work.total() > 0}
        return large | {step.op.kind for step in (*steps, *(s for s in self.steps if s.passing))}

    @property
    def layers(self) -> tuple[Recurrent, ...]:
        """The recurrent operators in order."""
        return self.graph.layers

    @property
    def input_size(self) -> int:
        """Values of one frame, of all inputs together."""
        return sum(self.tensors[i].size for i in self.inputs)

    @property
    def output_size(self) -> int:
        """Values of one answer, of all outputs together."""
        return sum(self.tensors[i].size for i in self.outputs)

    @property
    def state_bytes(self) -> int:
        """Bytes of the generated `<name>_state_t`; one of windows counts frames behind the rest."""
        variables = sum(v.bytes for step in self.steps for v in step.variables)
        kept = sum(align(self.tensors[i].size) for i in self.schedule.kept)
        clocks = 4 * (len(self.schedule.clocks) - 1)
        return variables + kept + clocks + (4 if self.window else 0)

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
    def ticks(self) -> bool:
        """Whether it is a stream whose outputs are not new with every frame."""
        return self.window is None and self.schedule.answers != Clock()

    @property
    def answered(self) -> slice:
        """Which frames of a stream bring new outputs."""
        clock = self.schedule.answers
        return slice(clock.first, None, clock.period)

    @property
    def plan(self) -> str:
        """How it is driven, in words."""
        if self.window:
            frames = text.count(self.window, "frame")
            return f"windows of {frames}, each from the zero state to one answer"
        if not any(step.variables for step in self.steps):
            return "one answer for each input; nothing is kept from one to the next"
        stream = "a stream, reset only where another sequence begins"
        if not self.ticks:
            return stream
        clock = self.schedule.answers
        often = f"every {text.count(clock.period, 'frame')}" if clock.period > 1 else "every frame"
        return f"{stream}; the first answer comes with frame {clock.first + 1}, then {often} one"

    def as_json(self) -> dict[str, Any]:
        """Return for scripts what a caller of the network must know."""
        return {
            "window": self.window,
            **({"input": self.input.as_json()} if len(self.inputs) == 1 else {}),
            **({"output": self.output.as_json()} if len(self.outputs) == 1 else {}),
            "inputs": [end.as_json() for end in self.input_ends],
            "outputs": [end.as_json() for end in self.output_ends],
        }

    @cached_property
    def input_ends(self) -> tuple[End, ...]:
        """What a frame's numbers mean, of each input."""
        return ends.all_of("input", [self.tensors[i] for i in self.inputs], self.metadata)

    @cached_property
    def output_ends(self) -> tuple[End, ...]:
        """What each output's numbers mean; those of the only one are called by the labels."""
        return ends.all_of("output", [self.tensors[i] for i in self.outputs], self.metadata)

    @property
    def input(self) -> End:
        """The first input, of most networks the only one."""
        return self.input_ends[0]

    @property
    def output(self) -> End:
        """The first output, of most networks the only one."""
        return self.output_ends[0]

    @property
    def labels(self) -> list[str]:
        """The name of each class of the first output, or its number where the file names none."""
        return self.output.labels

    def quantize(self, values: Mapping[str, npt.ArrayLike]) -> Int8s:
        """Return frames of all inputs in a row, as the reference takes them.

        Args:
            values: (…, *shape of a frame) real numbers for each input, by its name.

        Returns:
            (…, values of all inputs) int8.
        """
        rows = []
        for end in self.input_ends:
            found = end.quantize(values[end.name])
            leading = found.shape[: found.ndim - len(end.tensor.shape)]
            rows.append(found.reshape(*leading, end.tensor.size))
        return np.concatenate(rows, axis=-1)

    def dequantize(self, answers: Int8s) -> dict[str, npt.NDArray[np.float32]]:
        """Return the real numbers of each output, by its name.

        Args:
            answers: (…, values of all outputs) int8, as the reference gives them.

        Returns:
            (…, *shape of the output) of each.
        """
        ends = self.output_ends
        parts = np.split(answers, np.cumsum([end.tensor.size for end in ends])[:-1], axis=-1)
        return {
            end.name: end.tensor.dequantize(part.reshape(*part.shape[:-1], *end.tensor.shape))
            for end, part in zip(ends, parts, strict=True)
        }

    def validate_metadata(self) -> None:
        """Refuse names and units of other inputs or outputs than there are.

        Raises:
            ValueError: Says of which, after words like "the metadata".
        """
        inputs, outputs = (
            {end.name: end.tensor.shape for end in side}
            for side in (self.input_ends, self.output_ends)
        )
        about.validate_sizes(self.metadata, inputs, outputs)
