# SPDX-License-Identifier: Apache-2.0
"""What training hides of its sequences."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.train.batches import mask
from mcu_ghost.train.recipe import Training


@pytest.mark.parametrize("stack", [1, 3])
def test_channels_are_hidden_in_all_features_of_a_frame(stack: int) -> None:
    x = np.ones((64, 20, stack * 8), np.float32)
    mask(np.random.default_rng(1), x, Training(time_masks=0, mask_channels=4), stack)
    features = x.reshape(64, 20, stack, 8)
    assert (features == features[:, :1, :1]).all()
    hidden = (features[:, 0, 0] == 0).sum(1)
    assert hidden.max() > 4 > hidden.min() and hidden.max() <= 8


def test_times_are_hidden_whole() -> None:
    x = np.ones((64, 20, 16), np.float32)
    mask(np.random.default_rng(1), x, Training(channel_masks=0, mask_frames=5), 2)
    assert (x == x[:, :, :1]).all()
    hidden = (x[:, :, 0] == 0).sum(1)
    assert hidden.max() > 5 > hidden.min() and hidden.max() <= 10
