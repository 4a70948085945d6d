# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mcu_ghost.data import augment

RNG = np.random.default_rng


@pytest.mark.parametrize("kind", augment.NOISES)
def test_noise_has_unit_power_and_a_seed(kind: str) -> None:
    speech = [RNG(1).integers(-999, 999, 8000).astype(np.int16)]
    got = augment.noise(RNG(0), 24000, kind, speech)
    assert got.std() == pytest.approx(1)
    assert np.array_equal(got, augment.noise(RNG(0), 24000, kind, speech))


def test_shift_moves_zeros_in() -> None:
    clip = np.arange(1, 6, dtype=np.int16)
    assert augment.shift(clip, 2).tolist() == [0, 0, 1, 2, 3]
    assert augment.shift(clip, -2).tolist() == [3, 4, 5, 0, 0]
    assert augment.shift(clip, 0).tolist() == clip.tolist()


def test_place_fills_a_clip() -> None:
    word = np.ones(100, np.int16)
    assert augment.place(RNG(0), word, 400).sum() == 100
    assert len(augment.place(RNG(0), word, 60)) == 60


def test_mix_sets_level_and_ratio() -> None:
    clip = (3000 * np.sin(np.arange(24000) / 5)).astype(np.int16)
    assert augment.mix(clip, -6.0206).std() == pytest.approx(clip.std() / 2, rel=0.01)
    noisy = augment.mix(clip, 0, augment.noise(RNG(0), 24000, "white"), 10).astype(float)
    assert (noisy - clip).std() == pytest.approx(clip.std() / 10**0.5, rel=0.02)
    assert augment.mix(clip, 60).max() == 32767


def test_augmented_and_silent_clips_keep_their_length() -> None:
    clip = RNG(2).integers(-2000, 2000, 24000).astype(np.int16)
    rng = RNG(0)
    for _ in range(20):
        assert len(augment.augment(rng, clip, [clip])) == 24000
        assert len(augment.silence(rng, 24000)) == 24000
