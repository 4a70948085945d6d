# SPDX-License-Identifier: Apache-2.0
"""Which clips a synthetic set consists of: known before the first one is made."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import speech
from mcu_ghost.sound.data.folder import SPLITS, Split
from mcu_ghost.sound.data.speech import Voice

UNKNOWN, SILENCE = "unknown", "silence"
# Words that share sounds with the keywords, parts of them, and common ones.
OTHER_WORDS = tuple(
    "alex|alexander|a lexicon|electric|election|axis|relax|elixir|compute|commuter|competitor|"
    "compare|company|come here|jar|jargon|harvest|service|nervous|carpet|travis|smart|mirror|"
    "smarter|near her|smart phone|market|error|snow|boy|snowball|cowboy|snowman|slowly|no boy|"
    "view|glass|few|class|new class|you grass|viewfinder|glasses|glance|yes|no|up|down|left|right|"
    "on|off|stop|go|hello|good morning|thank you|please|one|two|three|four|five|six|seven|eight|"
    "nine|ten|zero|bed|bird|cat|dog|happy|house|tree|wow|visual|forward|backward|follow|learn|"
    "marvin|sheila|coffee|kitchen|music|play|volume|louder|window|light|weather|tomorrow|tonight|"
    "okay google|hey siri|open the door|what time is it|water|table|telephone|number|question|"
    "morning|evening|remember|picture|mountain|river|garden|always|nothing|something|because|"
    "children|important|government|possible|summer|winter|yellow|orange|purple|animal|history".split(
        "|"
    )
)
# In other languages: numbers, which espeak-ng reads in any.
NUMBERS = tuple(str(n) for n in (*range(1, 100), *range(100, 1000, 37), *range(1000, 10000, 617)))
SHARES: dict[Split, float] = {"train": 0.7, "validation": 0.1, "test": 0.2}


@dataclass(frozen=True)
class Clip:
    """One clip to make.

    Attributes:
        label: The folder.
        split: Whose voices speak it.
        voice: Who speaks, but for the accent.
        group: The voice it sounds like.
        index: Which of the clips of this label and group.
    """

    label: str
    split: Split
    voice: Voice
    group: Voice
    index: int

    @property
    def name(self) -> str:
        """The path in the set, without the suffix: `<label>/<group>_<variant>_<index>`."""
        variant = _plain(self.voice.name)
        return f"{self.label}/{voice_id(self.group)}_{variant}_{self.index:04d}"

    def rng(self, seed: int) -> np.random.Generator:
        """Return randomness of this clip's own, whatever was made before it."""
        return np.random.default_rng(_number(seed, self.split, self.name))


def _number(*facts: object) -> int:
    text = "|".join(str(fact) for fact in facts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def voice_id(voice: Voice) -> str:
    """Return a name for files, without `_`: `espeak-mr-serious`."""
    return f"{voice.engine.removesuffix('-ng')}-{_plain(voice.name)}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def label_of(word: str) -> str:
    """Return a word's folder."""
    return word.replace(" ", "_")


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words of a list such as `hey lamp,stop`, in lower case.

    Raises:
        GhostError: A word is empty, unspeakable, reserved, or there twice.
    """
    text = unicodedata.normalize("NFC", text)
    words = tuple(" ".join(word.lower().split()) for word in text.split(","))
    for word in words:
        kinds = {unicodedata.category(c)[0] for c in word if c not in "' -"}
        if not kinds <= {"L", "M"} or unicodedata.category((word or " ")[0])[0] != "L":
            raise GhostError(
                f"'{word}' is not a word that can be spoken. Write words in letters "
                "(numbers too: 'seven'), separated by commas, like --words 'hey lamp,stop'."
            )
        if word in (UNKNOWN, SILENCE):
            raise GhostError(f"'{word}' is the name of a class of its own. Choose another word.")
        if words.count(word) > 1:
            raise GhostError(f"The word '{word}' is there twice.")
    return words


def other_words(
    words: tuple[str, ...], own: tuple[str, ...] = (), language: str = speech.ENGLISH
) -> tuple[str, ...]:
    """Return what the unknown class says: parts of the words and others, none holding a word.

    Args:
        words: The words.
        own: Others that the user has thought of.
        language: English ones are known; elsewhere numbers stand in.
    """
    parts = [part for word in words for part in word.split() if part != word]
    known = OTHER_WORDS if language == speech.ENGLISH else NUMBERS
    every = dict.fromkeys([*parts, *own, *known])
    return tuple(text for text in every if not any(f" {w} " in f" {text} " for w in words))


def clips(
    words: tuple[str, ...],
    seed: int,
    per_word: int,
    unknown: int,
    language: str = speech.ENGLISH,
) -> Iterator[Clip]:
    """Yield every clip; a split's voices take turns, in an order of their own for each label.

    Args:
        words: The words.
        seed: Chooses the order of the voices.
        per_word: Clips for each word: 70 % train, 10 % validation, 20 % test.
        unknown: The same for the unknown class.
        language: Whose voices there are.
    """
    counts = dict.fromkeys(map(label_of, words), per_word) | {UNKNOWN: unknown}
    for split in SPLITS:
        voices = speech.voices(split, language)
        for label, count in counts.items():
            order = sorted(voices, key=lambda alike: _number(seed, label, voice_id(alike[0])))
            for i in range(round(count * SHARES[split])):
                index, turn = divmod(i, len(order))
                alike = order[turn]
                yield Clip(label, split, alike[index % len(alike)], alike[0], index)
