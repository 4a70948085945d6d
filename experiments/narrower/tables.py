# SPDX-License-Identifier: Apache-2.0
"""The tables of narrower.md from the answers of every run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.narrower.variants import (
    BASE,
    DIAGONAL,
    PAIRS,
    ROUNDED,
    TUNED,
    UNPACKING,
    Cost,
    Variant,
)
from experiments.unseen_noise import NOISES, SNRS

CONDITIONS = ("clean", *SNRS)

# 95 % of Student's t lie within ± this, by the number of seeds.
STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57}


@dataclass(frozen=True)
class Accuracy:
    """How one variant answered one test set.

    Attributes:
        right: (seeds, noises, clips) whether an answer was right.
        labels: (clips,) class numbers.
    """

    right: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]

    @property
    def by_seed(self) -> npt.NDArray[np.float64]:
        """Macro accuracy of each seed, in percent."""
        recalls = [self.right[..., self.labels == c].mean((1, 2)) for c in np.unique(self.labels)]
        return 100 * np.mean(recalls, axis=0)

    def __str__(self) -> str:
        """Return mean and standard deviation over the seeds."""
        return f"{self.by_seed.mean():.2f} ± {self.by_seed.std(ddof=1):.2f}"

    def minus(self, base: Accuracy) -> tuple[float, float, float]:
        """Compare with another network, seed by seed and clip by clip.

        Returns:
            The difference in points, and the half widths of its 95 % intervals: over seeds with
            these clips, and over clips with these seeds.
        """
        d = self.by_seed - base.by_seed
        seeds = STUDENT[len(d)] * d.std(ddof=1) / math.sqrt(len(d))
        clips = self.right.mean((0, 1)) - base.right.mean((0, 1))
        groups = [clips[self.labels == c] for c in np.unique(self.labels)]
        variance = sum(g.var(ddof=1) / len(g) for g in groups) / len(groups) ** 2
        return float(d.mean()), float(seeds), 196 * math.sqrt(variance)


def _difference(ours: Accuracy, base: Accuracy) -> str:
    """Return a difference with the interval over seeds and clips; bold where it excludes 0."""
    mean, seeds, clips = ours.minus(base)
    width = math.hypot(seeds, clips)
    text = f"{mean:+.1f} ± {width:.1f}".replace("-", "−")
    return f"**{text}**" if abs(mean) > width else text


def _number(n: int) -> str:
    return f"{n:,}".replace(",", " ")


def tables(
    answers: dict[Variant, list[dict[str, npt.NDArray[np.uint8]]]],
    every_label: dict[str, npt.NDArray[np.int64]],
) -> Iterator[str]:
    """Yield lines of Markdown: every variant's accuracy and costs, and the check in integers.

    Args:
        answers: For each variant and seed the best classes of each condition, noise after noise;
            of BASE also those of the integer network.
        every_label: The right ones.
    """

    def accuracy(v: Variant, condition: str, kind: str = "") -> Accuracy:
        labels = every_label[condition]
        noises = 1 if condition == "clean" else len(NOISES)
        right = np.stack([a[kind + condition] for a in answers[v]]) == labels
        return Accuracy(right.reshape(len(right), noises, -1), labels[: len(labels) // noises])

    columns = "weights|clean, %|5 dB, %|0 dB, %|Δ 5 dB|Δ 0 dB|bytes|MACs|instructions".split("|")
    for variants in (TUNED, ROUNDED):
        base = variants[0]
        yield f"| {' | '.join(columns)} |"
        yield "|---" + "|--:" * (len(columns) - 1) + "|"
        for v in variants:
            cost = Cost(v)
            low, high = (f"{cost.instructions(u) / 1000:.1f}" for u in UNPACKING)
            cells = [v.name, *(str(accuracy(v, c)) for c in CONDITIONS)]
            cells += [
                "" if v == base else _difference(accuracy(v, c), accuracy(base, c)) for c in SNRS
            ]
            cells += [_number(cost.bytes), _number(cost.macs)]
            cells += [low + (f" to {high}" if high != low else "") + " k"]
            yield f"| {' | '.join(cells)} |"
        yield ""
    for v, base in PAIRS:
        each = [f"{c} {_difference(accuracy(v, c), accuracy(base, c))}" for c in SNRS]
        yield f"{v.name} − {base.name}: " + ", ".join(each)
    yield ""
    for c in CONDITIONS:
        _, seed_width, clip_width = accuracy(DIAGONAL, c).minus(accuracy(BASE, c))
        yield f"{c}: the diagonal ghost, by seeds {seed_width:.2f}, by clips {clip_width:.2f}"
        ours, theirs = accuracy(BASE, c), accuracy(BASE, c, "integers ")
        same = np.mean([np.mean(a[c] == a[f"integers {c}"]) for a in answers[BASE]])
        most = np.abs(ours.by_seed - theirs.by_seed).max()
        yield (
            f"{c}: integers {theirs}, fake quantisation {ours}; at most {most:.2f} points apart, "
            f"the same answer to {same:.2%}"
        )
