# SPDX-License-Identifier: Apache-2.0
"""Prints phrases of random English words, for `mcu-ghost data synth --others`.

    python -m examples.wake_words.phrases 1500

takes them from /usr/share/dict/words (Debian's wamerican-small), the same ones each time.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

WORDS = Path("/usr/share/dict/words")
LENGTHS = (1, 1, 2, 2, 3, 4)  # words of a phrase


def phrases(count: int) -> list[str]:
    """Return phrases without a comma, which `--others` separates them by."""
    known = [word for word in WORDS.read_text("utf-8").split() if word.isalpha() and word.isascii()]
    drawn = random.Random(1)
    return [" ".join(drawn.choices(known, k=drawn.choice(LENGTHS))).lower() for _ in range(count)]


if __name__ == "__main__":
    if not WORDS.is_file():
        raise SystemExit(f"error: {WORDS} is not there: apt install wamerican-small")
    print(",".join(phrases(int(sys.argv[1]))))
