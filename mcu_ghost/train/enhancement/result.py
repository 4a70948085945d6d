# SPDX-License-Identifier: Apache-2.0
"""What a training run for enhancement measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcu_ghost.train.enhancement import measure
from mcu_ghost.train.enhancement.measure import BABBLE, Score
from mcu_ghost.train.result import Image


@dataclass(frozen=True)
class Condition:
    """What became of test mixtures of a kind of noise at an SNR.

    Attributes:
        kind: Of the noise.
        unseen: Whether training heard none of that kind.
        snr_db: Speech over noise.
        count: How many.
        noisy: Of the mixtures as they are.
        float32: Of what the float network makes of them.
        int8: Of what the integer network makes of them, which is what a board does.
    """

    kind: str
    unseen: bool
    snr_db: float
    count: int
    noisy: Score
    float32: Score
    int8: Score


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        title: What it is of.
        count: Mixtures.
        unseen: Whether training heard none of these kinds of noise.
        noisy: Of the mixtures as they are.
        float32: What the float network gains.
        int8: What the integer network gains.
    """

    title: str
    count: int
    unseen: bool
    noisy: Score
    float32: Score
    int8: Score


@dataclass(frozen=True)
class Result:
    """What a run measured.

    Attributes:
        history: Of each validation: step, training loss, validation SI-SDR in dB.
        validation_noisy_db: SI-SDR of the mixtures of validation as they are.
        conditions: Of the test split.
        clean: Of clean speech that went through the integer network.
        speakers: Of the test split.
        missing: Packages for scores that are not installed.
        model_bytes: Size of the `.tflite`.
        latency_ms: Of a board, without the time that computing takes.
        image: What it costs on a board; None where that cannot be told here.
        no_image: Why not.
    """

    history: tuple[tuple[int, float, float], ...]
    validation_noisy_db: float
    conditions: tuple[Condition, ...]
    clean: Score
    missing: tuple[str, ...]
    model_bytes: int
    latency_ms: float
    image: Image | None
    no_image: str

    def kinds(self) -> list[str]:
        """Return the kinds of noise, those that training heard first."""
        found = sorted({(c.unseen, c.kind == BABBLE, c.kind) for c in self.conditions})
        return [kind for _, _, kind in found]

    def row(self, title: str, wanted: Callable[[Condition], bool] = lambda c: True) -> Row:
        """Return the means over the mixtures of some conditions."""
        chosen = [c for c in self.conditions if wanted(c)]
        noisy, floats, integers = (
            measure.mean(of(c) for c in chosen for _ in range(c.count))
            for of in (lambda c: c.noisy, lambda c: c.float32, lambda c: c.int8)
        )
        return Row(
            title=title,
            count=sum(c.count for c in chosen),
            unseen=all(c.unseen for c in chosen),
            noisy=noisy,
            float32=floats.over(noisy),
            int8=integers.over(noisy),
        )

    def rows(self) -> list[Row]:
        """Return a row of everything, one without babble, and one of each kind."""
        rows = [self.row("everything"), self.row("all but babble", lambda c: c.kind != BABBLE)]
        return rows + [self.row(kind, lambda c, k=kind: c.kind == k) for kind in self.kinds()]  # type: ignore[misc]

    def by_snr(self) -> list[Row]:
        """Return a row of each SNR."""
        found = sorted({c.snr_db for c in self.conditions})
        return [self.row(f"{snr:g} dB", lambda c, s=snr: c.snr_db == s) for snr in found]  # type: ignore[misc]
