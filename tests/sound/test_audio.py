# SPDX-License-Identifier: Apache-2.0
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import audio, front_end
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.sound.keywords import KeywordTask

FORMULA = audio.Formula(multiplier=1674, shift=12, zero_point=-128)
TASK = KeywordTask("m", audio.KEYWORDS, FORMULA, audio.CLIP_MS, None)


def tone(seconds: float, rate: int = 16000, channels: int = 1) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    wave = np.rint(8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    return wave if channels == 1 else np.stack([wave] * channels, axis=1)


def write(path: Path, samples: np.ndarray, rate: int = 16000) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_reads_what_was_written(tmp_path: Path, name: str) -> None:
    samples = tone(0.5)
    assert np.array_equal(audio.read(write(tmp_path / name, samples)), samples)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_other_rates_are_resampled(tmp_path: Path, rate: int) -> None:
    got = audio.read(write(tmp_path / "a.wav", tone(1, rate), rate)).astype(float)
    want = tone(1).astype(float)
    assert got.shape == want.shape
    assert np.abs(got - want)[500:-500].max() < 80


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(16000, np.int16), ["silent", "microphone"]),
        (np.zeros(0, np.int16), ["holds no samples"]),
    ],
)
def test_unusable_recordings_are_named(
    tmp_path: Path, samples: np.ndarray, words: list[str]
) -> None:
    path = write(tmp_path / "bad.wav", samples)
    with pytest.raises(GhostError) as error:
        audio.read(path)
    assert str(error.value).startswith(str(path))
    for word in words:
        assert word in str(error.value)


def test_not_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("hello")
    with pytest.raises(GhostError, match=r"text\.wav: not a readable recording .*ffmpeg"):
        audio.read(path)
    with pytest.raises(GhostError, match="there is no such file"):
        audio.read(tmp_path / "none.wav")


def test_the_int8_formula() -> None:
    features = np.array([0, 1, 2, 300, 623, 624, 670, 65535], np.uint16)
    want = [max(-128, min(127, ((int(f) * 1674 + (1 << 11)) >> 12) - 128)) for f in features]
    got = audio.to_int8(features, FORMULA)
    assert got.dtype == np.int8 and got.tolist() == want
    assert want[0] == -128 and want[-1] == 127


def test_cut_keeps_the_loudest_part_and_pads_evenly() -> None:
    long = np.concatenate([np.zeros(40000, np.int16), tone(1), np.zeros(20000, np.int16)])
    clip = audio.cut(long)
    assert len(clip) == 24000
    assert np.count_nonzero(clip) == np.count_nonzero(long)
    short = audio.cut(tone(0.5))
    assert len(short) == 24000
    assert np.array_equal(short[8000:16000], tone(0.5))
    assert len(audio.cut(tone(1.5)[:-1])) == 24000


@pytest.mark.parametrize("seconds", [0.3, 1.5, 4.0])
def test_every_clip_has_as_many_frames(tmp_path: Path, seconds: float) -> None:
    got = TASK.features(write(tmp_path / "a.wav", tone(seconds)))
    assert got.shape == (74, 40) and got.dtype == np.int8
    assert np.array_equal(got, TASK.features(tone(seconds)))


def test_an_endless_model_hears_everything() -> None:
    assert dataclasses.replace(TASK, clip_ms=None).features(tone(3)).shape == (149, 40)


def test_each_recording_starts_a_fresh_front_end() -> None:
    first = TASK.features(tone(1))
    TASK.features(np.random.default_rng(0).integers(-9999, 9999, 24000).astype(np.int16))
    assert np.array_equal(TASK.features(tone(1)), first)


def test_what_is_shorter_than_a_frame_is_refused() -> None:
    slow = dataclasses.replace(audio.KEYWORDS, step=50)
    task = dataclasses.replace(TASK, front_end=slow, clip_ms=None)
    assert task.features(tone(0.6)).shape == (1, 40)
    with pytest.raises(GhostError, match="The samples: is shorter than a frame of the model, 520"):
        task.features(tone(0.5))


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_settings_decide(tmp_path: Path, rate: int) -> None:
    settings = FrontEndSettings(rate, 30, 10, 20, 125, 4000, 3)
    got = KeywordTask("m", settings, FORMULA, 1000, None).features(
        write(tmp_path / "a.wav", tone(2))
    )
    assert got.shape == (98 // 3, 20)
    heard = audio.cut(audio.read(tmp_path / "a.wav", rate), 1000, rate)
    every = front_end.features(heard, settings)
    assert np.array_equal(got, audio.to_int8(every[2::3], FORMULA))


@pytest.mark.parametrize(("step", "stack"), [(1, 1), (2, 1), (2, 2), (1, 3), (2, 5), (3, 2)])
def test_the_last_features_side_by_side(step: int, stack: int) -> None:
    settings = dataclasses.replace(audio.KEYWORDS, step=step, stack=stack)
    sound = np.random.default_rng(1).integers(-9999, 9999, 8000).astype(np.int16)
    every = front_end.features(sound, settings)
    assert len(every) == 48
    zeros = np.zeros(40, np.uint16)
    wanted = [
        np.concatenate([every[i] if i >= 0 else zeros for i in range(end - stack, end)])
        for end in range(step, len(every) + 1, step)
    ]
    np.testing.assert_array_equal(audio.frames(sound, settings), wanted)
    assert audio.frames(sound[:320], settings).shape == (0, 40 * stack)


def test_the_bundled_clips_are_usable() -> None:
    clips = resources.demo_clips()
    assert len(clips) >= 6
    for clip in clips:
        assert TASK.features(clip).shape == (74, 40)


def test_real_numbers_are_read_as_loud_as_they_are(tmp_path: Path) -> None:
    wave = np.sin(np.arange(16000) / 5) * 0.5
    soundfile.write(tmp_path / "real.wav", wave, 16000, subtype="FLOAT")
    soundfile.write(tmp_path / "whole.wav", wave, 16000, subtype="PCM_16")
    real, whole = (audio.read(tmp_path / f"{name}.wav").astype(int) for name in ("real", "whole"))
    assert np.abs(real - whole).max() <= 1 and whole.max() > 16000


def test_a_recording_that_has_lost_its_end_is_read_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.wav", tone(1))
    path.write_bytes(path.read_bytes()[:20_044])
    assert np.array_equal(audio.read(path), tone(1)[:10_000])
    told = " ".join(capsys.readouterr().err.split())
    assert told == f"warning: {path}: ends after 0.62 s, its header promises 1.00 s: copy or " \
        "record it again."  # fmt: skip


def test_a_short_word_is_padded_and_channels_are_mixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = audio.read(write(tmp_path / "short.wav", tone(0.1)))
    assert len(short) == audio.SHORTEST_MS * audio.RATE // 1000
    quiet = (len(short) - audio.RATE // 10) // 2
    assert not short[:quiet].any() and not short[-quiet:].any() and short[quiet:-quiet].any()
    assert capsys.readouterr().err == ""
    both = audio.read(write(tmp_path / "both.wav", tone(1, channels=2)))
    assert np.abs(both - audio.read(write(tmp_path / "one.wav", tone(1)))).max() <= 1
    assert "both.wav: its 2 channels are mixed down" in capsys.readouterr().err
