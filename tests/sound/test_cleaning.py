# SPDX-License-Identifier: Apache-2.0
"""Whole files made clean: in place, of any kind, in little memory, and with what is wrong told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import cleaning, enhancement, recording
from mcu_ghost.sound.cleaning import Cleaned, Levels
from mcu_ghost.sound.enhancement import Enhancer, Transform
from tests.sound.enhancers import random_enhancer, sound
from tests.sound.test_recording import peak

MODEL = random_enhancer()


class Mute:
    """Cleans as much as there is."""

    def feed(self, samples: np.ndarray) -> np.ndarray:
        return np.zeros(len(samples), np.int16)


def cleaned(path: Path, **more: Any) -> Cleaned:
    return cleaning.clean_file(path, path.with_name("out.wav"), Mute(), Transform(), **more)


@pytest.mark.parametrize(
    ("rate", "channels", "name"),
    [(16000, 1, "a.wav"), (44100, 2, "a.flac"), (8000, 3, "a.wav"), (48000, 1, "a.ogg")],
)
def test_a_file_is_cleaned_as_its_samples_are(
    tmp_path: Path, rate: int, channels: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "_SECONDS", 1)
    wave = recording.resample(sound(2.8)[8000:], 16000, rate)
    soundfile.write(tmp_path / name, np.stack([wave] * channels, 1), rate)
    out = tmp_path / "out.flac"
    found = cleaning.clean_file(tmp_path / name, out, Enhancer(MODEL), Transform())
    want = enhancement.clean(MODEL, recording.read(tmp_path / name))
    got, at = soundfile.read(out, dtype="int16")
    np.testing.assert_array_equal(got, want)
    assert found.samples == len(want) and found.rate == at == 16000
    assert found.seconds == pytest.approx(len(wave) / rate, abs=1e-4)


@pytest.mark.parametrize("length", [1, 100, 513])
def test_shorter_than_a_frame(tmp_path: Path, length: int) -> None:
    soundfile.write(tmp_path / "a.wav", sound()[2000:][:length], 16000)
    found = cleaned(tmp_path / "a.wav")
    assert len(recording.read(tmp_path / "out.wav")) == found.samples == length
    assert (found.quietest is None) == (length < 320)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """10 s, and 100 s: a second more would be 64 KB as samples of a model alone."""
    wave, used = recording.resample(sound(10.0), 16000, 44100), []
    for times in (1, 10):
        with soundfile.SoundFile(tmp_path / "a.wav", "w", 44100, 2, subtype="PCM_16") as file:
            for _ in range(times):
                file.write(np.stack([wave, -wave // 2], 1))
        used.append(peak(lambda: cleaned(tmp_path / "a.wav")))
    assert used[1] < 1.1 * used[0] + 100_000 and used[1] < 40_000_000


def test_progress_ends_where_the_recording_does(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(10 * 8000, np.int16) + 50, 8000)
    told: list[tuple[float, float]] = []
    cleaned(tmp_path / "a.wav", progress=lambda *seconds: told.append(seconds))
    assert told == sorted(told) and len(told) > 2 and told[-1] == (10.0, 10.0)


@pytest.mark.parametrize(
    ("wave", "told"),
    [
        (sound() * 0.2 / 32768, []),
        (np.zeros(16000), ["is silent: there was nothing to clean."]),
        (sound() * 0.2 / 32768 + 0.05, ["has an offset of 5.0% of full scale. Take it off"]),
        (np.sin(np.arange(16000) / 9) * 1.5, ["is clipped, 5"]),
        ([*[np.nan] * 5, np.inf, *np.sin(np.arange(9999))], ["6 samples are no numbers: NaN"]),
        (np.sin(np.arange(16000) * np.pi / 8), []),  # peaks at full scale, one by one
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, wave: np.ndarray, told: list[str]) -> None:
    soundfile.write(tmp_path / "a.wav", np.array(wave), 16000, subtype="FLOAT")
    found = cleaned(tmp_path / "a.wav", warn=lambda path, sentence: None)
    assert len(found.warnings) == len(told)
    assert all(one.startswith(start) for one, start in zip(found.warnings, told, strict=True))


def test_what_becomes_of_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, rate, channels, told in (
        ("a", 44100, 2, ["its 2 channels are mixed down", "from 44 100 Hz to 16 000 Hz; what"]),
        ("b", 8000, 1, ["is resampled from 8 000 Hz to 16 000 Hz"]),
    ):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.stack([sound() // 4] * channels, 1), rate)
        found = cleaned(path)
        assert len(found.warnings) == len(told)
        for line, words in zip(capsys.readouterr().err.splitlines(), told, strict=True):
            assert line.startswith(f"warning: {path}: ") and words in line


def test_a_file_that_lost_its_end_is_cleaned_so_far(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(2.0) // 4, 16000)
    path.write_bytes(path.read_bytes()[:32044])
    found = cleaned(path)
    assert found.samples == 16000
    assert found.warnings == (
        "ends after 1.00 s, its header promises 2.00 s: copy or record it again.",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "a.wav: there is no such file. Name a WAV or FLAC recording."),
        (b"hello", "a.wav: not a readable recording .* Convert it first, for example: ffmpeg"),
        (b"", "a.wav: not a readable recording"),
    ],
)
def test_what_cannot_be_read_leaves_nothing(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GhostError, match=told):
        cleaned(path)
    assert list(tmp_path.iterdir()) == [path] * (content is not None)


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.int16), 16000)
    with pytest.raises(GhostError, match=r"a\.wav: holds no samples"):
        cleaned(tmp_path / "a.wav")
    assert not (tmp_path / "out.wav").exists()


def test_levels_are_of_a_tenth_and_however_a_stream_is_cut() -> None:
    """Of 100 pieces 10 are noise alone; they become 20 dB quieter, and those of speech 6 dB."""
    rng = np.random.default_rng(0)
    before = rng.choice([-1, 1], 32000) * 10000
    quiet = rng.permutation(100)[:10]
    before.reshape(100, 320)[quiet] //= 100
    after = before // 2
    after.reshape(100, 320)[quiet] = before.reshape(100, 320)[quiet] // 10
    pair = before.astype(np.int16), after.astype(np.int16)
    whole, cut = Levels(16000), Levels(16000)
    whole.add(*pair)
    for piece in zip(*(np.split(one, [1, 319, 320, 7777]) for one in pair), strict=True):
        cut.add(*piece)
    expected = 20 * np.log10(100 / 32768)
    assert whole.tenth() == cut.tenth() == pytest.approx((expected, expected - 20), abs=0.1)
    top = 20 * np.log10(10000 / 32768)
    assert whole.tenth(loudest=True) == pytest.approx((top, top - 6.02), abs=0.1)


def test_levels_of_nothing() -> None:
    levels = Levels(16000)
    levels.add(np.zeros(16000, np.int16), np.ones(16000, np.int16))
    assert levels.tenth() is None
    levels.add(np.full(320, 100, np.int16), np.zeros(320, np.int16))
    assert levels.tenth() == pytest.approx((20 * np.log10(100 / 32768), -101.1), abs=0.05)
