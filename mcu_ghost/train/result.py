# SPDX-License-Identifier: Apache-2.0
"""What a training run measured."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.train.rates import Rate
from mcu_ghost.train.thresholds import TradeOff


@dataclass(frozen=True)
class Words:
    """How many words of the test split were missed, at the thresholds that were chosen.

    Attributes:
        folder: Where they come from.
        snr_db: Over the noise; None: no noise.
        float32: Missed by the float model.
        int8: Missed by the integer network.
        extra: Reports of the integer network that belong to no word.
        curve: Share missed by the integer network at each of `THRESHOLDS`.
    """

    folder: str
    snr_db: float | None
    float32: Rate
    int8: Rate
    extra: int
    curve: tuple[float, ...]


@dataclass(frozen=True)
class Accepts:
    """Words reported where none is said, at the thresholds that were chosen.

    Attributes:
        name: What was played.
        float32: By the float model, per hour.
        int8: By the integer network, per hour.
        curve: Reports of the integer network at each of `THRESHOLDS`.
    """

    name: str
    float32: Rate
    int8: Rate
    curve: tuple[int, ...]


@dataclass(frozen=True)
class Speaker:
    """How many of a speaker's test words the integer network missed, without noise.

    Attributes:
        folder: Where they come from.
        name: As the files say it.
        int8: Missed.
    """

    folder: str
    name: str
    int8: Rate


@dataclass(frozen=True)
class Image:
    """What the model costs on the recipe's board.

    Attributes:
        board: Its name.
        app: What was built.
        flash_bytes: Of the linked image.
        ram_bytes: Of the linked image, the stack included.
        instructions_per_frame: Emulated, of the network.
        frame_ms: From frame to frame.
    """

    board: str
    app: str
    flash_bytes: int
    ram_bytes: int
    instructions_per_frame: int
    frame_ms: int


@dataclass(frozen=True)
class Result:
    """What a run measured.

    Attributes:
        labels: The words.
        thresholds: Of each word, chosen on validation.
        validation: What they were chosen on.
        train_hours: Of training scenes.
        losses: By phase, [training, validation] of each epoch.
        words: Missed words of the test split.
        speakers: The same by speaker, most missed first.
        accepts: False accepts on test sounds.
        confusion: (words, words + 1) counts of the first folder's test words at 10 dB: said, and
            reported; the last column is for none.
        model_bytes: Size of the `.tflite`.
        image: What it costs on a board; None where that cannot be told here.
        no_image: Why not.
    """

    labels: tuple[str, ...]
    thresholds: tuple[float, ...]
    validation: TradeOff
    train_hours: float
    losses: dict[str, list[list[float]]]
    words: tuple[Words, ...]
    speakers: tuple[Speaker, ...]
    accepts: tuple[Accepts, ...]
    confusion: tuple[tuple[int, ...], ...]
    model_bytes: int
    image: Image | None
    no_image: str
