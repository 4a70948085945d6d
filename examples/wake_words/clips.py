# SPDX-License-Identifier: Apache-2.0
"""Synthesises the demo clips that ship with the model, in voices that training never heard.

`python -m examples.wake_words.clips mcu_ghost/models/clips` made those that are there.
"""

from pathlib import Path

import numpy as np
import soundfile

from examples.packages import out_folder
from mcu_ghost.sound import audio
from mcu_ghost.sound.data.speech import Voice, say

# Of the test split, chosen before any model had heard them, and not changed since.
CLIPS = (
    ("alexa", "slt", Voice("flite", "slt")),
    ("alexa", "boris", Voice("espeak-ng", "boris", "en-us")),
    ("computer", "slt", Voice("flite", "slt")),
    ("computer", "annie", Voice("espeak-ng", "Annie", "en-gb")),
    ("jarvis", "shelby", Voice("espeak-ng", "shelby", "en-gb-x-rp")),
    ("smart_mirror", "slt", Voice("flite", "slt")),
    ("snowboy", "zac", Voice("espeak-ng", "zac", "en-us")),
    ("view_glass", "antonio", Voice("espeak-ng", "antonio", "en-gb-scotland")),
)


def main(folder: Path) -> None:
    """Make all clips."""
    folder.mkdir(parents=True, exist_ok=True)
    edge = np.zeros(audio.RATE // 10, np.int16)
    for word, name, voice in CLIPS:
        samples = np.concatenate([edge, say(word.replace("_", " "), voice), edge])
        soundfile.write(folder / f"{word}_{name}.flac", samples, audio.RATE, subtype="PCM_16")


if __name__ == "__main__":
    main(out_folder(__doc__))
