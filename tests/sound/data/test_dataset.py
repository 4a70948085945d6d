# SPDX-License-Identifier: Apache-2.0
"""Whatever is in the folder, training gets int16 samples at 16 kHz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import dataset, folder
from tests.sound.data.sets import put, tone, two_classes


def test_corrupt_files_in_the_middle_are_results_too(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "go" / "p3_0.flac").write_bytes(b"not audio at all")
    cut = tmp_path / "go" / "p7_0.flac"
    cut.write_bytes(cut.read_bytes()[:900])
    (tmp_path / "stop" / "p9_0.flac").unlink()
    soundfile.write(tmp_path / "stop" / "p9_0.wav", np.zeros((0, 1), np.int16), 16000)
    seen: list[tuple[int, int]] = []
    items = folder.scan(tmp_path, ("go", "stop"))
    found = list(dataset.each(items, dataset.read, progress=lambda *now: seen.append(now)))
    assert [item for item, _ in found] == items
    assert seen == [(i, 40) for i in range(1, 41)]
    broken = {item.path.name: dataset.reason(item, e) for item, e in found
              if isinstance(e, GhostError)}  # fmt: skip
    assert list(broken) == ["p3_0.flac", "p7_0.flac", "p9_0.wav"]
    assert broken["p9_0.wav"] == "holds no samples."
    assert broken["p3_0.flac"].startswith("not a readable recording (Format not recog")


def test_mixed_rates_and_stereo_become_16_khz_mono(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for name, rate, channels in (("a", 8000, 1), ("b", 44100, 2), ("c", 48000, 1)):
        put(tmp_path / "go" / f"{name}_0.wav", tone(5, rate, channels, 0.5), rate)
    for item in folder.scan(tmp_path, ("go", "stop")):
        samples = dataset.read(item)
        assert samples.dtype == np.int16 and samples.ndim == 1
        assert len(samples) == (8000 if item.path.suffix == ".wav" else 4800)
        peak = np.abs(np.fft.rfft(samples)).argmax() * 16000 / len(samples)
        if item.path.suffix == ".wav":
            assert peak == pytest.approx(335, abs=3)


def test_a_class_that_is_mostly_broken_is_refused(tmp_path: Path) -> None:
    dataset.refuse_mostly_broken(tmp_path / "go", 20, 10)
    with pytest.raises(GhostError, match="go: only 9 of 20 recordings can be read"):
        dataset.refuse_mostly_broken(tmp_path / "go", 20, 9)


def test_a_split_without_recordings_is_remarked() -> None:
    assert not list(dataset.gaps("go", {"train": 3, "validation": 1, "test": 1}))
    (note,) = dataset.gaps("stop", {"train": 3, "validation": 1, "test": 0})
    assert note == "'stop' has no test recordings: record more people."
    (note,) = dataset.gaps("rare", {"train": 1, "validation": 0, "test": 0})
    assert "'rare' has a single recording" in note


def test_lists_may_name_files_with_spaces(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "go" / "p99 take 2.wav", tone(50))
    (tmp_path / "testing_list.txt").write_text("./go/p99 take 2.wav\r\n\n")
    items = folder.scan(tmp_path, ("go", "stop"))
    assert [i.path.name for i in items if i.split == "test"] == ["p99 take 2.wav"]
