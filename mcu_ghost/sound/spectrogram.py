# SPDX-License-Identifier: Apache-2.0
"""Spectrograms of one scale: of sounds within a page, and of a recording as a picture file."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from mcu_ghost.host import heat, text
from mcu_ghost.host.charts import Axis
from mcu_ghost.host.text import printable
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import Samples

LONGEST = 60  # seconds that a picture shows
FRAME = 512  # samples of a periodic Hann window, half of which is the hop
_RANGE = 80  # dB from black to the loudest
_LETTERS = 60  # of a file's name
_COLUMNS = 1000  # of a picture in a page, each the mean of what it covers
_STRETCHES = 60  # that may be pointed at

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


@dataclass(frozen=True)
class Shown:
    """A sound within a page.

    Attributes:
        title: What it is.
        flac: A FLAC file in base64.
        picture: Its spectrogram.
    """

    title: str
    flac: str
    picture: Markup


def shown(sounds: Mapping[str, Samples], rate: int) -> list[Shown]:
    """Return sounds to hear and to see, all to one scale.

    Args:
        sounds: By what they are; int16, of any length.
        rate: Samples per second.
    """
    found = {title: levels(samples) for title, samples in sounds.items()}
    top = _top(found.values())
    return [
        Shown(
            title,
            base64.b64encode(recording.encode(samples, "flac", rate)).decode(),
            _figure(f"Spectrogram: {title}", found[title], top, len(samples) / rate, rate),
        )
        for title, samples in sounds.items()
    ]


def _figure(title: str, found: Levels, top: float, seconds: float, rate: int) -> Markup:
    """Return a spectrogram with axes, and what may be said of each stretch of it."""
    squares = (10.0 ** (found / 10)).astype(np.float32)
    per_frame = FRAME / 2 / rate  # seconds
    told, edges = [], np.linspace(0, len(found), min(_STRETCHES, len(found)) + 1).astype(int)
    for start, end in zip(edges, edges[1:], strict=False):
        mean = squares[start:end].mean(axis=0)
        peak = int(mean.argmax())
        until = seconds if end == len(found) else end * per_frame
        told.append((until, f"{start * per_frame:.2f} to {until:.2f} s\nloudest at"
                            f" {text.count(peak * rate / FRAME)} Hz,"
                            f" {round(10 * float(np.log10(mean[peak])))} dB"))  # fmt: skip
    columns = min(len(found), _COLUMNS)
    picture = _pooled(_pooled(squares, columns).T[:-1], FRAME // 4)[::-1]
    image = heat.png(10 * np.log10(picture), top - _RANGE, top)
    return heat.figure(
        title, image, Axis("seconds", low=0.0, high=seconds),
        Axis("kHz", low=0.0, high=rate / 2000), told,
        f"{round(top) - _RANGE} to {round(top)} dB of a sine of full scale",
    )  # fmt: skip


def _pooled(values: Levels, rows: int) -> Levels:
    """Return means over so many stretches of rows."""
    edges = np.linspace(0, len(values), rows + 1).astype(int)
    widths = np.diff(edges)[:, None]
    means: Levels = (np.add.reduceat(values, edges[:-1], axis=0) / widths).astype(np.float32)
    return means


def _top(found: Iterable[Levels]) -> float:
    """Return the top of a scale for some spectrograms, a multiple of ten dB."""
    return float(10 * np.ceil(max(float(one.max()) for one in found) / 10))


def picture(excerpt: Excerpt, names: tuple[str, str], kind: str) -> bytes:
    """Return both as a picture: the same sound, the same bytes.

    Args:
        excerpt: What is shown.
        names: The files' names, before and after.
        kind: `png` or `svg`.
    """
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(
        {"svg.hashsalt": "mcu-ghost", "svg.fonttype": "none", "text.parse_math": False}
    ):
        return _drawn(excerpt, names, kind)


def _drawn(excerpt: Excerpt, names: tuple[str, str], kind: str) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    found = [levels(samples) for samples in excerpt.both]
    top = _top(found)
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
