# SPDX-License-Identifier: Apache-2.0
"""A recording before and after, as pictures of one scale, one below the other."""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.text import printable
from mcu_ghost.sound.audio import Samples

LONGEST = 60  # seconds that a picture shows
FRAME = 512  # samples of a periodic Hann window, half of which is the hop
_RANGE = 80  # dB from black to the loudest
_LETTERS = 60  # of a file's name

Levels = npt.NDArray[np.float32]


class Excerpt:
    """The beginning of a recording, before and after.

    Args:
        rate: Samples per second.

    Attributes:
        length: Samples of the whole recording until now.
    """

    def __init__(self, rate: int) -> None:
        self.rate, self.length = rate, 0
        self._pieces: list[Samples] = []

    def add(self, before: Samples, after: Samples) -> None:
        """Take the next samples of both; what is too much is let go."""
        room = max(0, LONGEST * self.rate - self.length)
        self.length += len(before)
        if room and len(before):
            self._pieces.append(np.stack([before, after])[:, :room])

    @property
    def both(self) -> Samples:
        """What is kept, (2, samples) int16."""
        return np.concatenate([np.zeros((2, 0), np.int16), *self._pieces], axis=1)

    @property
    def shown(self) -> str:
        """Which part of the recording it is, "" where it is all of it."""
        if self.length <= LONGEST * self.rate:
            return ""
        return f", the first {LONGEST} s of {self.length / self.rate:.0f} s"


def levels(samples: Samples) -> Levels:
    """Return how loud each frequency is from moment to moment.

    Args:
        samples: (any number,) int16.

    Returns:
        (frames, FRAME / 2 + 1) in dB of a sine of full scale.
    """
    hop = FRAME // 2
    padded = np.pad(samples, (hop, hop + -len(samples) % hop)).astype(np.float32)
    window = np.hanning(FRAME + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::hop] * window
    amplitudes = np.abs(np.fft.rfft(frames)) / (32768 * window.sum() / 2)
    return (20 * np.log10(np.maximum(amplitudes, 1e-10))).astype(np.float32)


def picture(excerpt: Excerpt, names: tuple[str, str], kind: str) -> bytes:
    """Return both as a picture, drawn within the style of all pictures.

    Args:
        excerpt: What is shown.
        names: The files' names, before and after.
        kind: `png` or `svg`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    found = [levels(samples) for samples in excerpt.both]
    top = 10 * np.ceil(max(float(one.max()) for one in found) / 10)
    seconds = len(excerpt.both[0]) / excerpt.rate
    half = FRAME / 4 / excerpt.rate  # a frame is drawn around its middle
    for axis, what, name, one in zip(axes, ("before", "after"), names, found, strict=True):
        image = axis.imshow(
            one.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            extent=(-half, (2 * len(one) - 1) * half, 0, excerpt.rate / 2000),
            vmin=top - _RANGE,
            vmax=top,
        )
        axis.set_xlim(0, seconds)
        axis.set_title(f"{what}: {_short(name)}{excerpt.shown}", loc="left")
        axis.set_ylabel("frequency, kHz")
    axes[1].set_xlabel("time, s")
    window = f"Hann window of {1000 * FRAME / excerpt.rate:g} ms"
    figure.colorbar(image, ax=axes, label=f"dB of a sine of full scale, {window}", extend="min")
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # of names in letters that no font here has
        figure.savefig(
            content, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else {}
        )
    return content.getvalue()


def _short(name: str) -> str:
    shown = " ".join(printable(name).split())
    return shown if len(shown) <= _LETTERS else f"{shown[:_LETTERS]}…"
