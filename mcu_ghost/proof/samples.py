# SPDX-License-Identifier: Apache-2.0
"""Numbers of a user: windows or a stream, as the network reads them, and what they should give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mcu_ghost.host import arrays, text
from mcu_ghost.host.arrays import Array
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s, Tensor

"""Of arrays in a `.npz` that holds several."""

_INFINITE = "value is no finite number", "values are no finite numbers"


@dataclass(frozen=True, eq=False)
class Expected:
    """What a network should answer.

    Attributes:
        classes: (samples,) or (samples, frames) int64, if it is classes.
        values: (samples, outputs) or (samples, frames, outputs) float64, if it is values.
    """

    classes: Array | None = None
    values: Array | None = None


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs, quantised.

    Attributes:
        name: Of the file.
        inputs: (samples, frames, inputs) int8.
        real: The same as real numbers, as the file has them.
        clipped: Values out of the input's range, which became its end.
        left_over: Frames behind the last whole window of a stream, which are not used.
        expected: What should come out, if the user says so.
        stream: Whether the file holds one stream, not windows.
    """

    name: str
    inputs: Int8s
    real: Array
    clipped: int
    left_over: int
    stream: bool
    expected: Expected | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.inputs)

    def facts(self, low: float, high: float) -> list[str]:
        """Return what somebody should know of how the numbers were taken.

        Args:
            low: The real value of -128 at the input.
            high: That of 127.
        """
        found = []
        if self.clipped:
            found.append(
                f"{text.count(self.clipped)} of {text.count(self.real.size, 'value')} are outside "
                f"{low:.4g} to {high:.4g} and were clipped; the data reach from "
                f"{self.real.min():.4g} to {self.real.max():.4g}"
            )
        if self.left_over:
            found.append(
                f"{text.count(self.left_over, 'frame')} behind the last whole window were left out"
            )
        return found


def read(model: Model, data: Path, expect: Path | None = None) -> Samples:
    """Read inputs and what they should give.

    Args:
        model: The network that they are for.
        data: `.npy`, `.npz` or CSV: (samples, frames, inputs) windows or (frames, inputs), one
            stream, which a network for windows gets in windows. Floats are real values and become
            int8 by the input's scale; int8 is taken as it is.
        expect: Class indices, labels, or outputs, one for each answer. Of a `.npz` with inputs and
            expected outputs both are taken.

    Raises:
        GhostError: A file cannot be read, or does not fit the network.
    """
    array = arrays.read(data, arrays.X_NAMES)
    if expect is None and any(name in arrays.Y_NAMES for name in arrays.names(data)):
        expect = data
    found = inputs(model, data, array)
    if expect is None:
        return found
    wanted = arrays.read(expect, arrays.Y_NAMES)
    return replace(found, expected=_expected(model, found, expect, wanted))


def inputs(model: Model, path: Path, array: Array) -> Samples:
    """Check inputs and quantise them; see `read`."""
    entry = model.tensors[model.inputs[0]]
    stream = array.ndim == 2
    shape = f"(samples, frames, {entry.size}) or, one stream, (frames, {entry.size})"
    if array.dtype.kind in "US":
        raise GhostError(f"{path}: holds text, not numbers.")
    if array.dtype != np.int8 and array.dtype.kind != "f":
        raise GhostError(
            f"{path}: holds {array.dtype}. Give real values as float32 or float64, or what the "
            "network reads as int8."
        )
    if array.ndim not in (2, 3) or array.shape[-1] != entry.size or not array.size:
        raise GhostError(f"{path}: has shape {array.shape}, {model.name} takes {shape}.")
    windows = array[None] if stream else array
    left_over = 0
    if model.window is not None:
        if stream:
            count, left_over = divmod(len(array), model.window)
            if not count:
                raise GhostError(
                    f"{path}: has {text.count(len(array), 'frame')}, {model.name} takes windows of"
                    f" {model.window}."
                )
            whole = array[: count * model.window]
            windows = whole.reshape(count, model.window, entry.size)
        elif windows.shape[1] != model.window:
            raise GhostError(
                f"{path}: has windows of {text.count(windows.shape[1], 'frame')}, {model.name}"
                f" takes {model.window}."
            )
    if array.dtype == np.int8:
        taken = np.array(windows, np.int8)
        return Samples(path.name, taken, entry.dequantize(taken), 0, left_over, stream)
    real = np.array(windows, np.float64)
    wrong = np.argwhere(~np.isfinite(real))
    if len(wrong):
        place = ", ".join(str(int(i)) for i in wrong[0])
        raise GhostError(
            f"{path}: {text.count(len(wrong), *_INFINITE)} (NaN or infinite), the"
            f" first at [{place}]."
        )
    low, high = entry.range
    half = entry.scale / 2
    clipped = int(((real < low - half) | (real > high + half)).sum())
    return Samples(path.name, entry.quantize(real), real, clipped, left_over, stream)


def _expected(model: Model, samples: Samples, path: Path, array: Array) -> Expected:
    """Take expected answers for what they are."""
    count, frames, _ = samples.inputs.shape
    out = model.tensors[model.outputs[0]]
    one_each = (count, frames) if model.head_per_frame else (count,)
    given = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array  # a CSV column
    answers = one_each[1:] if samples.stream and model.head_per_frame else one_each
    if array.dtype.kind in "US":
        if given.shape != answers:
            raise _misfit(model, path, array, answers, out)
        return Expected(classes=_indices(model, path, given).reshape(one_each))
    if array.dtype.kind not in "fiu":
        raise GhostError(f"{path}: holds {array.dtype}, neither numbers nor labels.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise GhostError(f"{path}: holds values that are no finite numbers.")
    integral = bool((array == np.floor(array)).all())
    if given.shape == answers and integral and (out.size > 1 or _binary(out, given)):
        classes = given.astype(np.int64).reshape(one_each)
        most = max(out.size, 2)
        if classes.min() < 0 or classes.max() >= most:
            wrong = int(classes.min() if classes.min() < 0 else classes.max())
            raise GhostError(f"{path}: class {wrong} is none of the {most} of {model.name}.")
        return Expected(classes=classes)
    if array.shape == (*answers, out.size) or (out.size == 1 and given.shape == answers):
        whole = array.reshape(*one_each, out.size)
        real = out.dequantize(whole) if array.dtype == np.int8 else whole.astype(np.float64)
        return Expected(values=real)
    raise _misfit(model, path, array, answers, out)


def _binary(out: Tensor, given: Array) -> bool:
    """Return whether one output is a probability, and what it should be is yes or no."""
    low, high = out.range
    return low == 0.0 and high < 1.0 and bool(np.isin(given, (0, 1)).all())


def _indices(model: Model, path: Path, labels: Array) -> Array:
    known = {label: i for i, label in enumerate(model.labels)}
    flat = [str(label) for label in labels.reshape(-1)]
    for label in flat:
        if label not in known:
            raise GhostError(
                f"{path}: {model.name} knows no '{text.printable(label)}', but"
                f" {', '.join(known)}.{did_you_mean(label, known)}"
            )
    return np.array([known[label] for label in flat], np.int64)


def _misfit(
    model: Model, path: Path, array: Array, answers: tuple[int, ...], out: Tensor
) -> GhostError:
    return GhostError(
        f"{path}: has shape {array.shape}; {model.name} gives {answers} answers for"
        f" these inputs: give one class each, {answers}, or the outputs, {(*answers, out.size)}."
    )
