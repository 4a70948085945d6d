# SPDX-License-Identifier: Apache-2.0
"""Synthesises the demo clips that ship with the model, in voices that training never heard.

python examples/wake_words/clips.py mcu_ghost/models/clips
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

from mcu_ghost import audio
from mcu_ghost.data.speech import Voice, say

# Chosen before any model had heard them, and not changed since.
CLIPS = (
    ("alexa", "slt", Voice("flite", "slt")),
    ("alexa", "m1", Voice("espeak-ng", "m1", "en-us")),
    ("computer", "rms", Voice("flite", "rms")),
    ("computer", "anika", Voice("espeak-ng", "anika", "en-gb")),
    ("jarvis", "benjamin", Voice("espeak-ng", "benjamin", "en-gb-x-rp")),
    ("smart_mirror", "slt", Voice("flite", "slt")),
    ("snowboy", "adam", Voice("espeak-ng", "adam", "en-us")),
    ("view_glass", "aunty", Voice("espeak-ng", "aunty", "en-gb-scotland")),
)


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    edge = np.zeros(audio.RATE // 10, np.int16)
    for word, name, voice in CLIPS:
        samples = np.concatenate([edge, say(word.replace("_", " "), voice), edge])
        soundfile.write(out / f"{word}_{name}.flac", samples, audio.RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
