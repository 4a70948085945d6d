# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest


@pytest.mark.train
def test_macro_accuracy_weighs_classes_alike() -> None:
    from experiments import keyword_training

    labels = np.array([0] * 8 + [1] * 2)
    predicted = np.array([0] * 8 + [1, 0])
    assert keyword_training.macro_accuracy(labels, predicted, 2) == 0.75
    assert keyword_training.macro_accuracy(labels, predicted, 3) == 0.75  # one without any clip
