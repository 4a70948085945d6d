# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mcu_ghost.sound.data import augment, facts

RNG = np.random.default_rng


@pytest.mark.parametrize("kind", augment.KINDS)
def test_noise_has_unit_power_and_a_seed(kind: str) -> None:
    speech = [RNG(1).integers(-999, 999, 8000).astype(np.int16)]
    got = augment.noise(RNG(0), 24000, kind, speech)
    assert got.std() == pytest.approx(1)
    assert np.array_equal(got, augment.noise(RNG(0), 24000, kind, speech))


def test_place_fills_a_clip() -> None:
    word = np.ones(100, np.int16)
    assert augment.place(RNG(0), word, 400).sum() == 100
    assert len(augment.place(RNG(0), word, 60)) == 60


def test_mix_sets_level_and_ratio() -> None:
    clip = (3000 * np.sin(np.arange(24000) / 5)).astype(np.int16)
    assert augment.mix(clip, -6.0206).std() == pytest.approx(clip.std() / 2, rel=0.01)
    noisy = augment.mix(clip, 0, augment.noise(RNG(0), 24000, "white"), 10).astype(float)
    assert (noisy - clip).std() == pytest.approx(clip.std() / 10**0.5, rel=0.02)


def test_nothing_is_cut_off_at_full_scale() -> None:
    """A clip that would be too loud keeps its form: its peak is at full scale, alone."""
    clip = (20000 * np.sin(np.arange(8000) / 5)).astype(np.int16)
    for loud in (augment.mix(clip, 60), augment.mix(clip, 9, augment.noise(RNG(0), 8000, "pink"))):
        assert np.abs(loud.astype(int)).max() == 32767 and facts.clipped(loud) == 0
    rooms = [augment.reverberate(RNG(seed), (clip * 1.6).astype(np.int16)) for seed in range(8)]
    assert max(np.abs(wet.astype(int)).max() for wet in rooms) == 32767
    square = (32767 * np.sign(clip)).astype(np.int16)  # resampling it overshoots
    faster = augment.speed(RNG(2), square)
    assert all(facts.clipped(made) == 0 for made in (*rooms, faster))
    assert not augment.fitted(np.zeros(0)).size


def test_loudness_is_of_the_word_however_long_the_clip() -> None:
    word = (3000 * np.sin(np.arange(3200) / 5)).astype(np.int16)
    for length in (3200, 16000, 80000):
        clip = augment.place(RNG(1), word, length)
        assert augment.loudness(clip) == pytest.approx(3000 / 2**0.5, rel=0.06)
    assert augment.loudness(np.zeros(1000, np.int16)) == 0


def click() -> np.ndarray:
    samples = np.zeros(16000, np.int16)
    samples[4000:4400] = (12000 * np.sin(np.arange(400) / 3)).astype(np.int16)
    return samples


def test_a_room_rings_after_the_sound_at_the_same_level() -> None:
    dry = click().astype(float)
    tails = []
    for seed in range(20):
        wet = augment.reverberate(RNG(seed), click()).astype(float)
        assert len(wet) == 16000 and not wet[:4000].any()
        assert wet.std() == pytest.approx(dry.std(), rel=0.05)
        energy = wet**2 / (wet**2).sum()
        tails.append(energy[4400:].sum())
        assert energy[4000 + 11000 :].sum() < 1e-4  # 60 dB below after 0.6 s
    assert 0.01 < min(tails) < 0.1 and 0.25 < max(tails) < 0.6  # 15 dB to 0 dB, partly hidden
    assert np.array_equal(
        augment.reverberate(RNG(3), click()), augment.reverberate(RNG(3), click())
    )
    assert not augment.reverberate(RNG(0), np.zeros(100, np.int16)).any()


def test_speed_changes_length_and_pitch_together() -> None:
    tone = (9000 * np.sin(2 * np.pi * 500 / 16000 * np.arange(16000))).astype(np.int16)
    lengths = set()
    for seed in range(30):
        got = augment.speed(RNG(seed), tone)
        lengths.add(len(got))
        hertz = np.abs(np.fft.rfft(got)).argmax() * 16000 / len(got)
        assert hertz * len(got) / 16000 == pytest.approx(500, abs=1)
    assert 14500 < min(lengths) < 15200 and 16800 < max(lengths) < 17800


def test_noise_is_cut_from_recordings_or_generated() -> None:
    ramp = np.arange(1, 30001, dtype=np.int16)
    cut = augment.Noise((ramp,), kinds=()).draw(RNG(0), 8000)
    assert cut.std() == pytest.approx(1) and cut.mean() == pytest.approx(0, abs=1e-9)
    assert np.allclose(np.diff(cut), np.diff(cut)[0])
    assert len(augment.Noise((ramp[:500],), kinds=()).draw(RNG(0), 8000)) == 8000
    silent = augment.Noise((np.zeros(9000, np.int16),), kinds=()).draw(RNG(0), 8000)
    assert not silent.any()
    both = augment.Noise((ramp,), kinds=("white",))
    straight = [np.ptp(np.diff(both.draw(RNG(seed), 4000))) < 1e-6 for seed in range(40)]
    assert 8 < sum(straight) < 32
    assert (
        augment.Noise().draw(RNG(5), 4000).tolist() == augment.Noise().draw(RNG(5), 4000).tolist()
    )


def test_music_is_tonal_and_moves() -> None:
    """Unlike noise: most energy in few frequencies, and not the same from beat to beat."""
    for seed in range(5):
        piece = augment.noise(RNG(seed), 48000, "music")
        spectrum = np.sort(np.abs(np.fft.rfft(piece)) ** 2)[::-1]
        assert spectrum[: len(spectrum) // 50].sum() > 0.6 * spectrum.sum()
        levels = (piece.reshape(-1, 800) ** 2).mean(1)
        assert levels.max() > 1.8 * np.median(levels)  # white noise: 1.2


def test_degraded_clips_differ_and_are_reproducible() -> None:
    source = augment.Noise(kinds=("pink",))
    clips = [augment.degrade(RNG(seed), click(), source) for seed in range(80)]
    assert all(len(c) == 16000 and c.any() for c in clips)
    assert len({c.tobytes() for c in clips}) == 80
    clean = sum(not c[:3000].any() for c in clips)
    assert 10 < clean < 35  # one in four
    assert np.array_equal(clips[4], augment.degrade(RNG(4), click(), source))
