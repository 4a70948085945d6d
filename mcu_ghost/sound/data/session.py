# SPDX-License-Identifier: Apache-2.0
"""Who records what in a data set: the files that are there, and what is still to be said.

A session is for one person, in one room, at one distance. Files are called by the person, so that
splits keep people apart; what else is known stands in a line about each.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import sound_file
from mcu_ghost.sound.data import folder, plan
from mcu_ghost.sound.data.folder import Split
from mcu_ghost.sound.data.take import Wanted

FACTS = "recordings.jsonl"
"""Lines of JSON in the set's folder; whatever reads sets passes over them."""

_MOST = 30  # letters of a name
_TAIL = 1 << 16  # bytes at the end of the lines


@dataclass(frozen=True)
class Item:
    """Something to say.

    Attributes:
        label: The folder it goes to.
        text: What to say.
    """

    label: str
    text: str


@dataclass(frozen=True)
class Session:
    """Who records what, and where.

    Attributes:
        out: The set's folder.
        words: What is said.
        person: Who says it, as files are called: see `name_of`.
        room: Where; "" if nobody said.
        distance_m: From the mouth to the microphone, in metres; None if nobody said.
        per_word: Recordings of each word that there are to be of this person.
        unknown: The same of other words, one of each.
        background: Seconds of the room without speech that there are to be.
        wanted: What a recording must be.
        play: Whether each is played back.

    Raises:
        GhostError: The person is called as a word.
    """

    out: Path
    words: tuple[str, ...]
    person: str
    room: str = ""
    distance_m: float | None = None
    per_word: int = 20
    unknown: int = 0
    background: float = 0.0
    wanted: Wanted = Wanted()
    play: bool = False

    def __post_init__(self) -> None:
        if self.person in self.goals:
            raise GhostError(
                f"'{self.person}' is what is said: call who says it otherwise, since files are"
                " called by that."
            )

    @property
    def split(self) -> Split:
        """What this person's recordings are for, unless lists in the folder say otherwise."""
        return folder.split_of(self.person)

    @property
    def goals(self) -> dict[str, int]:
        """How many recordings of each label there are to be."""
        every = {plan.label_of(word): self.per_word for word in self.words}
        return every | ({plan.UNKNOWN: self.unknown} if self.unknown else {})

    def there(self) -> dict[str, int]:
        """Return how many recordings of each label there are of this person."""
        return {label: len(self._mine(label)) for label in self.goals}

    def items(self) -> list[Item]:
        """Return what is still to be said, in an order that is this person's own.

        Words come in rounds, each with every label once, so that a session that is stopped has as
        many of each. The order depends on nothing but the person and what is asked for.
        """
        rng = np.random.default_rng([*self.person.encode()])
        other = plan.other_words(self.words)
        others = [other[i] for i in rng.permutation(len(other))]
        texts = {plan.label_of(word): (word,) for word in self.words} | {plan.UNKNOWN: others}
        there, found = self.there(), []
        for turn in range(max(self.goals.values(), default=0)):
            labels = [label for label, goal in self.goals.items() if turn < goal]
            for i in rng.permutation(len(labels)):
                label = labels[i]
                if turn >= there[label]:
                    found.append(Item(label, texts[label][turn % len(texts[label])]))
        return found

    def background_there(self) -> float:
        """Return the seconds of this room without speech that are in the folder."""
        total = 0.0
        for path in self._of(folder.NOISE, self._room):
            with sound_file.reading(path) as file:
                total += file.frames / file.rate
        return total

    @property
    def _room(self) -> str:
        return name_of(self.room) if self.room else "room"

    def _mine(self, label: str) -> list[Path]:
        return self._of(label, self.person)

    def _of(self, label: str, group: str) -> list[Path]:
        return [p for p in folder.files(self.out / label) if folder.group_of(p) == group]

    def next_path(self, label: str) -> Path:
        """Return where the next recording goes: a file that is not there."""
        group = self._room if label == folder.NOISE else self.person
        taken = [re.fullmatch(r".*_(\d+)", path.stem) for path in self._of(label, group)]
        number = max((int(match[1]) + 1 for match in taken if match), default=0)
        while (path := self.out / label / f"{group}_{number:04d}.flac").exists():
            number += 1  # some systems take Anna for anna
        return path


def name_of(text: str) -> str:
    """Return what a person or a room is called in names of files: `anna-b` of `Anna B`.

    Raises:
        GhostError: Nothing is left of it.
    """
    plain = unicodedata.normalize("NFC", text.strip().casefold())
    found = re.sub(r"[^\w]+|_+", "-", plain).strip("-")[:_MOST]
    if not found:
        raise GhostError(f"'{text}' is no name: it needs a letter or a digit.")
    return found


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a recording.

    Attributes:
        file: Its path in the set.
        text: What was said; "" of the room without speech.
        person: Who said it, as files are called.
        room: Where.
        distance_m: From how far away, in metres.
        microphone: What heard it.
        date: When, with the offset from UTC.
        level_db: Of the word, or the room: its power below that of full scale.
        peak_db: The largest sample, likewise; of words.
        snr_db: By how much a word is louder than the room.
        lost: Samples that were lost; of rooms, words are said again.
    """

    file: str = ""
    text: str = ""
    person: str = ""
    room: str = ""
    distance_m: float | None = None
    microphone: str = ""
    date: str = ""
    level_db: float | None = None
    peak_db: float | None = None
    snr_db: float | None = None
    lost: int = 0


def last_line(out: Path) -> Line:
    """Return what is known of the last word that was recorded; an empty line where nothing is."""
    try:
        with (out / FACTS).open("rb") as file:
            file.seek(max(0, (out / FACTS).stat().st_size - _TAIL))
            every = file.read().splitlines()
    except OSError:
        return Line()
    for text in reversed(every):
        with contextlib.suppress(ValueError, RecursionError, msgspec.MsgspecError):
            line = msgspec.json.decode(text, type=Line)
            if line.person:
                return line
    return Line()
