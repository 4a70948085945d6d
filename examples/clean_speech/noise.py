# SPDX-License-Identifier: Apache-2.0
"""Collects noise from Debian packages, by kind: what the bundled `clean_speech` was trained on.

    python -m examples.clean_speech.noise OUT

fetches the packages with `apt-get download` (nothing is installed; 3 GB), unpacks them and copies
their sounds, as they are, to OUT/<kind>/. Run again, it goes on where it was.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from examples.packages import out_folder, unpacked
from mcu_ghost.host import console
from mcu_ghost.host.errors import GhostError

# Kind, package, and patterns of files in it. What stands behind an archive's name lies in that.
SOURCES = (
    ("city", "lincity-ng-data", ("**/sounds/*.wav",)),
    ("work", "widelands-data", ("**/data/sound/**/*.ogg", "**/critters/**/*.ogg")),
    ("music", "widelands-data", ("**/data/music/*.ogg",)),
    ("music", "lincity-ng-data", ("**/music/**/*.ogg",)),
    ("outdoors", "0ad-data", tuple(f"**/public.zip!audio/{folder}/" for folder in (
        "ambient", "resource", "interface/complete/building", "actor/fauna", "actor/singlesteps",
        "attack/weapon",
    ))),
    ("engines", "supertuxkart-data", ("**/data/sfx/*.ogg",)),
    ("engines", "torcs-data", ("**/data/sound/*.wav",)),
    ("engines", "flightgear-data-base", ("**/flightgear/Sounds/*.wav", "**/c172p/Sounds/*.wav")),
    ("nature", "minetest-data", ("**/*.ogg",)),
    ("keys", "bucklespring-data", ("**/*.wav",)),
    ("vehicles", "openttd-opensfx", ("**/*.cat",)),
)  # fmt: skip


def sounds(root: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the sounds that a pattern means."""
    pattern, _, inside = pattern.partition("!")
    for path in sorted(root.glob(pattern)):
        if inside:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.startswith(inside) and name.endswith(".ogg"):
                        yield Path(name).name, archive.read(name)
        elif path.suffix == ".cat":  # sounds one behind the other
            for number, content in enumerate(riffs(path.read_bytes())):
                yield f"sound{number:03d}.wav", content
        else:
            yield path.name, path.read_bytes()


def riffs(content: bytes) -> Iterator[bytes]:
    """Yield the WAV files that stand in another file."""
    start = content.find(b"RIFF")
    while start >= 0:
        (size,) = struct.unpack_from("<I", content, start + 4)
        yield content[start : start + size + 8]
        start = content.find(b"RIFF", start + 4)


def main(out: Path) -> None:
    """Collect everything."""
    packages = out / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with console.progress() as bars:
        task = bars.add_task("collecting", total=len(SOURCES))
        for kind, package, patterns in SOURCES:
            bars.update(task, description=f"{kind}: {package}")
            root, target = unpacked(package, packages), out / kind
            target.mkdir(exist_ok=True)
            for pattern in patterns:
                for name, content in sounds(root, pattern):
                    file = Path(name)
                    if kind == "music":  # a tune is a work of its own, no part of one place
                        file = file.with_stem("-".join(reversed(file.stem.split("_"))))
                    (target / file).write_bytes(content)
            bars.advance(task)
    shutil.rmtree(packages)


if __name__ == "__main__":
    try:
        main(out_folder(__doc__))
    except GhostError as error:
        raise SystemExit(f"error: {error}") from None
