# SPDX-License-Identifier: Apache-2.0
"""Models of words: what one says of itself, and what a board must report of a sound.

Whatever reads `front_end`, `features_to_int8`, `detector` and the like in a model's metadata asks
`task_of`, `need_task` or `listening` here.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from mcu_ghost.host import schema, text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about, reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import audio, detector, enhancement
from mcu_ghost.sound.audio import Formula
from mcu_ghost.sound.front_end import FrontEndSettings, Samples
from mcu_ghost.sound.lines import Word

KIND = "micro_features"
RATE = audio.RATE  # that microphones have
SHORTEST_PAUSE_MS = 500  # of silence behind each recording


@dataclass(frozen=True)
class _Kind:
    """`front_end`, besides its settings."""

    kind: Literal["micro_features"]
    clip_ms: Annotated[int, Meta(ge=100, le=60_000)] = audio.CLIP_MS


@dataclass(frozen=True)
class _Given:
    """What decides whether the rest can be read."""

    front_end: _Kind


@dataclass(frozen=True)
class _Frame:
    """`frame`."""

    hop_ms: Annotated[float, Meta(ge=1, le=10_000)] | None = None


@dataclass(frozen=True)
class _Metadata:
    """The keys of the metadata that are read here; all others are left alone."""

    front_end: FrontEndSettings
    features_to_int8: Formula
    detector: detector.Given | None = None
    frame: _Frame | None = None
    reset: str = "clip"


@dataclass(frozen=True)
class KeywordTask:
    """What a model of words says of itself: how it hears, and how its scores become words.

    Attributes:
        model: The model's name.
        front_end: From sound to features.
        formula: From features to the network's input.
        clip_ms: Recordings are cut or padded to this length; None: it listens without end.
        detector: From scores to words; None where a recording has one answer, at its end.
    """

    model: str
    front_end: FrontEndSettings
    formula: Formula
    clip_ms: int | None
    detector: detector.DetectorSettings | None

    @property
    def pause_ms(self) -> int:
        """Silence behind a recording, after which the next one's word can be reported.

        A word is complete a little after its end, and the detector is quiet for a while then.
        """
        if self.detector is None:
            return SHORTEST_PAUSE_MS
        longest = max((word.refractory for word in self.detector.words), default=0)
        quiet = (longest + self.detector.window) * self.front_end.frame_ms
        return max(SHORTEST_PAUSE_MS, quiet)

    def recording(self, path: Path) -> Samples:
        """Return a recording of any rate as it is played to a board, with silence behind it.

        Raises:
            GhostError: It cannot be used.
        """
        rate = self.front_end.sample_rate
        pause = np.zeros(self.pause_ms * rate // 1000, np.int16)
        return np.concatenate([audio.read(path, rate), pause])

    def frames(self, samples: Samples) -> Int8s:
        """Return the network's input, (frames, inputs) int8, for samples at its rate."""
        return audio.to_int8(audio.frames(samples, self.front_end), self.formula)

    def features(self, source: Path | str | Samples) -> Int8s:
        """Return the network's frames of one recording.

        Args:
            source: A WAV or FLAC file, or int16 samples at the model's rate.

        Returns:
            (frames, inputs) int8; as many frames as training clips had, whatever the recording's
            length, unless the model listens without end.

        Raises:
            GhostError: The recording is not usable.
        """
        rate = self.front_end.sample_rate
        if isinstance(source, np.ndarray):
            samples, name = source, "The samples"
            samples = audio.usable(samples, name, rate)
        else:
            samples, name = audio.read(Path(source), rate), str(source)
        if self.clip_ms is not None:
            samples = audio.cut(samples, self.clip_ms, rate)
        found = self.frames(samples)
        if not len(found):
            first_ms = self.front_end.hops(0) * self.front_end.hop_ms
            raise GhostError(f"{name}: is shorter than a frame of the model, {first_ms} ms.")
        return found


def task_of(model: Model) -> KeywordTask | None:
    """Return what a model says of sound, or None where it says nothing.

    Raises:
        GhostError: It says something impossible, in which the message names the key, or its input
            is not what its front end makes.
    """
    given = model.metadata
    if given.get("front_end") is None and given.get("detector") is None:
        return None
    where = f"The model '{model.name}'"
    settings = schema.build(given, _Given, where, closed=False).front_end
    said = schema.build(given, _Metadata, where, closed=False)
    size, inputs = model.tensors[model.inputs[0]].size, said.front_end.inputs
    if len(model.inputs) != 1 or len(model.outputs) != 1 or size != inputs:
        raise GhostError(
            f"{where} reads {text.count(size, 'value')}, but its front end makes {inputs}: it"
            " must have one input, one frame of features, and one output."
        )
    chosen = None
    if said.detector is not None:
        if said.frame is None or said.frame.hop_ms is None:
            raise GhostError(f"{where}: frame.hop_ms is missing, which its detector needs.")
        try:
            chosen = detector.settings(said.detector, model.labels, said.frame.hop_ms)
        except ValueError as error:
            raise GhostError(f"{where}: {error}") from error
    return KeywordTask(
        model=model.name,
        front_end=said.front_end,
        formula=said.features_to_int8,
        clip_ms=None if said.reset == "never" else settings.clip_ms,
        detector=chosen,
    )


def need_task(model: Model) -> KeywordTask:
    """Return what a model says of sound.

    Raises:
        GhostError: Nothing, or something impossible.
    """
    task = task_of(model)
    if task is None:
        _refuse_other(model)
        raise GhostError(
            f"The model '{model.name}' does not say how to turn audio into its input, so"
            " recordings cannot be played to it. Convert it with a front end."
        )
    return task


def _refuse_other(model: Model) -> None:
    """Say of a model that is for something else what it is for."""
    if model.metadata.get("task") == enhancement.TASK:
        raise GhostError(
            f"The model '{model.name}' cleans speech and hears no words: `mcu-ghost denoise` gives"
            " it recordings."
        )


def listening(model: Model) -> tuple[KeywordTask, detector.DetectorSettings]:
    """Return how a model that listens without end hears, and how its scores become words.

    Raises:
        GhostError: It does not say, or it does not end in a softmax for each frame.
    """
    task = task_of(model)
    if task is None or task.detector is None or not model.head_per_frame:
        _refuse_other(model)
        raise GhostError(
            f"The model '{model.name}' does not say how its scores become words, frame by frame."
            " `mcu-ghost train` makes models that listen without end."
        )
    scores = model.tensors[model.outputs[0]]
    if (scores.scale, scores.zero_point) != (1 / detector.FULL_SCALE, -128):
        raise GhostError(f"The model '{model.name}' must end in a softmax for its scores to count.")
    return task, task.detector


def given(model: Model) -> detector.Given:
    """Return how the scores of a model become words, as its metadata says it.

    Raises:
        GhostError: It does not say, or something impossible.
    """
    _refuse_other(model)
    found = schema.build(model.metadata, _Metadata, f"The model '{model.name}'", closed=False)
    if found.detector is None:
        raise GhostError(f"The model '{model.name}' does not say how its scores become words.")
    return found.detector


def at_sensitivity(model: Model, chosen: detector.Sensitivity) -> Model:
    """Return a model with the thresholds of a sensitivity, and nothing else changed.

    Raises:
        GhostError: One of its words does not say the threshold, or it hears no words.
    """
    words = given(model).words
    found = {label: word.sensitivity.get(chosen) for label, word in words.items()}
    missing = [label for label, threshold in found.items() if threshold is None]
    if missing:
        raise GhostError(
            f"The model '{model.name}' has no threshold for {chosen} sensitivity of"
            f" {', '.join(missing)}. `mcu-ghost tune` finds them by recordings."
        )
    return with_thresholds(model, {k: t for k, t in found.items() if t is not None})


def with_thresholds(
    model: Model,
    thresholds: Mapping[str, float],
    sensitivity: Mapping[detector.Sensitivity, float] | None = None,
) -> Model:
    """Return a model with other thresholds, and nothing else changed.

    Args:
        model: One that hears words.
        thresholds: Of words.
        sensitivity: Thresholds of all words by name; None: as they are.
    """
    said = copy.deepcopy(model.metadata)
    for label, word in said["detector"]["words"].items():
        word["threshold"] = thresholds.get(label, word["threshold"])
        if sensitivity is not None:
            word["sensitivity"] = dict(sensitivity)
    return replace(model, metadata=said)


def metadata(
    name: str,
    labels: Sequence[str],
    front_end: FrontEndSettings,
    formula: Formula,
    given: detector.Given,
) -> dict[str, Any]:
    """Return what the file of a model that listens without end says, besides its training.

    Args:
        name: The model's.
        labels: Of its outputs.
        front_end: From sound to features.
        formula: From features to the network's input.
        given: From scores to words.
    """
    return {
        "version": about.VERSION,
        "name": name,
        "task": "keywords",
        "labels": list(labels),
        "frame": {"shape": [front_end.inputs], "hop_ms": front_end.frame_ms},
        "reset": "never",
        "front_end": {"kind": KIND} | asdict(front_end),
        "features_to_int8": asdict(formula),
        "detector": given.as_said(),
    }


@dataclass(frozen=True, eq=False)
class Expected:
    """What a board must report of some sound.

    Attributes:
        words: The lines that it sends of them.
        crcs: CRC-32 of all outputs after each hop that was not lost, by the milliseconds of sound.
    """

    words: tuple[Word, ...]
    crcs: dict[int, int]


def expected(model: Model, samples: Samples, lost: Sequence[tuple[int, int]] = ()) -> Expected:
    """Compute what a board must report.

    Args:
        model: A network that listens without end.
        samples: Whole hops of int16.
        lost: (first, count) of hops that the board dropped.

    Raises:
        GhostError: The model does not say how it hears or how its scores become words.
    """
    task, chosen = listening(model)
    settings = task.front_end
    hops = samples.reshape(-1, settings.hop)
    kept = np.ones(len(hops), bool)
    for first, count in lost:
        kept[first : first + count] = False
    ends = (np.flatnonzero(kept) + 1) * settings.hop_ms  # of each hop, in milliseconds of sound
    frames = task.frames(hops[kept].reshape(-1))
    outputs = reference.run(model, frames) if len(frames) else np.zeros((0, 1), np.int8)
    at = settings.hops(np.arange(len(frames))) - 1  # the hop that completes each frame
    crc, crcs, done = 0, {}, 0
    for hop, end in enumerate(ends.tolist()):
        if done < len(at) and at[done] == hop:
            crc = zlib.crc32(outputs[done].tobytes(), crc)
            done += 1
        crcs[end] = crc
    words = tuple(
        reported(event, int(ends[at[event.frame]]), chosen.window)
        for event in (detector.events(outputs, chosen) if len(frames) else ())
    )
    return Expected(words, crcs)


def reported(event: detector.Event, ms: int, window: int) -> Word:
    """Return the line by which a word is reported.

    Args:
        event: What was recognised.
        ms: When, in milliseconds of sound.
        window: Of the detector.
    """
    score = event.sum * 1000 // (detector.FULL_SCALE * window) / 1000
    return Word(word=event.label, ms=ms, score=score, sum=event.sum)
