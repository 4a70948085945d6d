# SPDX-License-Identifier: Apache-2.0
"""Recording a data set: a person is told what to say, and what is not good is said again.

Everything that lasts is counted in samples of the microphone, so a recorder takes any: a sound
card's, a board's, or one that plays a file.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from mcu_ghost.host import files, keys
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording, sound_file
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.capture import Block, Microphone
from mcu_ghost.sound.data import folder
from mcu_ghost.sound.data.session import FACTS, Item, Line, Session
from mcu_ghost.sound.data.take import BEFORE_MS, STEP, Ear, Take, decibels, judge

AGAIN, PLAY, STOP = "r", "p", "q"
_KEYS = {keys.ENTER: keys.ENTER, " ": keys.ENTER, keys.END: STOP, AGAIN: AGAIN, PLAY: PLAY,
         STOP: STOP}  # fmt: skip
_COUNTDOWN = ("3", "2", "1")
_COUNT = 5 * STEP  # samples of each
_TRIES = 5  # of a word that nobody watches


@dataclass(frozen=True)
class View:
    """What a person sees at a moment.

    Attributes:
        text: What to say.
        number: Which recording of the session, from 1.
        total: How many.
        stage: "ready", "3", "2", "1", "speak", "done" or "again"; "room" where all are to be quiet.
        level_db: Of the last tenth of a second.
        left: Seconds, of the room.
    """

    text: str
    number: int
    total: int
    stage: str
    level_db: float
    left: float = 0.0


class Screen(Protocol):
    """What a session is seen and steered by."""

    def show(self, view: View) -> None:
        """Show where the session is, ten times in a second."""

    def key(self) -> str:
        """Return the key that was pressed, "" for none."""

    def good(self, item: Item, take: Take) -> None:
        """Say that a take can be used."""

    def bad(self, item: Item, take: Take) -> None:
        """Say what is wrong with one."""

    def warn(self, sentence: str) -> None:
        """Say something else."""


@dataclass
class Recorded:
    """What a session brought.

    Attributes:
        recorded: New recordings of each label.
        repeated: Takes that could not be used, by what was wrong.
        background_seconds: Of the room, new.
        stopped: Whether it was stopped before all was recorded.
    """

    recorded: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    background_seconds: float = 0.0
    stopped: bool = False


class _Stopped(Exception):
    """The person has had enough."""


class Recorder:
    """Leads one person through a session.

    Args:
        session: What is to be recorded.
        microphone: By what.
        screen: What the person sees.
        player: Begins to play samples and returns at once.
        attended: Whether somebody presses keys; if not, nothing waits for one.
    """

    def __init__(
        self,
        session: Session,
        microphone: Microphone,
        screen: Screen,
        player: Callable[[Samples], None],
        attended: bool = True,
    ) -> None:
        self._session, self._microphone, self._screen = session, microphone, screen
        self._player, self._attended = player, attended
        self._found = Recorded()
        self._number, self._total = 0, 0

    def run(self) -> Recorded:
        """Record what is missing.

        Raises:
            GhostError: The microphone cannot be heard, the folder not be written, or nobody is
                there and nothing usable comes.
        """
        items = self._session.items()
        self._total = len(items)
        background = self._session.background - self._session.background_there()
        if not items and background <= 0:
            return self._found
        with self._microphone.listening() as blocks:
            self._stream = _Stream(blocks)
            try:
                if background > 0:
                    self._room(background)
                for self._number, item in enumerate(items, 1):
                    if self._number == 1:
                        self._wait(item.text, "ready")
                    self._record(item)
            except _Stopped:
                self._found.stopped = True
        return self._found

    def _show(self, text: str, stage: str, samples: Samples, left: float = 0.0) -> None:
        level = decibels(float(samples.astype(np.float64).var()))
        self._screen.show(View(text, self._number, self._total, stage, level, left))

    def _wait(self, text: str, stage: str) -> str:
        """Show how loud it is until a key is pressed that means something; return that."""
        self._screen.key()  # what was pressed before is no answer
        while self._attended:
            key = _KEYS.get(self._screen.key(), "")
            if key == STOP and stage != "done":  # else what is done is kept first
                raise _Stopped
            if key:
                return key
            self._show(text, stage, self._stream.read(STEP))
        return keys.ENTER

    def _record(self, item: Item) -> None:
        """Record something until it is good, and write it."""
        tries = 0
        while True:
            take = self._take(item)
            if take.fault:
                self._found.repeated[take.fault] += 1
                self._screen.bad(item, take)
                tries += 1
                if tries == _TRIES and not self._attended:
                    raise GhostError(
                        f"'{item.text}': {_TRIES} takes cannot be used; {take.advice}."
                    )
            else:
                self._screen.good(item, take)
                if self._session.play:
                    self._play(take)
            while (key := self._wait(item.text, "again" if take.fault else "done")) == PLAY:
                self._play(take)
            if take.fault or key == AGAIN:
                continue
            self._write(item, take)
            if key == STOP:
                raise _Stopped
            return

    def _take(self, item: Item) -> Take:
        """Count down, and record until the word is over or the time is."""
        self._stream.lost = 0
        room = []
        for count in _COUNTDOWN:
            for _ in range(_COUNT // STEP):
                room.append(self._stream.read(STEP))
                self._show(item.text, count, room[-1])
        before = np.concatenate(room)
        ear = Ear(before[_COUNT:], self._session.wanted)  # in the first part a key may be heard
        heard = [before[-BEFORE_MS * RATE // 1000 :]]
        over = False
        for _ in range(round(self._session.wanted.seconds * RATE / STEP)):
            heard.append(self._stream.read(STEP))
            self._show(item.text, "speak", heard[-1])
            over = ear.over(heard[-1])
            if over:
                break
        sound = np.concatenate(heard)
        return judge(sound, ear, self._stream.lost, self._session.wanted, over)

    def _play(self, take: Take) -> None:
        try:
            self._player(take.samples)
        except GhostError as error:
            self._screen.warn(str(error))
            return
        for _ in range(len(take.samples) // STEP + 2):  # what the microphone hears of it is let go
            self._stream.read(STEP)

    def _room(self, seconds: float) -> None:
        """Record the room without speech."""
        self._wait("be quiet", "ready")
        path = self._session.next_path(folder.NOISE)
        left = round(seconds * RATE)
        self._stream.lost = 0
        power = 0.0
        with sound_file.writing(path) as write:
            while left > 0:
                samples = self._stream.read(min(STEP, left))
                left -= len(samples)
                power += float(samples.astype(np.float64).var()) * len(samples)
                write(samples)
                self._show("be quiet", "room", samples, left / RATE)
                if self._attended and _KEYS.get(self._screen.key()) == STOP:
                    raise _Stopped  # and nothing is written
        self._found.background_seconds += seconds
        self._note(path, "", decibels(power / (seconds * RATE)), lost=self._stream.lost)

    def _write(self, item: Item, take: Take) -> None:
        path = self._session.next_path(item.label)
        files.write_bytes(path, recording.encode(take.samples, "flac"))
        self._found.recorded[item.label] += 1
        self._note(path, item.text, take.level_db, peak_db=round(take.peak_db, 1),
                   snr_db=round(take.snr_db, 1))  # fmt: skip

    def _note(self, path: Path, text: str, level_db: float, **more: Any) -> None:
        """Add a line about a recording."""
        session = self._session
        line = Line(
            file=path.relative_to(session.out).as_posix(),
            text=text,
            person=session.person if text else "",
            room=session.room,
            distance_m=session.distance_m if text else None,
            microphone=self._microphone.name,
            date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            level_db=round(level_db, 1),
            **more,
        )
        files.add_line(session.out / FACTS, msgspec.json.encode(line))


class _Stream:
    """Blocks of a microphone, cut anew.

    Attributes:
        lost: Samples that were, in the blocks until now.
    """

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._rest = np.zeros(0, np.int16)
        self.lost = 0

    def read(self, count: int) -> Samples:
        """Return the next samples, as many as asked for."""
        while len(self._rest) < count:
            block = next(self._blocks)
            self.lost += block.lost
            self._rest = np.concatenate([self._rest, block.samples])
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken
