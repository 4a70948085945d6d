# SPDX-License-Identifier: Apache-2.0
"""A training recipe: a TOML file that holds everything that decides a run, besides the sounds.

Folders are relative to the recipe. `examples/wake_words/recipe.toml` is one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.audio import RATE
from mcu_ghost.sound.data.sections import FrontEnd, Negatives, Scenes, Words
from mcu_ghost.sound.front_end_tables import Settings

Use = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Network:
    """`[network]`.

    Attributes:
        units: Of the recurrent layer.
        ratio: Units for each intrinsic one; 1 is a plain GRU.
        dropout: Of the recurrent layer's outputs.
    """

    units: int = 154
    ratio: int = 2
    dropout: float = 0.2


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

    epochs: int = 14
    qat_epochs: int = 5
    patience: int = 5
    streams: int = 128
    frames: int = 75
    learning_rate: float = 2e-3
    qat_learning_rate: float = 4e-4
    label_smoothing: float = 0.0
    class_balance: float = 0.25
    time_masks: int = 2
    mask_frames: int = 8
    channel_masks: int = 2
    mask_channels: int = 6
    seed: int = 1
    workers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detector:
    """`[detector]`: how scores become words; the threshold is chosen on validation.

    Attributes:
        window: Frames whose scores are added.
        refractory_ms: In which nothing follows a word.
        false_accepts_per_hour: What all words together may have on the validation negatives.
    """

    window: int = 10
    refractory_ms: int = 800
    false_accepts_per_hour: float = 1.0


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
    clip_ms: int = 1500

    @property
    def seed(self) -> int:
        """Of scenes, weights, order, dropout and masks."""
        return self.training.seed

    @property
    def settings(self) -> Settings:
        """The front end's settings, for 16 kHz sound.

        Raises:
            GhostError: One of them is out of its range.
        """
        return Settings(sample_rate=RATE, **asdict(self.front_end))


_RANGES: dict[str, tuple[float, float]] = {
    "network.units": (1, 4096),
    "network.ratio": (1, 64),
    "network.dropout": (0, 0.9),
    "scenes.train_hours": (0.01, 1000),
    "scenes.validation_hours": (0.01, 1000),
    "scenes.noise_hours": (0.01, 1000),
    "scenes.words": (0.01, 1),
    "scenes.cut_words": (0, 0.9),
    "scenes.quiet": (0, 1),
    "scenes.reverb": (0, 1),
    "scenes.speed": (0, 1),
    "training.epochs": (1, 10_000),
    "training.qat_epochs": (1, 10_000),
    "training.patience": (1, 10_000),
    "training.streams": (1, 4096),
    "training.frames": (1, 10_000),
    "training.learning_rate": (1e-7, 1),
    "training.qat_learning_rate": (1e-7, 1),
    "training.label_smoothing": (0, 0.5),
    "training.class_balance": (0, 1),
    "training.time_masks": (0, 10),
    "training.mask_frames": (1, 1000),
    "training.channel_masks": (0, 10),
    "training.mask_channels": (1, 40),
    "training.seed": (0, 2**31 - 1),
    "detector.window": (1, 64),
    "detector.refractory_ms": (0, 60_000),
    "detector.false_accepts_per_hour": (0, 10_000),
    "clip_ms": (100, 10_000),
}


def read(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        GhostError: Unreadable, an unknown key, or a value that makes no sense.
    """
    recipe = schema.read(path, Recipe)
    for key, (low, high) in _RANGES.items():
        value: object = recipe
        for part in key.split("."):
            value = getattr(value, part)
        if not isinstance(value, int | float) or not low <= value <= high:
            raise GhostError(f"{path}: {key} must be {low:g} to {high:g}, not {value!r}.")
    try:
        settings = recipe.settings
    except GhostError as error:
        raise GhostError(f"{path}: front_end: {error}") from error
    if settings.frame_ms > 100:
        raise GhostError(f"{path}: front_end.step leaves less than 10 frames a second.")
    if recipe.network.units < recipe.network.ratio:
        raise GhostError(f"{path}: network.ratio is more than network.units.")
    if not recipe.words.folders:
        raise GhostError(f"{path}: words.folders names no data set.")
    pairs = [("scenes.snr_db", recipe.scenes.snr_db), ("scenes.level_db", recipe.scenes.level_db)]
    pairs += [(f"negatives[{i}].part", n.part) for i, n in enumerate(recipe.negatives)]
    for key, pair in pairs:
        if len(pair) != 2 or not pair[0] < pair[1]:
            raise GhostError(f"{path}: {key} must be two numbers, the lower one first.")
    if recipe.scenes.words + recipe.scenes.cut_words > 1:
        raise GhostError(f"{path}: scenes.words and scenes.cut_words are more than 1 together.")
    return recipe
