# SPDX-License-Identifier: Apache-2.0
"""The loader: whatever is in the folder, training gets int16 samples at 16 kHz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import dataset, folder
from tests.sound.data.sets import put, tone, two_classes


def test_items_by_label_and_split(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "_background_noise_" / "fan.wav", tone(99))
    data = dataset.load(tmp_path)
    assert data.labels == ("go", "stop") and len(data.items) == 40 and not data.skipped
    assert not data.notes
    assert sum(len(data.of(s)) for s in folder.SPLITS) == 40
    assert all(item.split == folder.split_of(item.group) for item in data.items)
    assert {i.group for i in data.of("train")}.isdisjoint(i.group for i in data.of("test"))
    assert dataset.load(tmp_path, ["stop"]).labels == ("stop",)


def test_corrupt_files_in_the_middle_are_named_and_left_out(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "go" / "p3_0.flac").write_bytes(b"not audio at all")
    cut = tmp_path / "go" / "p7_0.flac"
    cut.write_bytes(cut.read_bytes()[:900])
    (tmp_path / "stop" / "p9_0.flac").unlink()
    soundfile.write(tmp_path / "stop" / "p9_0.wav", np.zeros((0, 1), np.int16), 16000)
    data = dataset.load(tmp_path)
    assert [p.name for p, _ in data.skipped] == ["p3_0.flac", "p7_0.flac", "p9_0.wav"]
    assert data.skipped[2][1] == "holds no samples."
    assert data.skipped[0][1].startswith("not a readable recording (Format not recog")
    assert len(data.items) == 37
    assert data.notes[0].startswith("3 of 40 recordings cannot be read")


def test_mixed_rates_and_stereo_become_16_khz_mono(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for name, rate, channels in (("a", 8000, 1), ("b", 44100, 2), ("c", 48000, 1)):
        put(tmp_path / "go" / f"{name}_0.wav", tone(5, rate, channels, 0.5), rate)
    data = dataset.load(tmp_path)
    assert "1 recordings have several channels and are mixed down to one." in data.notes
    for item in data.items:
        samples = dataset.read(item)
        assert samples.dtype == np.int16 and samples.ndim == 1
        assert len(samples) == (8000 if item.path.suffix == ".wav" else 4800)
        peak = np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)
        if item.path.suffix == ".wav":
            assert peak == pytest.approx(335, abs=3)


def test_a_class_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for path in sorted((tmp_path / "go").iterdir())[:11]:
        path.write_bytes(b"broken")
    with pytest.raises(GhostError, match="go: only 9 of 20 recordings can be read"):
        dataset.load(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(GhostError, match="empty: holds no WAV or FLAC files"):
        dataset.load(tmp_path)
    with pytest.raises(GhostError, match="no recordings of 'sto'. Did you mean 'stop'"):
        dataset.load(tmp_path, ["sto"])
    with pytest.raises(GhostError, match="no folders of recordings"):
        dataset.load(tmp_path / "nowhere")


def test_a_single_recording_is_remarked(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "rare" / "p0_0.wav", tone(77))
    assert any("'rare' has a single recording" in note for note in dataset.load(tmp_path).notes)


def test_a_split_without_recordings_is_remarked(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "testing_list.txt").write_text("go/p0_0.flac\n")
    notes = dataset.load(tmp_path).notes
    assert "'stop' has no test recordings: record more people." in notes
    assert not any("'go' has no test" in note for note in notes)


def test_lists_may_name_files_with_spaces(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "go" / "p99 take 2.wav", tone(50))
    (tmp_path / "testing_list.txt").write_text("./go/p99 take 2.wav\r\n\n")
    assert [i.path.name for i in dataset.load(tmp_path).of("test")] == ["p99 take 2.wav"]


def test_progress_counts_every_file(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    dataset.load(two_classes(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 40) for i in range(1, 41)]


def test_background_noise(tmp_path: Path) -> None:
    put(tmp_path / "_background_noise_" / "fan.wav", tone(1, 48000, 2, 2.0), 48000)
    (tmp_path / "_background_noise_" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "_background_noise_" / "README.md").write_text("noise")
    found = dataset.noise(tmp_path)
    assert [len(r) for r in found.recordings] == [32000] and found.kinds
    assert not dataset.noise(tmp_path / "none").recordings
