# SPDX-License-Identifier: Apache-2.0
"""Float, integer reference and image side by side on a user's own numbers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcu_ghost.host import text
from mcu_ghost.host.arrays import Array
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.ends import End
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.proof import verify
from mcu_ghost.proof.expected import Expected
from mcu_ghost.proof.samples import Samples

FLOAT, REFERENCE, IMAGE = "float", "reference", "image"


@dataclass(frozen=True)
class Row:
    """One number of each of them.

    Attributes:
        what: Which, in words.
        samples: On how many samples.
        numbers: By `FLOAT`, `REFERENCE` and `IMAGE`, whichever there is.
        share: Whether it is a share, 0 to 1.
        output: Of which output, if there are several.
    """

    what: str
    samples: int
    numbers: dict[str, float]
    share: bool
    output: str = ""


@dataclass(frozen=True)
class Worst:
    """The sample that is furthest off.

    Attributes:
        sample: Its number, from 0.
        frame: Where an answer is for a frame, which; None of others.
        off: How far, in the outputs' unit.
        against: What it is off from.
        expected: What should have come, a label or values; None where nobody said.
        answers: What came from each.
        output: Of which output, if there are several.
    """

    sample: int
    frame: int | None
    off: float
    against: str
    expected: str | None
    answers: dict[str, str]
    output: str = ""


@dataclass(frozen=True)
class Judgement:
    """What came of a user's samples.

    Attributes:
        file: Their file.
        samples: How many there are.
        emulated: How many of them the image ran.
        frames: Frames that the image ran.
        facts: What somebody should know of how they were taken.
        rows: Numbers side by side.
        worst: The sample that is furthest off, of several outputs by their ranges; None where
            there is nothing to be off from.
    """

    file: str
    samples: int
    emulated: int
    frames: int
    facts: tuple[str, ...]
    rows: tuple[Row, ...]
    worst: Worst | None

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return dataclasses.asdict(self)

    def number(self, what: str) -> float | None:
        """Return the image's number of a row, of several outputs the worst; None for no row."""
        rows = [row for row in self.rows if row.what == what and IMAGE in row.numbers]
        found = [row.numbers[IMAGE] for row in rows]
        if not found:
            return None
        return min(found) if rows[0].share else max(found)


@dataclass(frozen=True, eq=False)
class Selection:
    """The part of the samples that an image runs.

    Attributes:
        samples: All of them.
        chosen: The numbers of those that run.
        frames: Frames of each.
        floats: What the network answers in float to all samples, an array for each output:
            (samples, frames, *shape) or (samples, *shape).
    """

    samples: Samples
    chosen: Array = field(repr=False)
    frames: int
    floats: Sequence[Array] | None = field(default=None, repr=False)

    @property
    def hash(self) -> str:
        """Of what runs and what should come of it: of others, numbers cannot be compared."""
        wanted = self.samples.expected or (Expected(),)
        parts: list[Array | None] = [self.chosen, self.samples.inputs]
        parts += [part for one in wanted for part in (one.classes, one.values)]
        digest = hashlib.sha256(str(self.frames).encode())
        for part in parts:
            digest.update(b"" if part is None else part.tobytes())
        return digest.hexdigest()[:32]

    @property
    def sequences(self) -> list[verify.Sequence]:
        """What runs, as the proof takes it."""
        return [
            verify.Sequence(
                f"{self.samples.name}, sample {i}", self.samples.inputs[i, : self.frames]
            )
            for i in self.chosen
        ]


def select(
    model: Model, samples: Samples, most_frames: int, floats: Sequence[Array] | None = None
) -> Selection:
    """Take as many samples as make up so many frames, evenly spaced, but at least one.

    Of one stream to a network that answers each frame, it is the beginning.
    """
    count, frames, _ = samples.inputs.shape
    most = max(1, most_frames // frames)
    chosen = np.arange(count)
    if count > most:
        chosen = np.linspace(0, count - 1, most).astype(int)
    cut = model.head_per_frame and len(chosen) == 1
    return Selection(samples, chosen, min(frames, most_frames) if cut else frames, floats)


def judge(model: Model, selection: Selection, outputs: Sequence[Int8s]) -> Judgement:
    """Compare what an image answered with the reference, with float, and with what should come.

    Args:
        model: The network.
        selection: What the image ran.
        outputs: Its answers to all sequences, of which these were the last: (frames, outputs) of
            each, or (outputs,).

    Raises:
        GhostError: The answers in float have another shape than the network's.
    """
    ends, samples = model.output_ends, selection.samples
    floats = selection.floats
    if floats is not None and len(floats) != len(ends):
        raise GhostError(
            f"The float model gives {text.count(len(floats), 'output')}, {model.name} {len(ends)}."
            " Is it the one that was converted?"
        )
    wanted = samples.expected or (Expected(),) * len(ends)
    found = [reference.run(model, samples.inputs),
             np.stack(outputs[len(outputs) - len(selection.chosen) :])]  # fmt: skip
    if model.head_per_frame:
        found = [every[:, model.answered] for every in found]
    run, images = (model.dequantize(every) for every in found)
    rows: list[Row] = []
    worst: tuple[float, Worst | None] = -1.0, None
    for i, end in enumerate(ends):
        own = None if floats is None else floats[i]
        both = run[end.name], images[end.name]
        more, furthest = _judge(model, selection, end, wanted[i], *both, own)
        rows += more
        width = end.maximum - end.minimum
        if furthest is not None and furthest.off / width > worst[0]:
            worst = furthest.off / width, furthest
    return Judgement(
        file=samples.name,
        samples=len(samples),
        emulated=len(selection.chosen),
        frames=len(selection.chosen) * selection.frames,
        facts=tuple(samples.facts()),
        rows=tuple(rows),
        worst=worst[1],
    )


def _judge(
    model: Model,
    selection: Selection,
    end: End,
    expected: Expected,
    run: Array,
    image: Array,
    floats: Array | None,
) -> tuple[list[Row], Worst | None]:
    """Compare one output: all of the reference's answers, and the image's to what it ran."""
    samples, chosen = selection.samples, selection.chosen
    if not end.tensor.shape:  # a number without an axis
        run, image = run[..., None], image[..., None]
    whole: dict[str, Array] = {REFERENCE: run}
    if floats is not None:
        if model.ticks:  # the last answers need frames that a stream waits for
            floats = floats[:, : run.shape[1]]
        if floats.size != run.size:
            raise GhostError(
                f"The float model gives outputs of shape {floats.shape}, {model.name}"
                f" {run.shape}. Is it the one that was converted?"
            )
        whole = {FLOAT: np.asarray(floats, np.float64).reshape(run.shape), **whole}

    def cut(values: Array | None) -> Array | None:
        if values is None or not model.head_per_frame:
            return None if values is None else values[chosen]
        return values[chosen, : image.shape[1]]

    part = {name: values for name, v in whole.items() if (values := cut(v)) is not None}
    part[IMAGE] = image
    wanted = Expected(cut(expected.classes), cut(expected.values))
    rows = _rows(wanted, part, len(chosen))
    if part[REFERENCE].size < whole[REFERENCE].size:
        rows += _rows(expected, whole, len(samples))
    name = end.name if end.part else ""
    rows = [dataclasses.replace(row, output=name) for row in rows]
    worst = _worst(end, selection, wanted, part)
    return rows, worst and dataclasses.replace(worst, output=name)


def classes(scores: Array) -> Array:
    """Return the class that scores (…, outputs) name; of one output, whether it is above a half."""
    return scores.argmax(-1) if scores.shape[-1] > 1 else (scores[..., 0] > 0.5).astype(np.int64)


def _rows(expected: Expected, answers: dict[str, Array], samples: int) -> list[Row]:
    rows = []
    if expected.classes is not None:
        right = {n: float((classes(a) == expected.classes).mean()) for n, a in answers.items()}
        rows.append(Row("accuracy", samples, right, True))
    if expected.values is not None:
        rows += _errors("error", expected.values, answers, samples)
    if FLOAT in answers:
        rest = {name: a for name, a in answers.items() if name != FLOAT}
        if answers[FLOAT].shape[-1] > 1 and expected.values is None:
            same = {n: float((classes(a) == classes(answers[FLOAT])).mean())
                    for n, a in rest.items()}  # fmt: skip
            rows.append(Row("same class as float", samples, same, True))
        rows += _errors("difference from float", answers[FLOAT], rest, samples)
    return rows


def _errors(what: str, exact: Array, answers: dict[str, Array], samples: int) -> list[Row]:
    off = {name: np.abs(a - exact) for name, a in answers.items()}
    return [
        Row(f"mean {what}", samples, {n: float(a.mean()) for n, a in off.items()}, False),
        Row(f"largest {what}", samples, {n: float(a.max()) for n, a in off.items()}, False),
    ]


def _worst(
    end: End, selection: Selection, expected: Expected, answers: dict[str, Array]
) -> Worst | None:
    """Return where the image is furthest from what should come, or from float."""
    image = answers[IMAGE]
    if expected.values is not None:
        off, against = np.abs(image - expected.values).max(-1), "what was expected"
    elif expected.classes is not None and image.shape[-1] > 1:
        right = np.take_along_axis(image, expected.classes[..., None], -1)[..., 0]
        off, against = image.max(-1) - right, "what was expected"
    elif expected.classes is not None:
        off, against = np.abs(image[..., 0] - expected.classes), "what was expected"
    elif FLOAT in answers:
        off, against = np.abs(image - answers[FLOAT]).max(-1), "float"
    else:
        return None
    place = np.unravel_index(int(off.argmax()), off.shape)
    said = None
    if expected.classes is not None:
        said = _label(end, int(expected.classes[place]))
    elif expected.values is not None:
        said = _values(expected.values[place])
    shown = {
        name: _values(a[place])
        if expected.classes is None
        else f"{_label(end, int(classes(a[place])))} {float(a[place].max()):.2f}"
        for name, a in answers.items()
    }
    frame = int(place[1]) if off.shape[1:] and off.shape[1] > 1 else None
    sample = int(selection.chosen[place[0]])
    return Worst(sample, frame, float(off[place]), against, said, shown)


def _label(end: End, index: int) -> str:
    several = len(end.labels) > 1  # a single output says yes or no
    return end.labels[index] if several else str(index)


def _values(values: Array) -> str:
    shown = ", ".join(f"{v:.4g}" for v in values[:4])
    return shown + (" …" if len(values) > 4 else "")
