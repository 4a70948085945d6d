# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import folder, speech


def fill(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, np.zeros(16, np.int16), 16000)


def test_a_group_is_in_one_split(tmp_path: Path) -> None:
    names = [f"{word}/id{i}_{take}.flac" for word in "ab" for i in range(60) for take in range(3)]
    fill(tmp_path, names)
    found = folder.scan(tmp_path, "ab")
    assert len(found) == len(names)
    splits: dict[str, set[str]] = {}
    for recording in found:
        splits.setdefault(recording.group, set()).add(recording.split)
    assert all(len(s) == 1 for s in splits.values())
    assert {s for one in splits.values() for s in one} == set(folder.SPLITS)


def test_splits_are_about_70_10_20() -> None:
    splits = [folder.split_of(str(i)) for i in range(5000)]
    shares = [splits.count(s) / 5000 for s in folder.SPLITS]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
    assert folder.split_of("07a07f9e") == "test"  # a split must never move


def test_lists_decide_where_they_exist(tmp_path: Path) -> None:
    fill(tmp_path, [f"a/{i}_0.wav" for i in range(9)])
    (tmp_path / "testing_list.txt").write_text("a/3_0.wav\n")
    (tmp_path / "validation_list.txt").write_text("a/4_0.wav\n")
    found = {r.path.name: r.split for r in folder.scan(tmp_path, ["a"])}
    assert found.pop("3_0.wav") == "test" and found.pop("4_0.wav") == "validation"
    assert set(found.values()) == {"train"}


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="holds no WAV or FLAC files"):
        folder.scan(tmp_path, ["missing"])


def test_labels_are_the_folders(tmp_path: Path) -> None:
    fill(tmp_path, ["b/1.wav", "a/1.wav", "_background_noise_/1.wav", "notes.wav"])
    assert folder.labels(tmp_path) == ("a", "b")
    with pytest.raises(GhostError, match="no folders of recordings"):
        folder.labels(tmp_path / "none")


def test_voices_are_in_one_split() -> None:
    every = [set(speech.variants(s)) for s in folder.SPLITS]
    assert sum(map(len, every)) == len(set.union(*every)) == len(speech.VARIANTS)
    assert all(every)
