# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import soundfile

from experiments import keyword_clips
from mcu_ghost.sound.data import folder, speech


def noise(seconds: float, level: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(-level, level, round(16000 * seconds)).astype(np.int16)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, seconds in [(f"wake_words/go/i{i}_0.flac", 1.5) for i in range(20)] + [
        (f"sentences/s{i}.flac", 3.0) for i in range(30)
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, noise(seconds, 5000), 16000, subtype="PCM_16")
    return tmp_path


def test_the_last_third_of_the_sentences_is_kept_apart(data: Path) -> None:
    used, kept = keyword_clips.sentence_files(data)
    assert len(used) == 20 and len(kept) == 10
    assert max(used) < min(kept)


def test_pieces_leave_pauses_out() -> None:
    speech = np.concatenate([noise(3, 5000), noise(1.5, 50), noise(1.5, 4000)])
    assert len(keyword_clips.pieces(speech, 1500)) == 3
    assert all(len(p) == keyword_clips.LENGTH for p in keyword_clips.pieces(speech, 500))


@pytest.mark.slow
def test_load_makes_every_split_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []

    def say(text: str, voice: speech.Voice, *_: int) -> np.ndarray:
        said.append((text, voice.name))
        return noise(0.6, 3000)

    monkeypatch.setattr(speech, "say", say)
    monkeypatch.setattr(speech, "VARIANTS", speech.VARIANTS[:5])
    monkeypatch.setattr(keyword_clips, "_SILENCES", dict.fromkeys(folder.SPLITS, 9))
    clips = keyword_clips.load(data, ("go",), 1, tmp_path / "cache")
    calls = len(said)
    assert calls
    for split in folder.SPLITS:
        assert clips[split].features.shape[1:] == (74, 40)
        assert set(clips[split].labels) <= {0, 1, 2}
    human = sum(folder.split_of(f"i{i}") == "test" for i in range(20))
    test = clips["test"]
    assert ((test.labels == 0) & (test.sources == "human")).sum() == human
    again = keyword_clips.load(data, ("go",), 1, tmp_path / "cache")
    assert len(said) == calls
    assert np.array_equal(again["train"].features, clips["train"].features)
