# SPDX-License-Identifier: Apache-2.0
"""Renders templates: the model as C, and the project around it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import jinja2

from mcu_ghost import __version__, kernels, memory, resources, tflite_write
from mcu_ghost.boards import pin_number
from mcu_ghost.model import Model
from mcu_ghost.pack import Packed, c_requantizer, pack


@functools.cache
def environment() -> jinja2.Environment:
    """Return the one Jinja environment: strict, and blind to blank lines around blocks."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    env.filters["requantizer"] = c_requantizer
    env.filters["pin_number"] = pin_number
    env.filters["c_json"] = c_json
    env.filters["c_string"] = c_string
    return env


def c_json(text: str) -> str:
    """Return a C string literal that holds the inside of `text` as a JSON string."""
    return json.dumps(json.dumps(text)[1:-1])


def c_string(text: str) -> str:
    """Return a C string literal of the text's UTF-8 bytes."""
    plain = set(range(32, 127)) - set(b'"\\?')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'


def render(template: str, context: Any) -> str:
    """Render `template` (a name below `templates/`) with the fields of a context dataclass."""
    fields = {f.name: getattr(context, f.name) for f in dataclasses.fields(context)}
    return environment().get_template(template).render(fields)


@dataclass(frozen=True, eq=False)
class Step:
    """One call in the generated code: an operator and the C expressions it reads and writes."""

    packed: Packed
    source: str
    target: str


@dataclass(frozen=True, eq=False)
class ModelContext:
    """Everything the model templates show.

    Attributes:
        version: Of mcu-ghost.
        name: Prefix of every C identifier.
        model: The network.
        hash: First 16 bytes of the SHA-256 of the model's canonical `.tflite`.
        packed: Operators in order.
        body: Calls of one frame.
        head: Calls of the head.
        copies: (destination, source, bytes) of outputs that are a recurrent state.
        input_fields: (name, size) of the members of `<name>_in_t`.
        output_fields: Likewise of `<name>_out_t`.
        plan: Scratch layout.
        kernel_scratch: C expression for the kernels' working memory.
    """

    version: str
    name: str
    model: Model
    hash: bytes
    packed: list[Packed]
    body: list[Step]
    head: list[Step]
    copies: list[tuple[str, str, int]]
    input_fields: list[tuple[str, int]]
    output_fields: list[tuple[str, int]]
    plan: memory.Plan
    kernel_scratch: str

    def sources(self, variant: kernels.Variant) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the kernels of `firmware/` that run for every frame, and the others.

        A head that runs once takes the plain ones, which are small.
        """
        frame = self.body + (self.head if self.model.head_per_frame else [])
        often = {step.packed.kind for step in frame}
        seldom = {p.kind for p in self.packed} - often
        return kernels.sources(variant, often), kernels.sources("plain", seldom)


def model_hash(model: Model) -> bytes:
    """Return 16 bytes that identify a model's every weight, option and label."""
    return hashlib.sha256(tflite_write.serialize(model)).digest()[:16]


def model_context(model: Model, variant: kernels.Variant = "plain") -> ModelContext:
    """Lay a model out for the templates, for a variant of the kernels."""
    packed = pack(model, variant)
    plan = memory.plan(model, packed)
    homes: dict[int, str] = {t: f"scratch->arena + {o}" for t, o in plan.offsets.items()}
    fields = {}
    for tensors, struct, letter in ((model.inputs, "in", "x"), (model.outputs, "out", "y")):
        names = [letter if len(tensors) == 1 else f"{letter}{i}" for i in range(len(tensors))]
        fields[struct] = [(n, model.tensors[t].size) for n, t in zip(names, tensors, strict=True)]
        homes |= {t: f"{struct}->{n}" for n, t in zip(names, tensors, strict=True)}
    copies = []
    for p in packed:
        if p.kind != "gru":
            continue
        if p.op.output in model.outputs:
            copies.append((homes[p.op.output], f"state->{p.name}", model.tensors[p.op.output].size))
        homes[p.op.output] = f"state->{p.name}"
    steps = [Step(p, homes[p.op.input], homes[p.op.output]) for p in packed]
    return ModelContext(
        version=__version__,
        name=model.name,
        model=model,
        hash=model_hash(model),
        packed=packed,
        body=steps[: len(model.body)],
        head=steps[len(model.body) :],
        copies=copies,
        input_fields=fields["in"],
        output_fields=fields["out"],
        plan=plan,
        kernel_scratch=f"scratch->arena + {plan.kernel_offset}"
        if any(p.scratch_bytes for p in packed)
        else "0",
    )
