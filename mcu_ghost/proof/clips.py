# SPDX-License-Identifier: Apache-2.0
"""The sound around words, as the `kws_clips` app sends it: put together, written to a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.monitor import Hop
from mcu_ghost.sound import lines, sound_file
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.lines import Line, Start, Word

LIST = "clips.jsonl"
"""The file that tells of the clips in its folder, a line of JSON each."""

_LATE_MS = 3000  # after a clip's end, by when all of it has been sent, or was lost
_LONGEST_MS = 60_000  # no clip is so long
_MOST = 16  # clips that may be on their way at a time
_LONGEST_NAME = 40  # characters of a word in a file's name


@dataclass(frozen=True, eq=False)
class Clip:
    """The sound around a word.

    Attributes:
        word: What the board said of it.
        samples: int16 at 16 kHz, silence where some are missing.
        lost: How many samples are.
    """

    word: Word
    samples: Samples
    lost: int


class _Coming:
    """A clip of which hops may still come."""

    def __init__(self, word: Word, clip: lines.Clip) -> None:
        self._word, self._clip = word, clip
        self._hops: dict[int, Samples] = {}
        self.latest_ms = word.ms + clip.hops * clip.hop_ms + _LATE_MS

    def take(self, hop: Hop) -> bool:
        """Take a hop; false where it is of another time."""
        place = (hop.number - self._clip.first) % (1 << 32)
        if place >= self._clip.hops or len(hop.samples) * 1000 != self._clip.hop_ms * RATE:
            return False
        self._hops[place] = hop.samples
        return True

    @property
    def complete(self) -> bool:
        """Whether its last hop has come."""
        return self._clip.hops - 1 in self._hops

    def clips(self, cut: bool = False) -> Iterator[Clip]:
        """Yield the clip, unless nothing of it came; with `cut` nothing behind what came last."""
        if not self._hops:
            return
        hops = 1 + max(self._hops) if cut else self._clip.hops
        samples = np.zeros((hops, self._clip.hop_ms * RATE // 1000), np.int16)
        for place, found in self._hops.items():
            samples[place] = found
        lost = samples.shape[1] * (hops - len(self._hops))
        yield Clip(self._word, samples.reshape(-1), lost)


class Clips:
    """Puts clips together of lines and hops, in the order in which they come."""

    def __init__(self) -> None:
        self._coming: list[_Coming] = []

    def line(self, line: Line) -> Iterator[Clip]:
        """Take a line, and yield the clips of which no more will come."""
        for one in list(self._coming):
            late = isinstance(line, Start) or line.ms > one.latest_ms
            if late or len(self._coming) > _MOST:
                self._coming.remove(one)
                yield from one.clips()
        clip = line.clip if isinstance(line, Word) else None
        if isinstance(line, Word) and clip and clip.hops * clip.hop_ms <= _LONGEST_MS:
            self._coming.append(_Coming(line, clip))

    def hop(self, hop: Hop) -> Iterator[Clip] | None:
        """Take a hop, and return the clips that it completes; None where it is of no clip."""
        mine = [one for one in self._coming if one.take(hop)]
        return self._complete(mine) if mine else None

    def rest(self) -> Iterator[Clip]:
        """Yield what has come of all other clips."""
        while self._coming:
            yield from self._coming.pop(0).clips(cut=True)

    def _complete(self, touched: list[_Coming]) -> Iterator[Clip]:
        for one in touched:
            if one.complete:
                self._coming.remove(one)
                yield from one.clips()


class Folder:
    """A folder into which clips go: recordings, and a list of them.

    Args:
        path: It is made, with what leads to it.

    Attributes:
        path: The folder.
        written: How many clips went there.

    Raises:
        GhostError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GhostError(f"{path}: cannot be made a folder ({error.strerror}).") from error
        self.path, self.written = path, 0

    def write(self, clip: Clip, now: datetime) -> Path:
        """Write a clip: a recording, called by its word and the time, and a line in the list.

        Raises:
            GhostError: It cannot be written.
        """
        word = clip.word
        name = re.sub(r"\W+", "_", word.word)[:_LONGEST_NAME].strip("_") or "word"
        file = self._free(f"{name}-{now:%Y%m%d-%H%M%S}")
        with sound_file.writing(file) as write:
            write(clip.samples)
        entry = {"file": file.name, "word": word.word, "score": word.score, "sum": word.sum,
                 "ms": word.ms, "time": now.isoformat(timespec="seconds"),
                 "lost": clip.lost}  # fmt: skip
        files.add_line(self.path / LIST, json.dumps(entry).encode())
        self.written += 1
        return file

    def _free(self, stem: str) -> Path:
        number = 1
        while (file := self.path / f"{stem}-{number}.wav").exists():
            number += 1
        return file
