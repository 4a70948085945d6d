# SPDX-License-Identifier: Apache-2.0
"""The sections of a training recipe that say what is heard: words, negatives, front end, scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from msgspec import Meta

from mcu_ghost.sound.data.speakers import SpeakerPattern
from mcu_ghost.sound.front_end_tables import (
    BandEdge,
    Channels,
    FrontEndSettings,
    HopMs,
    Stack,
    Step,
    WindowMs,
)

Pair = Annotated[tuple[float, ...], Meta(min_length=2, max_length=2)]


@dataclass(frozen=True)
class Words:
    """`[words]`: recordings of the words.

    Attributes:
        folders: Data sets in Speech Commands layout, `<label>/*.wav|flac`.
        labels: The words; every folder of the first data set, but `unknown`, if left out. Other
            folders' recordings are speech that holds no word.
        speaker: Where a file's name says who speaks, with `*` for any text: `*_{speaker}_*` of
            `yes_anna_07.wav` is `anna`; the name up to its first `_` if left out.
    """

    folders: Annotated[tuple[str, ...], Meta(min_length=1, examples=[["words"]])]
    labels: tuple[str, ...] = ()
    speaker: str = ""

    def __post_init__(self) -> None:
        _ = self.pattern

    @property
    def pattern(self) -> SpeakerPattern | None:
        """Who speaks.

        Raises:
            ValueError: `speaker` is no pattern.
        """
        return SpeakerPattern(self.speaker) if self.speaker else None


@dataclass(frozen=True)
class Negatives:
    """`[[negatives]]`: recordings that hold none of the words.

    Attributes:
        folder: Searched with all its subfolders.
        kind: `speech` stands where words stand; `noise`, music too, lies behind everything.
        use: What it is for; `split` shares it out by the speaker, the name up to its first `_`.
        part: From where to where of the files, by name: `[0.0, 0.5]` is the first half.
    """

    folder: str
    kind: Literal["speech", "noise"]
    use: Literal["train", "validation", "test", "split"] = "split"
    part: Pair = (0.0, 1.0)

    def __post_init__(self) -> None:
        rising("part", self.part)


@dataclass(frozen=True)
class FrontEnd:
    """`[front_end]`: how sound becomes frames.

    Attributes:
        window_ms: Length of what one feature is computed from.
        hop_ms: From feature to feature.
        channels: Values of a feature.
        low_hz: Where the lowest band begins.
        high_hz: Where the highest one ends.
        step: Features from one frame of the network to the next.
        stack: Features of a frame: the last ones, side by side.
    """

    window_ms: WindowMs = 30
    hop_ms: HopMs = 10
    channels: Channels = 40
    low_hz: BandEdge = 125.0
    high_hz: BandEdge = 7500.0
    step: Step = 2
    stack: Stack = 5


@dataclass(frozen=True)
class Scenes:
    """`[scenes]`: the long mixtures that training hears.

    Attributes:
        train_hours: Of training scenes.
        validation_hours: Of validation scenes with words.
        noise_hours: Of generated noise and music on which false accepts are counted.
        words: Share of what is said that is a word.
        cut_words: Share that is the beginning of a word, which is none.
        quiet: Share of scenes without any noise.
        snr_db: Speech over noise, lowest and highest.
        level_db: Speech over full scale, lowest and highest.
        reverb: Share of what is said that is said in a room.
        speed: Share that is slower or faster, by up to 12 %.
        band: `auto` makes other speech, or words, dull by turns where only the others are dull, so
            that dull does not mean word; `off` leaves them as they are.
    """

    train_hours: Annotated[float, Meta(ge=0.01, le=1000)] = 20.0
    validation_hours: Annotated[float, Meta(ge=0.01, le=1000)] = 1.0
    noise_hours: Annotated[float, Meta(ge=0.01, le=1000)] = 0.5
    words: Annotated[float, Meta(ge=0.01, le=1)] = 0.4
    cut_words: Annotated[float, Meta(ge=0, le=0.9)] = 0.08
    quiet: Annotated[float, Meta(ge=0, le=1)] = 0.15
    snr_db: Pair = (-5.0, 25.0)
    level_db: Pair = (-42.0, -14.0)
    reverb: Annotated[float, Meta(ge=0, le=1)] = 0.3
    speed: Annotated[float, Meta(ge=0, le=1)] = 0.4
    band: Literal["auto", "off"] = "auto"

    def __post_init__(self) -> None:
        rising("snr_db", self.snr_db)
        rising("level_db", self.level_db)
        if self.words + self.cut_words > 1:
            raise ValueError("words and scenes.cut_words are more than 1 together.")


class SoundRecipe(Protocol):
    """What a training recipe says of sound; see `mcu_ghost.train.recipe.Recipe`."""

    @property
    def words(self) -> Words:
        """Recordings of the words."""

    @property
    def negatives(self) -> tuple[Negatives, ...]:
        """Recordings without them."""

    @property
    def scenes(self) -> Scenes:
        """The long mixtures."""

    @property
    def settings(self) -> FrontEndSettings:
        """The front end's settings."""

    @property
    def clip_ms(self) -> int:
        """Longest recording of a word, milliseconds."""

    @property
    def seed(self) -> int:
        """Of everything random."""


def rising(key: str, pair: tuple[float, ...]) -> None:
    """Raise a `ValueError` that names the key unless the first number is the lower one."""
    if not pair[0] < pair[1]:
        raise ValueError(f"{key} must be two numbers, the lower one first.")
