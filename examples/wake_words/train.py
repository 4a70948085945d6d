# SPDX-License-Identifier: Apache-2.0
"""Trains the keyword model that ships with mcu-ghost.

    python examples/wake_words/train.py --data FOLDER --out wake_words.tflite

`--help` lists the options. Stopped halfway, the same command goes on where it was.
"""

import sys

from mcu_ghost.cli.train import command
from mcu_ghost.errors import GhostError

WORDS = ("alexa", "computer", "jarvis", "smart_mirror", "snowboy", "view_glass")

if __name__ == "__main__":
    words = [part for word in WORDS for part in ("--word", word)]
    try:
        command.main(["--out", "wake_words.tflite", *words, *sys.argv[1:]])
    except GhostError as error:
        raise SystemExit(f"error: {error}") from None
