# SPDX-License-Identifier: Apache-2.0
"""A training recipe: a TOML file that holds everything that decides a run, besides the sounds.

Folders are relative to the recipe. `examples/wake_words/recipe.toml` is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import detector
from mcu_ghost.sound.audio import CLIP_MS, RATE
from mcu_ghost.sound.data.sections import FrontEnd, Negatives, Scenes, Words
from mcu_ghost.sound.detector import GivenWord
from mcu_ghost.sound.front_end_tables import FrontEndSettings


@dataclass(frozen=True)
class Network:
    """`[network]`.

    Attributes:
        dense: Units of a layer with ReLU in front of the recurrent one; 0: none.
        units: Of the recurrent layer.
        ratio: Units for each intrinsic one; 1 is a plain GRU.
        dropout: Of the recurrent layer's outputs.
    """

    dense: Annotated[int, Meta(ge=0, le=4096)] = 48
    units: Annotated[int, Meta(ge=1, le=4096)] = 144
    ratio: Annotated[int, Meta(ge=1, le=64)] = 2
    dropout: Annotated[float, Meta(ge=0, le=0.9)] = 0.2

    def __post_init__(self) -> None:
        if self.ratio > self.units:
            raise ValueError("ratio is more than network.units.")


@dataclass(frozen=True)
class Training:
    """`[training]`.

    Attributes:
        epochs: Of float training, at most.
        qat_epochs: Of training with the integer network's rounding after it, at most.
        patience: Epochs without a better validation loss after which a phase ends.
        streams: Sequences side by side.
        frames: Frames between two steps of the optimizer; the state is carried on.
        learning_rate: Of float training at its start; it falls to zero along a cosine.
        qat_learning_rate: Of quantisation-aware training, likewise.
        label_smoothing: Keeps scores from all being 1, so that a threshold can tell them apart.
        class_balance: 0 counts every frame the same, 1 every class, however rare its frames are.
        time_masks: SpecAugment: masks of up to `mask_frames` in each sequence and step.
        mask_frames: Longest time mask.
        channel_masks: SpecAugment: masks of up to `mask_channels` in each sequence and step.
        mask_channels: Widest channel mask.
        seed: Of scenes, weights, order, dropout and masks.
        workers: Of `tf.distribute.MultiWorkerMirroredStrategy`, `host:port` each; empty: this
            process alone. Which one a process is, `--worker` says.
    """

    epochs: Annotated[int, Meta(ge=1, le=10_000)] = 14
    qat_epochs: Annotated[int, Meta(ge=1, le=10_000)] = 5
    patience: Annotated[int, Meta(ge=1, le=10_000)] = 5
    streams: Annotated[int, Meta(ge=1, le=4096)] = 128
    frames: Annotated[int, Meta(ge=1, le=10_000)] = 75
    learning_rate: Annotated[float, Meta(ge=1e-7, le=1)] = 2e-3
    qat_learning_rate: Annotated[float, Meta(ge=1e-7, le=1)] = 4e-4
    label_smoothing: Annotated[float, Meta(ge=0, le=0.5)] = 0.0
    class_balance: Annotated[float, Meta(ge=0, le=1)] = 0.25
    time_masks: Annotated[int, Meta(ge=0, le=10)] = 2
    mask_frames: Annotated[int, Meta(ge=1, le=1000)] = 8
    channel_masks: Annotated[int, Meta(ge=0, le=10)] = 2
    mask_channels: Annotated[int, Meta(ge=1, le=40)] = 6
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    workers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detector:
    """`[detector]`: how scores become words; the threshold is chosen on validation.

    Attributes:
        window: Frames whose scores are added.
        refractory_ms: In which nothing follows a word.
        false_accepts_per_hour: What all words together may have on the validation negatives.
    """

    window: detector.Window = 10
    refractory_ms: Annotated[int, Meta(ge=0, le=detector.LONGEST_REFRACTORY_MS)] = 800
    false_accepts_per_hour: Annotated[float, Meta(ge=0, le=10_000)] = 1.0

    def given(self, labels: Sequence[str], threshold: float = 1.0) -> detector.Given:
        """Return what a model says of itself, before thresholds are chosen."""
        word = GivenWord(threshold, self.refractory_ms)
        return detector.Given(self.window, dict.fromkeys(labels, word))


@dataclass(frozen=True)
class Recipe:
    """A whole run.

    Attributes:
        name: The file's name; the model is called so.
        words: Recordings of the words.
        negatives: Recordings without them.
        front_end: How sound becomes frames.
        network: The recurrent layer.
        scenes: The long mixtures.
        training: How it is trained.
        detector: How scores become words.
        board: Whose memory and instructions the report shows.
        clip_ms: Longest recording of a word, milliseconds; longer ones are cut to the loudest part.
        task: What it is for; recipes for "enhancement" are of another kind.
    """

    name: str
    words: Words
    negatives: tuple[Negatives, ...] = ()
    front_end: FrontEnd = field(default_factory=FrontEnd)
    network: Network = field(default_factory=Network)
    scenes: Scenes = field(default_factory=Scenes)
    training: Training = field(default_factory=Training)
    detector: Detector = field(default_factory=Detector)
    board: str = "nrf52840"
    clip_ms: Annotated[int, Meta(ge=100, le=10_000)] = CLIP_MS
    task: Literal["keywords"] = "keywords"

    @property
    def seed(self) -> int:
        """Of scenes, weights, order, dropout and masks."""
        return self.training.seed

    @property
    def settings(self) -> FrontEndSettings:
        """The front end's settings, for 16 kHz sound.

        Raises:
            ValueError: Two of them do not go together.
        """
        return FrontEndSettings(sample_rate=RATE, **asdict(self.front_end))


def of_folder(folder: Path) -> Recipe:
    """Return a recipe for a first try with the words of a data set: minutes, not hours.

    So few hours are worth many small steps.

    Args:
        folder: In Speech Commands layout; the recipe is called as it is, and relative to what is
            around it.
    """
    name = folder.resolve().name
    return Recipe(
        name,
        Words((name,)),
        scenes=Scenes(train_hours=2.0, validation_hours=0.3, noise_hours=0.2),
        training=Training(epochs=6, qat_epochs=2, streams=32, learning_rate=4e-3),
    )


def for_enhancement(path: Path) -> bool:
    """Return whether a recipe is of a network that cleans speech: that is another kind of file.

    Raises:
        GhostError: It cannot be read.
    """
    found = schema.parsed(path)
    return isinstance(found, dict) and found.get("task") == "enhancement"


def read(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        GhostError: Unreadable, an unknown key, or a value that makes no sense.
    """
    if for_enhancement(path):
        raise GhostError(f"{path}: is a recipe for enhancement; here it takes one of words.")
    recipe = schema.read(path, Recipe)
    try:
        settings = recipe.settings
    except ValueError as error:
        raise GhostError(f"{path}: front_end.{error}") from error
    if settings.frame_ms > 100:
        raise GhostError(f"{path}: front_end.step leaves less than 10 frames a second.")
    return recipe
