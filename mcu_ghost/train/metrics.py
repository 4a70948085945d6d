# SPDX-License-Identifier: Apache-2.0
"""What a classifier is judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def recalls(
    labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> list[float]:
    """Return for each class the share of its clips that were recognised; NaN without any."""
    return [
        float((predicted[labels == c] == c).mean()) if (labels == c).any() else float("nan")
        for c in range(classes)
    ]


def macro_accuracy(
    labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> float:
    """Return the mean of the classes' recalls: each class counts the same, however many clips."""
    return float(np.nanmean(recalls(labels, predicted, classes)))


def accepted(
    scores: npt.NDArray[np.floating[Any]], words: int, threshold: float
) -> npt.NDArray[np.bool_]:
    """Return where a word would be reported.

    Args:
        scores: (clips, classes); the words are the first classes.
        words: How many words there are.
        threshold: A word counts when it is the best class and its score is at least this.
    """
    best = scores.argmax(-1)
    return (best < words) & (scores.max(-1) >= threshold)
