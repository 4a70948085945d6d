# SPDX-License-Identifier: Apache-2.0
"""What a user says that a network should answer: classes, labels or values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.host import arrays, text
from mcu_ghost.host.arrays import Array
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.network.ends import End
from mcu_ghost.network.model import Model

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Expected:
    """What an output should give; of an answer that is a whole sequence, for each of its rows.

    Attributes:
        classes: (samples,) or (samples, frames) int64, if it is classes.
        values: (samples, *outputs) or (samples, frames, *outputs) float64, if it is values.
    """

    classes: Array | None = None
    values: Array | None = None


@dataclass(frozen=True)
class _Answers:
    """How many answers come, and how a user may lay them out.

    Attributes:
        model: The network.
        whole: (samples,) or (samples, frames).
        given: The same as a user has it, without an axis that is 1 anyway.
    """

    model: Model
    whole: Shape
    given: Shape


def has_any(model: Model, path: Path) -> bool:
    """Return whether a file of inputs holds what should come out, too."""
    outputs = [end.name for end in model.output_ends] if len(model.outputs) > 1 else []
    known = set(outputs or arrays.Y_NAMES) - {end.name for end in model.input_ends}
    return bool(known & set(arrays.names(path)))


def read(
    model: Model, path: Path, samples: int, frames: int | None, stream: bool
) -> tuple[Expected, ...]:
    """Read what should come out of each output.

    Args:
        model: The network.
        path: A file with an array; for several outputs a `.npz` with one for each, or for some.
        samples: How many there are.
        frames: Of each; None of a network that knows none.
        stream: Whether they are one stream.

    Raises:
        GhostError: The file cannot be read, or does not fit the network.
    """
    each = (samples, frames or 1) if model.head_per_frame else (samples,)
    given = each[:1] if frames is None else each[1:] if stream and each[1:] else each
    answers = _Answers(model, each, given)
    ends = model.output_ends
    if len(ends) == 1:
        array = arrays.read(path, (*arrays.Y_NAMES, ends[0].name))
        return (_expected(answers, f"{path}:", ends[0], array),)
    named = arrays.names(path)
    if not any(end.name in named for end in ends):
        raise GhostError(
            f"{path}: holds nothing that an output of {model.name} should give: give an .npz with"
            f" an array for each of {', '.join(repr(end.name) for end in ends)}."
        )
    return tuple(
        _expected(
            answers,
            f"{path}, array '{end.name}':",
            end,
            arrays.read_all(path, [end.name])[end.name],
        )
        if end.name in named
        else Expected()
        for end in ends
    )


def _expected(answers: _Answers, where: str, end: End, array: Array) -> Expected:
    """Take expected answers for what they are."""
    shape = end.tensor.shape or (1,)
    rows, size = shape[:-1], shape[-1]
    one_each, every = (*answers.whole, *rows), (*answers.whole, *shape)
    column = array[..., 0] if array.ndim > 1 and array.shape[-1] == 1 else array  # of a CSV
    fits = (*answers.given, *rows) in (array.shape, column.shape)
    name = answers.model.name
    if array.dtype.kind in "US":
        if not fits:
            raise _misfit(answers, where, array, shape)
        return Expected(classes=_indices(answers.model, where, end, array).reshape(one_each))
    if array.dtype.kind not in "fiu":
        raise GhostError(f"{where} holds {array.dtype}, neither numbers nor labels.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise GhostError(f"{where} holds values that are no finite numbers.")
    integral = bool((array == np.floor(array)).all())
    if fits and integral and (size > 1 or _binary(end, array)):
        classes = array.astype(np.int64).reshape(one_each)
        most = max(size, 2)
        if classes.min() < 0 or classes.max() >= most:
            wrong = int(classes.min() if classes.min() < 0 else classes.max())
            raise GhostError(f"{where} class {wrong} is none of the {most} of {name}.")
        return Expected(classes=classes)
    forms = ((*answers.given, *shape), (*answers.given, end.tensor.size))
    if array.shape in forms or (size == 1 and fits):
        whole = array.reshape(every)
        int8 = array.dtype == np.int8
        return Expected(values=end.tensor.dequantize(whole) if int8 else whole.astype(np.float64))
    raise _misfit(answers, where, array, shape)


def _binary(end: End, given: Array) -> bool:
    """Return whether one output is a probability, and what it should be is yes or no."""
    low, high = end.tensor.range
    return low == 0.0 and high < 1.0 and bool(np.isin(given, (0, 1)).all())


def _indices(model: Model, where: str, end: End, labels: Array) -> Array:
    known = {label: i for i, label in enumerate(end.labels)}
    flat = [str(label) for label in labels.reshape(-1)]
    for label in flat:
        if label not in known:
            raise GhostError(
                f"{where} {model.name} knows no '{text.printable(label)}', but"
                f" {', '.join(known)}.{did_you_mean(label, known)}"
            )
    return np.array([known[label] for label in flat], np.int64)


def _misfit(answers: _Answers, where: str, array: Array, shape: Shape) -> GhostError:
    given = (*answers.given, *shape[:-1])
    return GhostError(
        f"{where} has shape {array.shape}; {answers.model.name} gives {given} answers for"
        f" these inputs: give one class each, {given}, or the outputs, {(*given, shape[-1])}."
    )
