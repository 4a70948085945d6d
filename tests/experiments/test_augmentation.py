# SPDX-License-Identifier: Apache-2.0
import numpy as np

from experiments import augmentation


def test_shift_moves_zeros_in() -> None:
    clip = np.arange(1, 6, dtype=np.int16)
    assert augmentation.shift(clip, 2).tolist() == [0, 0, 1, 2, 3]
    assert augmentation.shift(clip, -2).tolist() == [3, 4, 5, 0, 0]
    assert augmentation.shift(clip, 0).tolist() == clip.tolist()


def test_augmented_and_silent_clips_keep_their_length() -> None:
    clip = np.random.default_rng(2).integers(-2000, 2000, 24000).astype(np.int16)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert len(augmentation.augmented(rng, clip, [clip])) == 24000
        assert len(augmentation.silence(rng, 24000)) == 24000
