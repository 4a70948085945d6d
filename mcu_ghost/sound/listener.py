# SPDX-License-Identifier: Apache-2.0
"""Words as sound comes: `keywords.expected`, without knowing how the sound goes on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import audio, detector, keywords
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.front_end import FrontEnd
from mcu_ghost.sound.lines import Word
from mcu_ghost.sound.recording import Resampler


class Heard(NamedTuple):
    """What some samples brought.

    Attributes:
        frames: (frames, inputs) int8, what the network read.
        scores: (frames, words) of the detector's words, 0 to 1.
        words: What is reported, in order.
    """

    frames: Int8s
    scores: npt.NDArray[np.float64]
    words: tuple[Word, ...]


class Listener:
    """A stream of sound on its way to words, in memory that does not grow.

    Args:
        model: A network that listens without end.

    Attributes:
        words: What may be reported, as the scores are ordered.
        thresholds: The least score of each, 0 to 1.

    Raises:
        GhostError: The model does not say how it hears or how its scores become words.
    """

    def __init__(self, model: Model) -> None:
        task, self._chosen = keywords.listening(model)
        self._formula, self._settings = task.formula, task.front_end
        self._full = detector.FULL_SCALE * self._chosen.window
        self.words = tuple(word.label for word in self._chosen.words)
        self.thresholds = tuple(word.threshold / self._full for word in self._chosen.words)
        self._columns = [word.index for word in self._chosen.words]
        rate = self._settings.sample_rate
        self._resampler = None if rate == keywords.RATE else Resampler(keywords.RATE, rate)
        self._front_end = FrontEnd(self._settings)
        self._features = audio.nothing_yet(self._settings)
        self._runner = reference.Runner(model)
        self._detector = detector.Stream(self._chosen, model.tensors[model.outputs[0]].size)

    def feed(self, samples: Samples) -> Heard:
        """Take the next samples; how a stream is cut makes no difference.

        Args:
            samples: (any number,) int16 at 16 kHz.
        """
        if self._resampler is not None:
            samples = self._resampler.feed(samples)
        features = np.concatenate([self._features, self._front_end.feed(samples)])
        found = audio.joined(features, self._settings)
        self._features = features[len(found) * self._settings.step :]
        frames = audio.to_int8(found, self._formula)
        if not len(frames):
            return Heard(frames, np.zeros((0, len(self.words))), ())
        sums, events = self._detector.feed(self._runner.answers(frames))
        words = tuple(
            keywords.reported(event, self._ms(event.frame), self._chosen.window) for event in events
        )
        return Heard(frames, sums[:, self._columns] / self._full, words)

    def _ms(self, frame: int) -> int:
        """Return when a frame is complete, in milliseconds of sound."""
        return int(self._settings.hops(frame)) * self._settings.hop_ms
