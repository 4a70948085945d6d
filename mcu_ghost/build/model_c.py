# SPDX-License-Identifier: Apache-2.0
"""Renders templates: the model as C, and the project around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcu_ghost.build import kernels, memory
from mcu_ghost.build.pack import C_TYPES, Packed, pack
from mcu_ghost.build.strips import Strip
from mcu_ghost.host.version import __version__
from mcu_ghost.network import names
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite.write import model_hash


@dataclass(frozen=True, eq=False)
class Call:
    """One call in the generated code, or one for each frame of tensors that hold them all.

    Attributes:
        packed: The operator.
        arguments: C expressions of what its kernel takes.
        fills: (address, value, bytes) of what is there before the first of the frames.
        copy: (destination, source, bytes) of the output of a frame, or of the last one, where that
            is a variable.
        mask: (address, values, int8) of the frame that is none if all its values are this one.
        strip: How it takes turns with the call of the pool behind it; None if it runs at once.
        pool: That call.
    """

    packed: Packed
    arguments: tuple[str, ...]
    fills: tuple[tuple[str, int, int], ...] = ()
    copy: tuple[str, str, int] | None = None
    mask: tuple[str, int, int] | None = None
    strip: Strip | None = None
    pool: Call | None = None


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
        copies: (destination, source, bytes) of outputs that are a recurrent state, or another one.
        clocks: (name, first, period) of each clock but every frame's.
        fills: (member, value, bytes) of what is not zero in a new state.
        kept: (name, size) of the members of `<name>_state_t` that are no operator's variables.
        input_fields: (name, size) of the members of `<name>_in_t`.
        output_fields: Likewise of `<name>_out_t`.
        plan: Scratch layout.
    """

    version: str
    name: str
    model: Model
    hash: bytes
    packed: list[Packed]
    body: list[Call]
    head: list[Call]
    copies: list[tuple[str, str, int]]
    clocks: list[tuple[str, int, int]]
    fills: list[tuple[str, int, int]]
    kept: list[tuple[str, int]]
    input_fields: list[tuple[str, int]]
    output_fields: list[tuple[str, int]]
    plan: memory.Plan

    def sources(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the kernels of `firmware/` that run for every frame, and the others."""
        often = self.model.often
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
    given = {t: f"in->{e.member}" for t, e in zip(model.inputs, model.input_ends, strict=True)}
    results = [
        (t, f"out->{e.member}") for t, e in zip(model.outputs, model.output_ends, strict=True)
    ]
    homes |= given | dict(reversed(results))
    kept = {t: f"kept_{n}" for n, t in enumerate(model.schedule.kept)}
    stored = {t: f"state->{name}" for t, name in kept.items()}
    stored |= {p.op.output: f"state->{p.name}" for p in packed if p.step.is_variable}
    homes |= stored
    copies = [(place, homes[t], model.tensors[t].size) for t, place in results if homes[t] != place]
    kernel_scratch = f"scratch->arena + {plan.kernel_offset}"
    if not any(p.scratch_bytes for p in packed):
        kernel_scratch = "0"
    clocks = model.schedule.clocks
    calls = [_call(p, model.name, homes, plan, kernel_scratch) for p in packed]
    for time, strip in plan.strips.items():
        calls[time] = _in_strips(calls[time], calls[time + 1], strip)
    of_body, of_all = range(len(model.body)), range(len(calls))
    body, head = (
        [calls[time] for time in times if time - 1 not in plan.strips]
        for times in (of_body, of_all[len(of_body) :])
    )
    return ModelContext(
        version=__version__,
        name=model.name,
        model=model,
        hash=model_hash(model),
        packed=packed,
        body=body,
        head=head,
        copies=copies,
        clocks=[(f"clock_{n}", c.first, c.period) for n, c in enumerate(clocks[1:], start=1)],
        fills=[
            (p.variable(v.role), v.initial, v.size)
            for p in packed
            for v in p.step.variables
            if v.initial
        ],
        kept=[(name, model.tensors[t].size) for t, name in kept.items()],
        input_fields=[(end.member, end.tensor.size) for end in model.input_ends],
        output_fields=[(end.member, end.tensor.size) for end in model.output_ends],
        plan=plan,
    )


def _call(p: Packed, prefix: str, homes: dict[int, str], plan: memory.Plan, scratch: str) -> Call:
    """Return the C expressions that a kernel takes, in the order of `Constants.function`."""
    step, output = p.step, p.op.output
    if p.params:
        found = [f"&{prefix}_{p.name}"]
    else:
        found = [f"{prefix}_{array.name}" for array in p.arrays.values()]
        found += [str(number) for number in p.numbers.values()]
    places = {v.role: f"state->{p.variable(v.role)}" for v in step.variables}
    for v in step.passing:
        at = f"scratch->arena + {plan.passing[output, v.role]}"
        places[v.role] = at if v.dtype == "int8" else f"({C_TYPES[v.dtype]} *)(void *)({at})"
    found += [places[role] for role in sorted(places, key=bool)]
    if p.scratch_bytes is not None:
        found.append(scratch)
    ends = [(homes[i], x) for i, x in zip(p.op.inputs, step.xs, strict=True)]
    mask = None
    if step.mask is not None:
        home, seen = ends.pop()
        mask = home + (f" + i * {seen.size}" if step.times else ""), seen.size, step.mask
    if "" not in places:
        ends.append((homes[output], step.y))
    if not step.times:
        return Call(p, (*found, *(home for home, _ in ends)), mask=mask)
    found += [f"{home} + i * {seen.size}" for home, seen in ends]
    fills = tuple((f"scratch->arena + {plan.passing[output, v.role]}", v.initial, v.bytes)
                  for v in step.passing)  # fmt: skip
    if "" not in places:
        return Call(p, tuple(found), fills, mask=mask)
    target = f"{homes[output]} + i * {step.y.size}" if step.collects else homes[output]
    return Call(p, tuple(found), fills, (target, places[""], step.y.size), mask)


def _in_strips(one: Call, behind: Call, strip: Strip) -> Call:
    """Return a convolution's call that takes turns with the one of the pool behind it.

    Both take copies of their constants, whose windows change.
    """
    _, *others, y = behind.arguments
    rows = f"{y} + i * {behind.packed.step.y.size // strip.turns}"
    pool = replace(behind, arguments=("&pool", *others, rows))
    return replace(one, arguments=("&conv", *one.arguments[1:]), strip=strip, pool=pool)
