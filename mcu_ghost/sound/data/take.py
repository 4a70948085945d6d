# SPDX-License-Identifier: Apache-2.0
"""One word spoken into a microphone: where it is, how loud, and whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, SILENT, Samples
from mcu_ghost.sound.data import facts, sounds

Fault = Literal["", "lost", "silent", "nothing", "clipped", "cut_off", "quiet", "noisy"]

FRAME = RATE // 50
STEP = 5 * FRAME
"""Samples of a tenth of a second."""

BEFORE_MS = 300  # of sound before a person is told to speak: who is early is not cut off
_KEPT_MS = 250  # on both sides of the word
_EDGE_MS = 40  # a word that comes so near to an end of the sound was cut
_OVER_ROOM_DB = 7.0  # what is so much louder than the room is speech
_LEAST_DB = -65.0  # and at least so loud, however still a room seems
_LEAST_FRAMES = 4  # in which somebody spoke
_PAUSE_MS = 600  # of silence, after which a word is over
_QUIET_DB = -55.0  # speech below that is too quiet


@dataclass(frozen=True)
class Wanted:
    """What a recording must be.

    Attributes:
        seconds: In which a word must be said.
        snr_db: By how much it must be louder than the room.
    """

    seconds: float = 2.5
    snr_db: float = 10.0


@dataclass(frozen=True, eq=False)
class Take:
    """What was recorded of a word.

    Attributes:
        samples: int16 at 16 kHz, the word and a quarter of a second on both sides.
        level_db: Of the word: its power below that of full scale.
        peak_db: Its largest sample, likewise.
        snr_db: By how much it is louder than the room.
        fault: What is wrong with it; "" if nothing.
        advice: The same in words, and what to do.
    """

    samples: Samples
    level_db: float
    peak_db: float
    snr_db: float
    fault: Fault
    advice: str


def powers(samples: Samples) -> npt.NDArray[np.float64]:
    """Return the power of each 20 ms of int16 samples, without an offset; a rest is left out."""
    frames = samples[: len(samples) // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    return frames.var(axis=1)


def decibels(power: float) -> float:
    """Return a power of int16 samples in dB of full scale; that of rounding at least."""
    return float(10 * np.log10(max(power, 1 / 12) / 32768.0**2))


class Ear:
    """Says when a word is over, of the sound that comes after a moment in a quiet room.

    Args:
        room: int16 samples of the room.
        wanted: What is waited for.

    Attributes:
        room: The room's power.
    """

    def __init__(self, room: Samples, wanted: Wanted) -> None:
        found = powers(room)
        self.room = float(np.median(found)) if len(found) else 0.0
        over_room = min(_OVER_ROOM_DB, wanted.snr_db)
        self._floor = max(decibels(self.room) + over_room, _LEAST_DB)
        self._loud = self._since = 0

    def over(self, samples: Samples) -> bool:
        """Take whole frames; return whether something was said, and nothing for a while."""
        for power in powers(samples):
            loud = decibels(power) >= self._floor
            self._loud += loud
            self._since = 0 if loud else self._since + 1
        return self.spoken and self._since * FRAME * 1000 >= _PAUSE_MS * RATE

    @property
    def spoken(self) -> bool:
        """Whether somebody has spoken."""
        return self._loud >= _LEAST_FRAMES


def judge(sound: Samples, ear: Ear, lost: int, wanted: Wanted, ended: bool = True) -> Take:
    """Cut a word out of sound and look whether it can be used.

    Args:
        sound: int16 at 16 kHz, beginning `BEFORE_MS` before the person was told to speak.
        ear: What heard it.
        lost: Samples of it that were lost.
        wanted: What it must be.
        ended: Whether the word was over before the time was.
    """
    centred = recording.to_int16(sound - sound.mean())
    start, end = sounds.extent(centred)
    power = float(np.mean(centred[start:end].astype(np.float64) ** 2))
    level, room = decibels(power), decibels(ear.room)
    snr = decibels(power - ear.room) - room
    edge, kept = (ms * RATE // 1000 for ms in (_EDGE_MS, _KEPT_MS))
    faults: tuple[tuple[Fault, bool, str], ...] = (
        ("lost", lost > 0, f"{1000 * lost / RATE:.0f} ms of it were lost on the way"),
        ("silent", int(np.abs(centred.astype(np.int32)).max()) <= SILENT,
         "the microphone gives silence: look whether it is muted, and whether this terminal may use"
         " it"),
        ("nothing", not ear.spoken,
         f"nothing was heard above the {room:.0f} dB of the room: speak when you are told to"),
        ("clipped", facts.clipped(sound[start:end]) > facts.CLIPPED,
         "it was too loud: go further away, or lower the microphone's gain"),
        ("noisy", snr < wanted.snr_db,
         f"it is only {snr:.0f} dB louder than the room: come closer, or quieten the room"),
        ("cut_off", start < edge,
         "its beginning is cut off: wait until you are told to speak"),
        ("cut_off", not ended and end > len(sound) - edge,
         f"its end is cut off: say it within {wanted.seconds:g} s"),
        ("quiet", level < _QUIET_DB,
         f"it was too quiet ({level:.0f} dB): come closer, or raise the microphone's gain"),
    )  # fmt: skip
    fault, advice = next(((name, told) for name, true, told in faults if true), ("", ""))
    peak = decibels(float(np.abs(sound.astype(np.float64)).max()) ** 2)
    return Take(sound[max(0, start - kept) : end + kept], level, peak, snr, fault, advice)
