# SPDX-License-Identifier: Apache-2.0
"""What a check measures: of a recording, of a class, of a data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import SILENT, Samples
from mcu_ghost.sound.data import bandwidth
from mcu_ghost.sound.data.folder import Split

_RUN = 3  # samples at full scale in a row are clipped; a lone one may be a normalised peak
CLIPPED = 0.001  # share of clipped samples that is worth a word
_OFFSET = 0.01  # mean over full scale that is worth a word


@dataclass(frozen=True)
class Facts:
    """What was found in one recording.

    Attributes:
        seconds: Duration.
        rate: Samples per second.
        channels: How many.
        clipped: Whether one sample in a thousand is at full scale, in runs.
        silent: Whether nothing is louder than 8 of 32768.
        offset: Whether the mean is more than 1 % of full scale.
        digest: Hash of the rate and the samples, mixed down.
        cut_off: What the file's header promises and it does not hold, in words; "" if nothing.
        dull: Whether it has no sound above 5.5 kHz, whatever its rate; None if it cannot be told.
    """

    seconds: float
    rate: int
    channels: int
    clipped: bool
    silent: bool
    offset: bool
    digest: str
    cut_off: str
    dull: bool | None


@dataclass(frozen=True)
class Class:
    """A class of a data set.

    Attributes:
        label: Its folder.
        counts: Readable recordings by split.
        seconds: Shortest, median, longest and total duration.
        clipped: Recordings with clipped samples.
        silent: Recordings without sound.
        offset: Recordings with a mean far from zero.
        stereo: Recordings of several channels.
        dull: Recordings without sound above 5.5 kHz.
        unreadable: Recordings left out.
    """

    label: str
    counts: dict[Split, int]
    seconds: tuple[float, float, float, float]
    clipped: int
    silent: int
    offset: int
    stereo: int
    dull: int
    unreadable: int


@dataclass(frozen=True)
class Inspection:
    """What a check found.

    Attributes:
        classes: By label.
        rates: Recordings by samples per second.
        noise_seconds: Of usable background noise.
        unreadable: Path and reason.
        cut_off: Paths of recordings that have lost their ends, and how much.
        clipped: Paths, as `silent` and `offset`.
        silent: Paths.
        offset: Paths.
        duplicates: Groups of paths with the same samples in one split.
        leaks: Groups of paths with the same samples in several splits.
        speakers: Groups (names before the first `_`) that are in several splits.
        errors: Sentences: why training must not use the set.
        warnings: Sentences: what to know or mend.
    """

    classes: tuple[Class, ...]
    rates: dict[int, int]
    noise_seconds: float
    unreadable: tuple[tuple[str, str], ...]
    cut_off: tuple[tuple[str, str], ...]
    clipped: tuple[str, ...]
    silent: tuple[str, ...]
    offset: tuple[str, ...]
    duplicates: tuple[tuple[str, ...], ...]
    leaks: tuple[tuple[str, ...], ...]
    speakers: tuple[str, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect(path: Path) -> Facts:
    """Read a recording and measure it.

    Raises:
        GhostError: It is not readable.
    """
    raw = recording.decode(path)
    mixed = raw.mixed()
    return Facts(
        seconds=len(mixed) / raw.rate,
        rate=raw.rate,
        channels=raw.samples.shape[1],
        clipped=max(map(clipped, raw.samples.T)) > CLIPPED,
        silent=int(np.abs(mixed.astype(np.int32)).max()) <= SILENT,
        offset=abs(float(mixed.mean())) > _OFFSET * 32768,
        digest=hashlib.sha256(str(raw.rate).encode() + mixed.tobytes()).hexdigest()[:32],
        cut_off=raw.cut_off,
        dull=bandwidth.dull(mixed, raw.rate),
    )


def clipped(samples: Samples) -> float:
    """Return the share of int16 samples at full scale in runs of at least three."""
    full = (samples == 32767) | (samples == -32768)
    if not full.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _RUN].sum()) / len(samples)
