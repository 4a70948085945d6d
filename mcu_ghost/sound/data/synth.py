# SPDX-License-Identifier: Apache-2.0
"""Makes a data set from text: words spoken by synthetic voices that stay in one split each.

The same settings give the same bytes, whatever the order, the number of workers or interruptions:
each clip has randomness of its own (`plan.Clip.rng`). Training clips are degraded by rooms, noise
and level; validation and test clips differ in place and level only, unless asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.host import files, processes, tools
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment, folder, plan, speech
from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.plan import UNKNOWN, Clip
from mcu_ghost.sound.data.speech import Voice

MANIFEST = "synth.json"
_VERSION = 3  # of this recipe
_NOISE_SECONDS, _NOISES_PER_KIND = 20, 3


@dataclass(frozen=True)
class SynthSettings:
    """What decides every byte of a set.

    Attributes:
        words: What is spoken, in lower case.
        seed: Of everything random.
        per_word: Clips of each word, all splits together.
        unknown: Clips of other words.
        clip_ms: Length of a clip.
        format: `flac` or `wav`.
        augment: The splits whose clips are degraded: `train`, `all` or `none`.
        language: As espeak-ng calls it.
        others: What the unknown class says besides.
    """

    words: tuple[str, ...]
    seed: int = 1
    per_word: int = 200
    unknown: int = 200
    clip_ms: int = 1000
    format: str = "flac"
    augment: str = "train"
    language: str = speech.ENGLISH
    others: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Samples of a clip."""
        return self.clip_ms * RATE // 1000

    def clips(self) -> list[Clip]:
        """Return every clip of the set."""
        counts = self.per_word, self.unknown
        return list(plan.clips(self.words, self.seed, *counts, self.language))

    def unknown_texts(self) -> tuple[str, ...]:
        """Return what the unknown class says."""
        return plan.other_words(self.words, self.others, self.language)


def synthesise(
    settings: SynthSettings,
    out: Path,
    noise: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Make a set, or go on with one that was interrupted.

    Args:
        settings: What to make.
        out: The folder.
        noise: A folder of recordings that become background noise besides the generated ones.
        jobs: Clips made at a time.
        progress: Called with the files done and the files in total, first with those of an
            earlier run.

    Returns:
        What was made: counts of clips by split, and of files that were there already.

    Raises:
        GhostError: The folder holds something else, an engine is missing, a word is too long for a
            clip, or the disk is full.
    """
    own = folder.recordings(noise) if noise else []
    for path in own:
        files.open_file(path).close()
    _fits(settings)
    _claim(settings, out, own)
    clips = settings.clips()
    for split, name in folder.LISTS.items():
        lines = [f"{c.name}.{settings.format}\n" for c in clips if c.split == split]
        files.write_text(out / name, "".join(sorted(lines)))
    for pattern in (f"*/.*.{settings.format}.*", ".*_list.txt.*", f".{MANIFEST}.*"):
        for left in out.glob(pattern):  # by a run that was killed as it wrote
            left.unlink()
    source = Noise(tuple(_backgrounds(settings, out, own)), kinds=())
    missing = [c for c in clips if not _path(settings, out, c).is_file()]
    done = len(clips) - len(missing)
    progress(done, len(clips))
    for made, _ in enumerate(_parallel(settings, out, missing, source, jobs), 1):
        progress(done + made, len(clips))
    return {
        "folder": str(out),
        "clips": {s: sum(c.split == s for c in clips) for s in folder.SPLITS},
        "voices": {s: len(speech.voices(s, settings.language)) for s in folder.SPLITS},
        "found": done,
    }


def _parallel(
    settings: SynthSettings, out: Path, clips: list[Clip], source: Noise, jobs: int
) -> Iterator[None]:
    def work(clip: Clip) -> None:
        content = recording.encode(make(settings, clip, source), settings.format)
        files.write_bytes(_path(settings, out, clip), content)

    # Threads: the time goes into engines and FFTs, which do not hold Python's lock.
    pool = futures.ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(work, clips)
    finally:
        pool.shutdown(cancel_futures=True)


def make(settings: SynthSettings, clip: Clip, source: Noise) -> Samples:
    """Return the samples of one clip.

    Raises:
        GhostError: The voice needs longer than a clip for the word, however fast it speaks.
    """
    rng = clip.rng(settings.seed)
    texts = [w for w in settings.words if plan.label_of(w) == clip.label]
    texts = texts or list(settings.unknown_texts())
    text = texts[rng.integers(len(texts))]
    voice = speech.with_accent(rng, clip.voice, settings.language)
    pace, pitch = int(rng.integers(120, 200)), int(rng.integers(25, 75))
    said = speech.say(text, voice, pace, pitch)
    degraded = settings.augment in ("all", clip.split)
    if degraded:
        said = augment.speed(rng, said)
    if len(said) > settings.length and clip.label != UNKNOWN:
        said = speech.say(text, voice, 1 + 120 * pace * len(said) // (100 * settings.length), pitch)
        if len(said) > settings.length:
            raise _too_long(text, len(said), settings)
    placed = augment.place(rng, said, settings.length)
    if degraded:
        return augment.degrade(rng, placed, source)
    return augment.mix(placed, float(rng.uniform(-12, 0)))


def _path(settings: SynthSettings, out: Path, clip: Clip) -> Path:
    return out / f"{clip.name}.{settings.format}"


def _too_long(text: str, samples: int, settings: SynthSettings) -> GhostError:
    return GhostError(
        f"'{text}' takes {samples * 1000 // RATE} ms to say, clips are {settings.clip_ms} ms long. "
        "Make them longer with --clip-ms, or choose a shorter word."
    )


def _fits(settings: SynthSettings) -> None:
    """Say every word once, before anything is written."""
    for word in settings.words:
        said = speech.say(word, Voice("espeak-ng", "m3", _plain_accent(settings)))
        if len(said) > settings.length:
            raise _too_long(word, len(said), settings)


def _plain_accent(settings: SynthSettings) -> str:
    """Return the accent of what is no clip."""
    found = speech.accents(settings.language)
    return "en-us" if "en-us" in found else found[0]


def _engines() -> dict[str, str]:
    """Return the engines' versions: other ones speak otherwise."""
    found = {}
    for engine in ("espeak-ng", "flite"):
        if tools.missing(engine) is None:
            said = processes.run([engine, "--version"], processes.MOMENT).text
            version = re.search(r"\d+\.\d+[\w.-]*", said)
            found[engine] = version[0] if version else "?"
    return found


def _claim(settings: SynthSettings, out: Path, own: list[Path]) -> None:
    """Write the manifest, or compare it with the one there.

    Raises:
        GhostError: The folder holds a set of other settings, or something else.
    """
    path = out / MANIFEST
    facts = {"recipe": _VERSION, **asdict(settings), "engines": _engines()}
    facts["noise"] = [[p.name, p.stat().st_size] for p in own]
    text = json.dumps(facts, indent=2) + "\n"
    if path.is_file():
        try:
            before = json.loads(path.read_text())
        except ValueError:
            before = {}
        now = json.loads(text)
        if not isinstance(before, dict):
            before = {}
        other = [key for key in now if before.get(key) != now[key]]
        if other:
            changes = ", ".join(f"{k}: {before.get(k)} there, {now[k]} now" for k in other)
            raise GhostError(
                f"{out}: holds a set made with other settings ({changes}). "
                "Name another folder with --out, or remove this one."
            )
    elif out.exists() and (not out.is_dir() or any(map(_foreign, out.iterdir()))):
        raise GhostError(
            f"{out}: is there already and not a set made by `data synth`. Name an empty folder."
        )
    files.write_text(path, text)


def _foreign(path: Path) -> bool:
    """Whether a file is another's, and not what a run left that was killed as it began."""
    return not path.name.startswith(f".{MANIFEST}.")


def _backgrounds(settings: SynthSettings, out: Path, own: list[Path]) -> Iterator[Samples]:
    """Make what is missing of `_background_noise_`, and yield all of it."""
    target = out / folder.NOISE
    for kind in augment.KINDS:
        for i in range(_NOISES_PER_KIND):
            path = target / f"{kind}-{i}.{settings.format}"
            if not path.is_file():
                rng = np.random.default_rng([settings.seed, i, augment.KINDS.index(kind)])
                talk = [_talk(rng, settings) for _ in range(8)] if kind == "babble" else []
                sound = augment.noise(rng, _NOISE_SECONDS * RATE, kind, talk)
                samples = recording.to_int16(sound * 32768 * min(0.1, 0.9 / np.abs(sound).max()))
                files.write_bytes(path, recording.encode(samples, settings.format))
            yield recording.read(path)
    for file in own:
        path = target / f"own-{file.name.replace('.', '-')}.{settings.format}"
        if not path.is_file():
            content = recording.encode(recording.read(file), settings.format)
            files.write_bytes(path, content)
        yield recording.read(path)


def _talk(rng: np.random.Generator, settings: SynthSettings) -> Samples:
    """Return some seconds of a training voice saying other words."""
    voice = Voice("espeak-ng", str(rng.choice(speech.variants("train"))),
                  _plain_accent(settings))  # fmt: skip
    text = " ".join(rng.choice(settings.unknown_texts(), 12, replace=False))
    return speech.say(text, voice, int(rng.integers(140, 190)), int(rng.integers(25, 75)))
