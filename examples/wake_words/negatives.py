# SPDX-License-Identifier: Apache-2.0
"""Collects sounds that hold no wake word from Debian packages: other speech, music and noise.

    python -m examples.wake_words.negatives OUT

fetches the packages with `apt-get download` (nothing is installed), unpacks them and lets ffmpeg
make 16 kHz mono FLAC of them: OUT/<use>/<kind>/*.flac, `use` being train, validation or test. No
voice, composer or package is in two of them. Run again, it goes on where it was.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from examples.packages import out_folder, run, unpacked
from mcu_ghost.host import console
from mcu_ghost.host.errors import GhostError

# package, folder or file pattern in it, use, kind. Asterisk: one professional speaker a language;
# ktuberling: children's words in many languages; klettres: letters and syllables in many;
# hedgewars: acted exclamations.
SOURCES = (
    ("asterisk-core-sounds-en-g722", "**/*.g722", "train", "speech"),
    ("asterisk-core-sounds-es-g722", "**/*.g722", "train", "speech"),
    ("asterisk-core-sounds-fr-g722", "**/*.g722", "train", "speech"),
    ("asterisk-core-sounds-it-g722", "**/*.g722", "validation", "speech"),
    ("asterisk-core-sounds-ru-g722", "**/*.g722", "test", "speech"),
    ("ktuberling-data", "**/sounds/*/*.*", "train", "speech"),
    ("hedgewars-data", "**/voices/[A-P]*/*.ogg", "train", "speech"),
    ("hedgewars-data", "**/voices/[Q-Z]*/*.ogg", "validation", "speech"),
    ("wesnoth-1.16-music", "**/*.ogg", "train", "music"),
    ("frozen-bubble-data", "**/*.ogg", "validation", "music"),
    ("warzone2100-music", "**/*.opus", "test", "music"),
    ("lincity-ng-data", "**/sounds/*.wav", "train", "noise"),
    ("asterisk-prompt-it-menardi-wav", "**/*.wav", "train", "speech"),
    ("klettres-data", "**/*.ogg", "train", "speech"),
    ("supertux-data", "**/music/**/*.ogg", "train", "music"),
    ("extremetuxracer-data", "**/music/*.ogg", "train", "music"),
    ("pushover-data", "**/themes/*.ogg", "train", "music"),
    ("ardentryst", "**/Music/*.ogg", "train", "music"),
    ("asc-music", "**/*.mp3", "train", "music"),
    ("zaz-data", "**/*.ogg", "train", "music"),
    ("supertux-data", "**/sounds/*.wav", "train", "noise"),
    ("ardentryst", "**/Sounds/**/*.ogg", "train", "noise"),
    ("hedgewars-data", "**/Data/Sounds/*.ogg", "test", "noise"),
)
AT_ONCE = 32  # files that a process converts: starting it takes longer than most of them
AUDIO = {".g722", ".mp3", ".ogg", ".opus", ".wav"}


def main(out: Path) -> None:
    """Collect everything."""
    packages = out / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with console.progress() as bars:
        for package, pattern, use, kind in SOURCES:
            root = unpacked(package, packages)
            found = sorted(p for p in root.glob(pattern) if p.suffix in AUDIO)
            task = bars.add_task(package, total=len(found))
            target = out / use / kind
            target.mkdir(parents=True, exist_ok=True)
            for some in (found[at : at + AT_ONCE] for at in range(0, len(found), AT_ONCE)):
                convert(package, some, target)
                bars.advance(task, len(some))


def convert(package: str, sounds: list[Path], target: Path) -> None:
    """Make FLAC of a package's sounds, of those that are not there yet."""
    names = {f"{package}-{p.parent.name}-{p.stem}".replace("_", "-") + ".flac": p for p in sounds}
    todo = [(path, name) for name, path in names.items() if not (target / name).is_file()]
    with tempfile.TemporaryDirectory(dir=target) as partial:
        inputs = [word for path, _ in todo for word in ("-i", str(path))]
        outputs = []
        for number, (_, name) in enumerate(todo):
            outputs += ["-map", f"{number}:a", "-ac", "1", "-ar", "16000", "-sample_fmt", "s16",
                        str(Path(partial) / name)]  # fmt: skip
        if todo:
            run(["ffmpeg", "-v", "error", *inputs, *outputs], target)
        for _, name in todo:
            (Path(partial) / name).rename(target / name)


if __name__ == "__main__":
    try:
        main(out_folder(__doc__))
    except GhostError as error:
        raise SystemExit(f"error: {error}") from None
