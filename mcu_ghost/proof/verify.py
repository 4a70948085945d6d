# SPDX-License-Identifier: Apache-2.0
"""Proves an image: the same vectors through it and the reference, compared byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_ghost.boards import Board
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.network.tflite import write
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.messages import Hello
from mcu_ghost.sound import detector, keywords
from mcu_ghost.sound.front_end import Samples

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Recognised:
    """What the image made of a recording.

    Attributes:
        file: The recording.
        label: The class with the highest score; of a model that listens without end the word
            that was reported, with the highest score if there were several, or "" for none.
        score: That score, 0 to 1.
        ms: When a word was reported, from the recording's beginning; None of other models.
    """

    file: str
    label: str
    score: float
    ms: int | None = None


@dataclass(frozen=True)
class Comparison:
    """The outcome of a verification.

    Attributes:
        cases: Sequences compared: golden cases and recordings.
        frames: Frames compared.
        mismatches: Bytes of outputs and state that differ.
        first: Where the first difference is, in words; "" where there is none.
        recognised: One entry for each recording.
        outputs: What the image answered to each sequence: (frames, outputs) int8 where it answers
            each frame, else (outputs,).
    """

    cases: int
    frames: int
    mismatches: int
    first: str
    recognised: tuple[Recognised, ...]
    outputs: tuple[Int8s, ...] = ()


@dataclass(frozen=True, eq=False)
class Sequence:
    """Frames to compare, (frames, inputs) int8, and the recording they come from, if any."""

    name: str
    frames: Int8s
    file: str = ""


def sequences(model: Model, cases: int, frames: int, recordings: Iterable[Path]) -> list[Sequence]:
    """Return golden cases and recordings as sequences.

    Raises:
        GhostError: A recording cannot be used, or the model does not say how to hear.
    """
    found = [Sequence(f"case {i}", x) for i, x in enumerate(random_inputs(0, model, cases, frames))]
    for path in recordings:
        task = keywords.need_task(model)
        sound: Path | Samples = path
        if task.detector is not None:  # the last word is complete only a little after its end
            sound = task.recording(path)
        found.append(Sequence(path.name, task.features(sound), str(path)))
    return found


def run(link: Link, model: Model, work: list[Sequence], progress: Progress) -> Comparison:
    """Run sequences on a board and compare every output byte and the state after each.

    Args:
        link: To a board that runs the `stream` app.
        model: The network that the image was built from.
        work: What to run.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: The board runs another model, crashed, or stopped answering.
    """
    validate_model(link.hello(), model)
    differences: list[str] = []
    mismatches = 0
    recognised: list[Recognised] = []
    answers: list[Int8s] = []
    for sequence in work:
        runner = reference.Runner(model)
        link.reset()
        expected = []
        for frame in sequence.frames:
            runner.step(frame)
            if model.head_per_frame:
                expected.append(runner.answer())
        outputs = link.frames(sequence.frames, progress)
        checks: list[tuple[str, Int8s, Int8s]] = []
        if model.head_per_frame:
            checks.append(("output", np.stack(expected), outputs))
        final = link.head()
        checks.append(("result", runner.answer(), final))
        checks.append(("state", runner.state_bytes(), np.frombuffer(link.state(), np.int8)))
        for what, want, got in checks:
            count, words = _compare(f"{sequence.name}, {what}", want, got)
            mismatches += count
            differences += [words] if count else []
        answers.append(outputs if model.head_per_frame else final)
        if sequence.file:
            listens = keywords.need_task(model).detector is not None
            recognised.append(_reported(model, sequence.file, outputs) if listens
                         else _recognised(model, sequence.file, final))  # fmt: skip
    return Comparison(
        cases=len(work),
        frames=sum(len(s.frames) for s in work),
        mismatches=mismatches,
        first=differences[0] if differences else "",
        recognised=tuple(recognised),
        outputs=tuple(answers),
    )


def validate_model(hello: Hello, model: Model) -> None:
    """Check that a board runs a model.

    Raises:
        GhostError: It runs another one.
    """
    if bytes(hello.model_hash) != write.model_hash(model):
        raise GhostError(
            f"The board runs another model ({hello.model_name}). Build and flash this one first."
        )


def longest(board: Board, model: Model, frame_bytes: int | None = None, besides: int = 0) -> float:
    """Return the seconds of its own time after which a board must have answered a packet.

    No kernel takes 16 instructions for a multiplication and 400 for a unit; a packet holds 240
    bytes, the state or one frame.

    Args:
        board: The board.
        model: The network.
        frame_bytes: Of a frame of the link; that of the network if None.
        besides: Instructions for a frame that are not the network's.
    """
    size = frame_bytes or model.input_size
    packet = max(320, size, model.state_bytes)
    frames = packet // size
    work = besides + sum(16 * step.macs + 400 * step.y.size for step in model.steps)
    wire = 2 * 10 * packet / board.console.baud
    return 0.02 + wire + work * frames / board.cpu.clock_hz


def _compare(where: str, want: Int8s, got: npt.NDArray[np.int8]) -> tuple[int, str]:
    """Return how many bytes differ, and the first difference in words."""
    if want.shape != got.shape:
        return want.size, f"{where}: expected {count(want.size, 'byte')}, got {got.size}"
    wrong = np.argwhere(want != got)
    if not len(wrong):
        return 0, ""
    place = tuple(int(i) for i in wrong[0])
    index = ", ".join(map(str, place))
    return len(wrong), f"{where} [{index}]: expected {want[place]}, got {got[place]}"


def _recognised(model: Model, file: str, final: Int8s) -> Recognised:
    best = int(final.argmax())
    tensor = model.tensors[model.outputs[0]]
    score = (int(final[best]) - tensor.zero_point) * tensor.scale
    return Recognised(file, model.labels[best], round(score, 4))


def _reported(model: Model, file: str, outputs: Int8s) -> Recognised:
    task, chosen = keywords.listening(model)
    settings = task.front_end
    events = detector.events(outputs, chosen)
    if not events:
        return Recognised(file, "", 0.0)
    best = max(events, key=lambda event: event.sum)
    score = best.sum / (detector.FULL_SCALE * chosen.window)
    return Recognised(
        file, best.label, round(score, 4), int(settings.hops(best.frame)) * settings.hop_ms
    )
