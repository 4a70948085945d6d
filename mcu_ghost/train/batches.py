# SPDX-License-Identifier: Apache-2.0
"""Scenes cut into what each step of the optimizer takes: the next frames of sequences side by side.

Rows are filled one after the other with whole scenes, cut where a row is full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.data.streams import ANYTHING, Streams
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.recipe import Training


@dataclass(frozen=True, eq=False)
class Batches:
    """Streams cut into what one step of the optimizer takes.

    Args:
        streams: Scenes.
        form: How features become what training sees.
        rows: Sequences side by side.
        frames: Of a step.
        classes: Of the targets.
        smoothing: Of the targets.
        balance: See `Training.class_balance`.
        stack: Features of a frame.
    """

    streams: Streams
    form: InputFormat
    rows: int
    frames: int
    classes: int
    smoothing: float
    balance: float
    stack: int = 1

    @property
    def steps(self) -> int:
        """Steps of an epoch; what fills no whole step is left out, each epoch something else."""
        return self.streams.labels.size // (self.rows * self.frames)

    def weights(self) -> npt.NDArray[np.float32]:
        """Return what a frame of each class counts, 1 on average over all frames."""
        known = self.streams.labels[self.streams.labels != ANYTHING]
        counts = np.bincount(known, minlength=self.classes).astype(np.float64)
        weights = (counts.sum() / np.maximum(counts, 1) / self.classes) ** self.balance
        scaled: npt.NDArray[Any] = weights / ((weights * counts).sum() / counts.sum())
        return scaled.astype(np.float32)

    def epoch(
        self,
        rng: np.random.Generator | None,
        masks: Training | None = None,
        part: slice | None = None,
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield inputs, targets and weights of each step.

        Args:
            rng: Shuffles the scenes, and draws the masks; None: all in order.
            masks: How many, how large.
            part: The rows that are wanted; all if left out.
        """
        count = len(self.streams.labels)
        order = np.arange(count) if rng is None else rng.permutation(count)
        length = self.steps * self.frames
        inputs = self.streams.features.shape[-1]
        frames = self.streams.features[order].reshape(-1, inputs)[: self.rows * length]
        features = frames.reshape(self.rows, length, inputs)
        labels = self.streams.labels[order].reshape(-1)[: self.rows * length]
        labels = labels.reshape(self.rows, length)
        table = np.append(self.weights(), np.float32(0))  # ANYTHING is -1, the last entry
        hot = np.full((self.classes + 1, self.classes), self.smoothing / self.classes, np.float32)
        hot[range(self.classes), range(self.classes)] += 1 - self.smoothing
        rows = part or slice(None)
        for start in range(0, length, self.frames):
            now = slice(start, start + self.frames)
            x, y = self.form.real(features[:, now]), labels[:, now]
            if rng is not None and masks is not None:
                mask(rng, x, masks, self.stack)
            yield x[rows], hot[y[rows]], table[y[rows]]


def mask(
    rng: np.random.Generator, x: npt.NDArray[np.float32], masks: Training, stack: int = 1
) -> None:
    """Cover times and channels of each sequence, in place, by their mean, 0 (SpecAugment).

    Args:
        rng: Randomness.
        x: (rows, frames, inputs).
        masks: How many, how large.
        stack: Features of a frame; a channel is covered in all of them.
    """
    features = x.reshape(*x.shape[:2], stack, -1)
    rows, frames, _, channels = features.shape
    for count, most, size, axis in (
        (masks.time_masks, masks.mask_frames, frames, 1),
        (masks.channel_masks, masks.mask_channels, channels, 2),
    ):
        for _ in range(count):
            width = rng.integers(0, min(most, size) + 1, rows)
            start = rng.integers(0, size - width + 1)
            place = np.arange(size)
            covered = (place >= start[:, None]) & (place < (start + width)[:, None])
            covered = covered[:, :, None, None] if axis == 1 else covered[:, None, None, :]
            features[np.broadcast_to(covered, features.shape)] = 0
