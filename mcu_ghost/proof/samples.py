# SPDX-License-Identifier: Apache-2.0
"""Numbers of a user: windows or a stream, as the network reads them, and what they should give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mcu_ghost.host import arrays, text
from mcu_ghost.host.arrays import Array
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ends import End
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.proof import expected
from mcu_ghost.proof.expected import Expected

_INFINITE = "value is no finite number", "values are no finite numbers"


@dataclass(frozen=True, eq=False)
class Taken:
    """What one input reads.

    Attributes:
        end: The input.
        integers: (samples, frames, *shape of a frame) int8.
        real: The same as real numbers, as the file has them.
        clipped: Values out of the input's range, which became its end.
    """

    end: End
    integers: Int8s
    real: Array
    clipped: int = 0

    @property
    def fact(self) -> str:
        """What somebody should know of how its numbers were taken; "" where there is nothing."""
        if not self.clipped:
            return ""
        low, high = self.end.ranges[0]
        reach = "their ranges" if self.end.scales else f"{low:.4g} to {high:.4g}"
        of = f" of {self.end.name}" if self.end.part else ""
        return (
            f"{text.count(self.clipped)} of {text.count(self.real.size, 'value')}{of} are outside"
            f" {reach} and were clipped; the data reach from"
            f" {self.real.min():.4g} to {self.real.max():.4g}"
        )


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs, quantised.

    Attributes:
        name: Of the file.
        taken: What each input reads.
        left_over: Frames behind the last whole window of a stream, which are not used.
        stream: Whether the file holds one stream, not windows.
        expected: What should come out of each output, if the user says so of any.
    """

    name: str
    taken: tuple[Taken, ...]
    left_over: int = 0
    stream: bool = False
    expected: tuple[Expected, ...] = ()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.inputs)

    @cached_property
    def inputs(self) -> Int8s:
        """(samples, frames, values of all inputs) int8."""
        rows = [one.integers.reshape(*one.integers.shape[:2], -1) for one in self.taken]
        return np.concatenate(rows, axis=-1)

    def facts(self) -> list[str]:
        """Return what somebody should know of how the numbers were taken."""
        found = [one.fact for one in self.taken if one.fact]
        if self.left_over:
            found.append(
                f"{text.count(self.left_over, 'frame')} behind the last whole window were left out"
            )
        return found


def read(model: Model, data: Path, expect: Path | None = None) -> Samples:
    """Read inputs and what they should give.

    Args:
        model: The network that they are for.
        data: `.npy`, `.npz` or CSV; for several inputs a `.npz` with an array for each by its
            name. They are (samples, frames, *shape) windows or (frames, *shape), one stream,
            which a network for windows gets in windows; a frame's values may lie in a row. A
            network without frames takes (samples, *shape). Floats are real values and become int8
            by the input's scale; int8 is taken as it is.
        expect: Class indices, labels, or outputs, one for each answer; for several outputs a
            `.npz` with an array for each, or for some. Of a `.npz` with inputs and expected outputs
            both are taken.

    Raises:
        GhostError: A file cannot be read, or does not fit the network.
    """
    ends = model.input_ends
    if len(ends) == 1:
        given = [arrays.read(data, (*arrays.X_NAMES, ends[0].name))]
    else:
        given = list(arrays.read_all(data, [end.name for end in ends]).values())
    found = inputs(model, data, given)
    if expect is None and expected.has_any(model, data):
        expect = data
    if expect is None:
        return found
    frames = found.inputs.shape[1]
    answers = len(range(frames)[model.answered]) if model.head_per_frame else frames
    each = None if _standalone(model) and frames == 1 else answers
    wanted = expected.read(model, expect, len(found), each, found.stream)
    return replace(found, expected=wanted)


def inputs(model: Model, path: Path, given: Sequence[Array]) -> Samples:
    """Check the array of each input and quantise it; see `read`."""
    ends = model.input_ends
    wheres = [f"{path}, array '{end.name}':" if end.part else f"{path}:" for end in ends]
    laid = [
        _laid_out(model, where, end, array)
        for where, end, array in zip(wheres, ends, given, strict=True)
    ]
    counts = {windows.shape[:2] for windows, _, _ in laid}
    if len(counts) > 1:
        shapes = ", ".join(f"{e.name} {w.shape}" for e, (w, _, _) in zip(ends, laid, strict=True))
        raise GhostError(
            f"{path}: its arrays have different numbers of samples or frames: {shapes}."
        )
    _, left_over, stream = laid[0]
    taken = tuple(
        _taken(where, end, windows)
        for where, end, (windows, _, _) in zip(wheres, ends, laid, strict=True)
    )
    return Samples(path.name, taken, left_over, stream)


def _standalone(model: Model) -> bool:
    """Return whether a frame is all there is to a sample: nothing is kept for the next one."""
    return model.frames == 1 and not any(step.variables for step in model.steps)


def _laid_out(model: Model, where: str, end: End, array: Array) -> tuple[Array, int, bool]:
    """Return (samples, frames, *shape of a frame), frames left over, and if it is one stream."""
    if array.dtype.kind in "US":
        raise GhostError(f"{where} holds text, not numbers.")
    if array.dtype != np.int8 and array.dtype.kind != "f":
        raise GhostError(
            f"{where} holds {array.dtype}. Give real values as float32 or float64, or what the "
            "network reads as int8."
        )
    shape, size = end.tensor.shape, end.tensor.size
    leading = next((lead for frame in (shape, (size,))
                    if (lead := _leading(array, frame)) is not None), None)  # fmt: skip
    if leading is None or not array.size:
        raise GhostError(
            f"{where} has shape {array.shape}, {model.name} takes {_form(model, end)}."
        )
    if len(leading) == 2:
        windows = array.reshape(*leading, *shape)
        if model.window is not None and windows.shape[1] != model.window:
            raise GhostError(
                f"{where} has windows of {text.count(windows.shape[1], 'frame')}, {model.name}"
                f" takes {model.window}."
            )
        return windows, 0, False
    if _standalone(model):
        return array.reshape(len(array), 1, *shape), 0, False
    if model.window is None:
        return array.reshape(1, len(array), *shape), 0, True
    count, left_over = divmod(len(array), model.window)
    if not count:
        raise GhostError(
            f"{where} has {text.count(len(array), 'frame')}, {model.name} takes windows of"
            f" {model.window}."
        )
    whole = array[: count * model.window]
    return whole.reshape(count, model.window, *shape), left_over, True


def _leading(array: Array, frame: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the one or two axes before those of a frame; None if it has no such form."""
    axes = array.ndim - len(frame)
    return array.shape[:axes] if axes in (1, 2) and array.shape[axes:] == frame else None


def _form(model: Model, end: End) -> str:
    """Return the shapes that an input takes, in words."""
    frame = ", ".join(map(str, end.tensor.shape)) or "1"
    if _standalone(model):
        return f"(samples, {frame})"
    return f"(samples, frames, {frame}) or, one stream, (frames, {frame})"


def _taken(where: str, end: End, windows: Array) -> Taken:
    """Quantise one input's numbers."""
    if windows.dtype == np.int8:
        integers = np.array(windows, np.int8)
        return Taken(end, integers, end.dequantize(integers))
    real = np.array(windows, np.float64)
    wrong = np.argwhere(~np.isfinite(real))
    if len(wrong):
        place = ", ".join(str(int(i)) for i in wrong[0])
        raise GhostError(
            f"{where} {text.count(len(wrong), *_INFINITE)} (NaN or infinite), the first at"
            f" [{place}]."
        )
    low, high = np.array(end.ranges).T
    half = (high - low) / 510
    clipped = int(((real < low - half) | (real > high + half)).sum())
    return Taken(end, end.quantize(real), real, clipped)
