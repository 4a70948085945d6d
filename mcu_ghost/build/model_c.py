# SPDX-License-Identifier: Apache-2.0
"""Renders templates: the model as C, and the project around it."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.build import kernels, memory
from mcu_ghost.build.pack import Packed, pack
from mcu_ghost.host.version import __version__
from mcu_ghost.network import names
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite.write import model_hash


@dataclass(frozen=True, eq=False)
class Step:
    """One call in the generated code: an operator and the C expressions of its arguments."""

    packed: Packed
    arguments: tuple[str, ...]


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

    def sources(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the kernels of `firmware/` that run for every frame, and the others."""
        steps = self.body + (self.head if self.model.head_per_frame else [])
        often = {step.packed.op.kind for step in steps}
        return _sources(self.packed, often), _sources(
            self.packed, {p.op.kind for p in self.packed} - often
        )


def _sources(packed: list[Packed], kinds: set[str]) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    for variant in sorted({p.variant for p in packed if p.op.kind in kinds}):
        mine = {p.op.kind for p in packed if p.op.kind in kinds and p.variant == variant}
        found += kernels.sources(variant, mine)
    return found


def model_context(model: Model, variant: kernels.Variant = "plain") -> ModelContext:
    """Lay a model out for the templates, for a variant of the kernels.

    Raises:
        GhostError: The model's name is none for C.
    """
    names.validate(model.name)
    packed = pack(model, variant)
    plan = memory.plan(model, packed)
    homes: dict[int, str] = {t: f"scratch->arena + {o}" for t, o in plan.offsets.items()}
    fields = {}
    for tensors, struct, letter in ((model.inputs, "in", "x"), (model.outputs, "out", "y")):
        members = [letter if len(tensors) == 1 else f"{letter}{i}" for i in range(len(tensors))]
        fields[struct] = [(n, model.tensors[t].size) for n, t in zip(members, tensors, strict=True)]
        homes |= {t: f"{struct}->{n}" for n, t in zip(members, tensors, strict=True)}
    copies = []
    for p in packed:
        if all(v.role for v in p.op.variables):
            continue  # its output is none of them
        if p.op.output in model.outputs:
            copies.append((homes[p.op.output], f"state->{p.name}", model.tensors[p.op.output].size))
        homes[p.op.output] = f"state->{p.name}"
    kernel_scratch = f"scratch->arena + {plan.kernel_offset}"
    if not any(p.scratch_bytes for p in packed):
        kernel_scratch = "0"
    steps = [Step(p, _arguments(p, model.name, homes, kernel_scratch)) for p in packed]
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
    )


def _arguments(p: Packed, prefix: str, homes: dict[int, str], scratch: str) -> tuple[str, ...]:
    """Return the C expressions that a kernel takes, in the order of `Constants.function`."""
    if p.params:
        found = [f"&{prefix}_{p.name}"]
    else:
        found = [f"{prefix}_{array.name}" for array in p.arrays.values()]
        found += [str(number) for number in p.numbers.values()]
    roles = sorted((v.role for v in p.op.variables), key=bool)
    found += [f"state->{p.variable(role)}" for role in roles]
    if p.scratch_bytes is not None:
        found.append(scratch)
    found.append(homes[p.op.input])
    if "" not in roles:
        found.append(homes[p.op.output])
    return tuple(found)
