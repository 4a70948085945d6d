# SPDX-License-Identifier: Apache-2.0
"""Makes clips of random English words, for training to hear what is no wake word.

    python -m examples.wake_words.phrases OUT

takes one to four words each from /usr/share/dict/words (Debian's wamerican-small) and lets the
training voices of `mcu-ghost data synth` say them: the same clips each time. Run again, it goes on
where it was.
"""

from __future__ import annotations

import os
from concurrent import futures
from pathlib import Path

import numpy as np

from examples.packages import out_folder
from mcu_ghost.host import console, files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.data import plan, speech

WORDS = Path("/usr/share/dict/words")
CLIPS = 6000
WAKE_WORDS = ("alexa", "computer", "jarvis", "smart mirror", "snowboy", "view glass")


def main(out: Path) -> None:
    """Make all clips that are not there yet."""
    if not WORDS.is_file():
        raise GhostError(f"{WORDS} is not there: apt install wamerican-small")
    known = [word for word in WORDS.read_text("utf-8").split() if word.isalpha() and word.isascii()]
    out.mkdir(parents=True, exist_ok=True)
    with console.progress() as bars, futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        task = bars.add_task("phrases", total=CLIPS)
        for _ in pool.map(lambda number: clip(out, known, number), range(CLIPS)):
            bars.advance(task)


def clip(out: Path, known: list[str], number: int) -> None:
    """Make one clip, each with randomness of its own."""
    rng = np.random.default_rng([1, number])
    text = phrase(rng, known)
    voices = speech.voices("train")
    alike = voices[number % len(voices)]
    voice = speech.with_accent(rng, alike[int(rng.integers(len(alike)))])
    path = out / f"{plan.voice_id(alike[0])}_{number:04d}.flac"
    if not path.is_file():
        said = speech.say(text, voice, int(rng.integers(120, 220)), int(rng.integers(25, 75)))
        files.write_bytes(path, recording.encode(said, "flac"))


def phrase(rng: np.random.Generator, known: list[str]) -> str:
    """Return some words that hold no wake word."""
    while True:
        text = " ".join(rng.choice(known, int(rng.integers(1, 5)))).lower()
        if not any(word in text for word in WAKE_WORDS):
            return text


if __name__ == "__main__":
    try:
        main(out_folder(__doc__))
    except GhostError as error:
        raise SystemExit(f"error: {error}") from None
