# SPDX-License-Identifier: Apache-2.0
"""What a classifier is judged by."""

from __future__ import annotations

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
