# SPDX-License-Identifier: Apache-2.0
"""A recipe for a network that cleans speech: all that decides a run, besides the sounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mcu_ghost.host import schema
from mcu_ghost.sound.data.mixtures import Mixing
from mcu_ghost.sound.enhancement import Gains, Transform


@dataclass(frozen=True)
class Speech:
    """`[speech]`: what is to be kept.

    Attributes:
        folders: Of clean recordings, searched with all their subfolders.
        training: More of them, which training alone hears.
        speakers: A JSON file that says by its name who speaks in a file, so that nobody is in two
            splits; the name up to its first `_` where it says nothing.
    """

    folders: Annotated[tuple[str, ...], Meta(min_length=1, examples=[["sentences"]])]
    training: tuple[str, ...] = ()
    speakers: str = ""


@dataclass(frozen=True)
class NoiseFolder:
    """`[[noise]]`: what is to be taken away.

    Attributes:
        folder: Searched with all its subfolders.
        kind: What results call it; the folder's name if left out.
        use: What it is for; `split` shares it out by the file's
            name up to its first `_`, without digits at its end. A kind
            that is only for `test` tells how the network does with what it never heard.
    """

    folder: str
    kind: str = ""
    use: Literal["train", "test", "split"] = "split"

    @property
    def name(self) -> str:
        """What results call it."""
        return self.kind or self.folder.rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Network:
    """`[network]`.

    Attributes:
        bands: What a spectrum is for it: values of a frame, and gains that come out.
        dense: Units of a layer before the recurrent ones; 0: none.
        units: Of each recurrent layer.
        ratio: Units for each intrinsic one; 1 is a plain GRU.
        layers: How many recurrent ones.
    """

    bands: Annotated[int, Meta(ge=8, le=513)] = 64
    dense: Annotated[int, Meta(ge=0, le=4096)] = 0
    units: Annotated[int, Meta(ge=1, le=4096)] = 180
    ratio: Annotated[int, Meta(ge=1, le=64)] = 2
    layers: Annotated[int, Meta(ge=1, le=4)] = 1

    def __post_init__(self) -> None:
        if self.ratio > self.units:
            raise ValueError("ratio is more than network.units.")


@dataclass(frozen=True)
class Training:
    """`[training]`.

    Attributes:
        steps: Of the optimizer. More are better for long: 4 000 are a first network.
        batch: Mixtures of a step.
        seconds: Of a mixture.
        learning_rate: At its highest: it rises over the first tenth of the steps and falls to zero
            along a cosine.
        every: Steps between validations; the best network of them is kept.
        mixtures: Of a validation, the same each time.
        test: Mixtures of a kind of noise and an SNR on which the result is measured.
        seed: Of weights and mixtures.
    """

    steps: Annotated[int, Meta(ge=10, le=10_000_000)] = 8000
    batch: Annotated[int, Meta(ge=1, le=1024)] = 16
    seconds: Annotated[float, Meta(ge=0.5, le=60)] = 4.0
    learning_rate: Annotated[float, Meta(ge=1e-7, le=1)] = 2e-3
    every: Annotated[int, Meta(ge=5, le=100_000)] = 250
    mixtures: Annotated[int, Meta(ge=1, le=10_000)] = 64
    test: Annotated[int, Meta(ge=1, le=1000)] = 6
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1


@dataclass(frozen=True)
class Recipe:
    """A whole run.

    Attributes:
        name: The file's name; the model is called so.
        task: Tells this recipe from one of words.
        speech: What is to be kept.
        noise: What is to be taken away, besides what is generated.
        transform: How sound is cut into frames.
        mixing: What mixtures are made of.
        network: Between them.
        gains: How its outputs become gains.
        training: How it is trained.
        board: Whose memory and instructions the report shows.
    """

    name: str
    task: Literal["enhancement"]
    speech: Speech
    noise: tuple[NoiseFolder, ...] = ()
    transform: Transform = field(default_factory=Transform)
    mixing: Mixing = field(default_factory=Mixing)
    network: Network = field(default_factory=Network)
    gains: Gains = field(default_factory=Gains)
    training: Training = field(default_factory=Training)
    board: str = "nrf52840"

    def __post_init__(self) -> None:
        bins = self.transform.settings.bins
        if self.network.bands > bins:
            raise ValueError(f"network.bands must be at most {bins}, not {self.network.bands}.")


def read(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        GhostError: Unreadable, an unknown key, or a value that makes no sense.
    """
    return schema.read(path, Recipe)
