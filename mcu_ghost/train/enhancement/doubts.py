# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the sounds of a recipe for enhancement, as far as it can be told from them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.host import text
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import facts, likeness
from mcu_ghost.sound.data.folder import SPLITS, Item, Split

_MANY = 0.5  # of a kind of noise that sounds like speech, more than animals and clatter do
_SOME = 0.05  # of speech that is not clean
_NOISY_DB = 25.0  # pauses that are less far below what is said are not clean
_LITTLE = 300  # seconds of recorded noise
_CALLED: dict[Split, str] = {"train": "training", "validation": "validation", "test": "the test"}


@dataclass(frozen=True)
class Heard:
    """What is known of a recording.

    Attributes:
        item: The recording.
        digest: A hash of its samples, whatever its file is like.
        seconds: How long it is.
        clipped: Share of its samples at full scale, in runs.
        below_db: How far noise is below what is said, of speech; None where it cannot be told.
        like_speech: Whether it sounds like speech, of noise; None where it cannot be told.
    """

    item: Item
    digest: bytes
    seconds: float
    clipped: float
    below_db: float | None = None
    like_speech: bool | None = None


def heard(item: Item, samples: Samples, clipped: float, speech: bool) -> Heard:
    """Listen to a recording.

    Args:
        item: The recording.
        samples: int16 at 16 kHz.
        clipped: Share of its samples, as they were in its file, at full scale.
        speech: Whether it is to be kept.
    """
    below = likeness.noise_below(samples) if speech else None
    like = None if speech else likeness.like_speech(samples)
    digest = hashlib.sha256(samples.tobytes()).digest()
    return Heard(item, digest, len(samples) / RATE, clipped, below, like)


def told(
    speech: Sequence[Heard], noise: Sequence[Heard], shared: Collection[str] = ()
) -> Iterator[str]:
    """Yield a sentence on each thing that a person should look at before training.

    Args:
        speech: What is to be kept.
        noise: What is to be taken away.
        shared: Kinds of noise that training and the test should both have.
    """
    first: dict[tuple[Path, str], Heard] = {}
    for one in noise:  # what is for training is for validation, too
        first.setdefault((one.item.path, one.item.label), one)
    noise = tuple(first.values())
    yield from _kept_and_taken_away(speech, noise)
    yield from _twice(speech, "speech")
    yield from _twice(noise, "noise")
    yield from _same_people(speech)
    yield from _spoken(noise)
    yield from _unshared([one for one in noise if one.item.label in shared])
    yield from _worst(
        speech,
        lambda one: one.clipped,
        facts.CLIPPED,
        "clipped, which is learnt as speech: record them again, quieter. The worst is {} ({:.1%} of"
        " its samples).",
    )
    yield from _worst(
        speech,
        lambda one: None if one.below_db is None else -one.below_db,
        -_NOISY_DB,
        f"not clean, with pauses less than {_NOISY_DB:g} dB below what is said: their noise is"
        " learnt as speech. The worst is {} ({:.0f} dB).",
    )
    seconds = sum(one.seconds for one in noise if one.item.split == "train")
    if seconds < _LITTLE:
        has = f"only {seconds:.0f} s of" if seconds else "no"
        yield (
            f"Training has {has} recorded noise: take {_LITTLE // 60} minutes or more, of many"
            " places; what is generated resembles none of them."
        )


def _kept_and_taken_away(speech: Sequence[Heard], noise: Sequence[Heard]) -> Iterator[str]:
    """Tell of recordings that are both."""
    kept = {one.digest: one for one in speech}
    both = [(kept[one.digest], one) for one in noise if one.digest in kept]
    if both:
        yield (
            f"{both[0][1].item.path} is noise and, as {both[0][0].item.path}, speech{_more(both)}:"
            " the network learns to take away what it is to keep."
        )


def _twice(found: Sequence[Heard], what: str) -> Iterator[str]:
    """Tell of recordings that training or validation has and another split, too."""
    same: dict[bytes, list[Heard]] = defaultdict(list)
    for one in found:
        same[one.digest].append(one)
    pairs = []
    for copies in same.values():
        first = min(copies, key=lambda one: SPLITS.index(one.item.split))
        last = max(copies, key=lambda one: SPLITS.index(one.item.split))
        if first.item.split != last.item.split:
            pairs.append((first, last))
    if pairs:
        (a, b), *_ = pairs
        yield (
            f"{a.item.path} of {_CALLED[a.item.split]} and {b.item.path} of"
            f" {_CALLED[b.item.split]} are the same recording of {what}{_more(pairs)}: what is"
            " measured on it is too good. Remove one of them."
        )


def _same_people(speech: Sequence[Heard]) -> Iterator[str]:
    """Tell of people who are in training and judged by."""
    people: dict[Split, set[str]] = {split: set() for split in SPLITS}
    for one in speech:
        people[one.item.split].add(one.item.group)
    known = sorted(people["train"] & (people["validation"] | people["test"]))
    if known:
        names = ", ".join(f"'{name}'" for name in known[:3])
        yield (
            f"{text.count(len(known), 'speaker')} of `training` in [speech], {names}"
            f"{' …' if len(known) > 3 else ''}, {'is' if len(known) == 1 else 'are'} in validation"
            " or the test, too, which then tell nothing about strangers. Leave them out, or"
            " name them apart in `speakers` if they are others."
        )


def _spoken(noise: Sequence[Heard]) -> Iterator[str]:
    """Tell of kinds of noise in which somebody seems to speak."""
    kinds: dict[str, list[Heard]] = defaultdict(list)
    for one in noise:
        if one.like_speech is not None:
            kinds[one.item.label].append(one)
    for kind, judged in kinds.items():
        like = [one for one in judged if one.like_speech]
        if len(like) >= _MANY * len(judged):
            yield (
                f"noise '{kind}': {len(like)} of {text.count(len(judged), 'recording')}"
                f" {'sounds' if len(like) == 1 else 'sound'} like speech, for example"
                f" {like[0].item.path}. Listen to them: if it is, the network learns to take"
                " speech away."
            )


def _unshared(noise: Sequence[Heard]) -> Iterator[str]:
    """Tell of kinds of noise that are in training alone, or in the test alone."""
    kinds: dict[str, list[Item]] = defaultdict(list)
    for one in noise:
        kinds[one.item.label].append(one.item)
    for kind, items in kinds.items():
        places = text.count(len({item.group for item in items}), "place")
        there = {item.split for item in items}
        for split in SPLITS:
            if split == "validation" or split in there:
                continue
            yield (
                f"noise '{kind}' has nothing for {_CALLED[split]}: by the names of its files,"
                f" <place>_<anything>, it is of {places}. Record more places, or say by `use` what"
                " it is for."
            )


def _worst(
    speech: Sequence[Heard], measure: Callable[[Heard], float | None], limit: float, says: str
) -> Iterator[str]:
    """Tell how much of the speech is over a limit, and which of it most.

    Args:
        speech: Recordings.
        measure: What should be small; None where it cannot be told.
        limit: Of it.
        says: What that means, with places for the worst file and its number.
    """
    values = [(value, one) for one in speech if (value := measure(one)) is not None]
    over = [(value, one) for value, one in values if value > limit]
    if over and len(over) >= _SOME * len(speech):
        value, worst = max(over, key=lambda pair: pair[0])
        what = text.count(len(over), "recording is", "recordings are")
        yield f"{what} {says.format(worst.item.path, abs(value))}"


def _more(found: Sequence[object]) -> str:
    """Return how many there are besides the first."""
    return f" ({len(found) - 1} more)" if len(found) > 1 else ""
