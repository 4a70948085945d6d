# SPDX-License-Identifier: Apache-2.0
"""The layouts that people have are read as they mean them, and what was guessed is said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import check, layouts
from mcu_ghost.sound.data.sections import Words
from mcu_ghost.sound.data.speakers import SpeakerPattern
from tests.cli.in_process import refusal


def fill(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([number, *name.encode()])
        soundfile.write(root / name, rng.normal(0, 0.1, 1600), 16000)


def splits(data: layouts.DataSet) -> Counter[tuple[str, str]]:
    return Counter((item.label, item.split) for item in data.items)


def test_speech_commands_are_what_they_were(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{word}/p{i}_0.wav" for word in ("go", "stop") for i in range(30)))
    data = layouts.read(tmp_path)
    assert data.labels == ("go", "stop") and data.notes == () and data.root == tmp_path
    assert {item.group for item in data.items} == {f"p{i}" for i in range(30)}


def test_folders_of_splits(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{part}/{word}/p{i}_0.wav" for part in ("Train", "valid", "test")
                     for word in ("go", "stop") for i in range(3)))  # fmt: skip
    data = layouts.read(tmp_path)
    assert data.labels == ("go", "stop") and data.notes == ("read as folders of splits.",)
    assert set(splits(data).values()) == {3} and len(splits(data)) == 6


def test_without_validation_an_eighth_of_the_speakers_is_taken(tmp_path: Path) -> None:
    fill(tmp_path, *(f"train/go/p{i}_{j}.wav" for i in range(60) for j in range(2)),
         "test/go/q_0.wav")  # fmt: skip
    found = splits(layouts.read(tmp_path))
    assert found["go", "test"] == 1 and 2 <= found["go", "validation"] <= 28
    assert found["go", "train"] + found["go", "validation"] == 120
    assert found["go", "validation"] % 2 == 0  # whole speakers


def test_an_export_of_edge_impulse(tmp_path: Path) -> None:
    fill(tmp_path, *(f"training/{word}.{i:08x}.wav" for word in ("yes", "no") for i in range(20)),
         "testing/yes.aa.wav", "testing/odd.bb.wav")  # fmt: skip
    files = [{"path": "testing/odd.bb.wav", "label": {"type": "label", "label": "no"}}]
    (tmp_path / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
    data = layouts.read(tmp_path)
    assert data.labels == ("no", "yes")
    assert splits(data)["no", "validation"] and splits(data)["yes", "validation"]
    assert splits(data)["no", "test"] == splits(data)["yes", "test"] == 1
    assert "an export of Edge Impulse" in data.notes[0]


def test_a_list(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.wav", "a/2.wav", "b/3.wav")
    table = tmp_path / "clips.csv"
    table.write_text("Path,Label,Speaker,Split\na/1.wav,go,ann,train\na/2.wav,go,bob,dev\n"
                     "b/3.wav,stop,bob,test\n")  # fmt: skip
    data = layouts.read(tmp_path)
    found = {item.path.name: (item.label, item.group, item.split) for item in data.items}
    assert found == {"1.wav": ("go", "ann", "train"), "2.wav": ("go", "bob", "validation"),
                     "3.wav": ("stop", "bob", "test")}  # fmt: skip
    for line, told in (
        ("x.wav,go,a,train", "x.wav is not there"),
        ("../x,go,a,train", "within"),
        ("a/1.wav,,a,train", "needs a label"),
        ("a/1.wav,go,a,7", "is no split"),
    ):
        table.write_text(f"path,label,speaker,split\n{line}\n")
        with pytest.raises(GhostError, match=f"clips.csv:2: .*{told}"):
            layouts.read(tmp_path)


def test_a_set_that_lies_deeper_with_its_lists_above(tmp_path: Path) -> None:
    fill(tmp_path, *(f"train/audio/{word}/p{i}_0.wav" for word in ("go", "stop") for i in range(5)),
         *(f"test/audio/clip_{i}.wav" for i in range(4)))  # fmt: skip
    (tmp_path / "train" / "testing_list.txt").write_text("go/p0_0.wav\n")
    (tmp_path / "train" / "validation_list.txt").write_text("go/p1_0.wav\n")
    data = layouts.read(tmp_path)
    assert data.labels == ("go", "stop") and data.root == tmp_path / "train" / "audio"
    assert splits(data) == {("go", "test"): 1, ("go", "validation"): 1, ("go", "train"): 3,
                            ("stop", "train"): 5}  # fmt: skip
    assert str(tmp_path / "train" / "audio") in data.notes[0]


def test_names_that_are_labels(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{word}_{i}.wav" for word in ("yes", "go on") for i in range(30)))
    data = layouts.read(tmp_path)
    assert data.labels == ("go on", "yes") and len(splits(data)) == 6
    assert "files called by their labels" in data.notes[0]


def test_files_that_begin_with_their_folders_name(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{word}/{word}_{i}.wav" for word in ("yes", "no") for i in range(40)))
    data = layouts.read(tmp_path)
    assert len(splits(data)) == 6 and len(data.notes) == 2
    assert "each file is taken for a speaker" in data.notes[0]


def test_other_formats(tmp_path: Path) -> None:
    fill(tmp_path, "go/p0_0.wav", "go/p1_0.mp3", "go/p2_0.ogg", "stop/p0_0.aiff")
    (tmp_path / "go" / "p3_0.m4a").write_bytes(b"no format of libsndfile")
    data = layouts.read(tmp_path)
    assert len(data.items) == 4
    assert data.notes == ("1 file is left out (.m4a), such as go/p3_0.m4a: convert it, for example"
                          " by ffmpeg -i a.m4a a.flac.",)  # fmt: skip
    assert not check.check(tmp_path).unreadable


def test_nothing(tmp_path: Path) -> None:
    fill(tmp_path, "clip.wav", "other.wav")
    with pytest.raises(GhostError, match="holds no folders of recordings"):
        layouts.read(tmp_path)
    (tmp_path / "go").mkdir()
    assert layouts.read(tmp_path).empty == ("go",)


def test_a_pattern_says_who_speaks(tmp_path: Path) -> None:
    people = [f"p{i}" for i in range(30)]
    fill(tmp_path / "flat", *(f"{word}/{word}_{who}_{take}.wav" for word in ("go", "stop")
                              for who in people for take in range(2)))  # fmt: skip
    data = layouts.read(tmp_path / "flat", SpeakerPattern("*_{speaker}_*"))
    assert data.notes == () and {item.group for item in data.items} == set(people)
    for who in people:
        assert len({item.split for item in data.items if item.group == who}) == 1
    assert {item.split for item in data.items} == {"train", "validation", "test"}
    fill(tmp_path / "deep", *(f"train/go/{who}-{i}.wav" for who in people[:4] for i in range(3)),
         *(f"test/go/q-{i}.wav" for i in range(3)))  # fmt: skip
    data = layouts.read(tmp_path / "deep", SpeakerPattern("{speaker}-*"))
    where = {(item.group, item.split) for item in data.items}
    assert len(where) == 5 and ("q", "test") in where and "validation" in {s for _, s in where}
    fill(tmp_path / "flat", "go/oops.wav")
    with pytest.raises(GhostError, match=r"go/oops\.wav: is not called '\*_\{speaker\}_\*'"):
        layouts.read(tmp_path / "flat", SpeakerPattern("*_{speaker}_*"))


@pytest.mark.parametrize(
    ("pattern", "path", "who"),
    [
        ("*_{speaker}_*", "yes_anna_07.wav", "anna"),
        ("{speaker}-*", "anna-b-7.wav", "anna"),
        ("*-{speaker}", "yes-7-anna.wav", "7-anna"),
        ("{speaker}/*", "x/anna/yes.wav", "anna"),
        ("a(b).{speaker}", "a(b).anna.wav", "anna"),
    ],
)
def test_patterns(pattern: str, path: str, who: str) -> None:
    assert SpeakerPattern(pattern).of(Path(path)) == who


@pytest.mark.parametrize("pattern", ["*", "speaker", "{speaker}_{speaker}"])
def test_what_is_no_pattern(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must hold {speaker} once"):
        SpeakerPattern(pattern)
    with pytest.raises(ValueError, match="must hold {speaker} once"):
        Words(("words",), speaker=pattern)
    told = refusal("data", "check", tmp_path, "--speaker", pattern)
    assert "must hold {speaker} once" in told
