# SPDX-License-Identifier: Apache-2.0
"""A recipe for enhancement and the recordings that it names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE
from mcu_ghost.train.enhancement import recipe as recipes
from mcu_ghost.train.enhancement import sounds
from tests.train.enhancement.voices import PEOPLE, voice, write


def load(path: Path) -> sounds.Sounds:
    return sounds.load(recipes.read(path), path.parent)


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_nobody_is_in_two_splits(tmp_path: Path) -> None:
    path = write(tmp_path)
    found = load(path)
    who = {name: str(n) for name, n in json.loads((tmp_path / "speakers.json").read_text()).items()}
    said = {name: sounds.spoken(recording.read(tmp_path / "speech" / name)) for name in who}
    heard: dict[str, set[str]] = {}
    for split, material in found.material.items():
        for samples in material.speech:
            (name,) = (n for n, one in said.items() if np.array_equal(one, samples))
            heard.setdefault(split, set()).add(who[name])
    assert sum(map(len, heard.values())) == PEOPLE == len(set().union(*heard.values()))
    assert all(len(m.speech) == 2 * len(heard[s]) for s, m in found.material.items())


def test_the_room_around_what_is_said_is_no_speech() -> None:
    rng = np.random.default_rng(1)
    said = voice(rng, 2.0, 120)
    time = np.arange(6 * RATE) / RATE
    room = rng.normal(0, 40, len(time)) + 2000 * np.sin(2 * np.pi * 20 * time)
    room[2 * RATE : 4 * RATE] += said
    found = sounds.spoken(room.astype(np.int16))
    assert 1.5 * RATE < len(found) < 2.3 * RATE
    level = np.abs(np.fft.rfft(found * np.hanning(len(found))))
    low = np.fft.rfftfreq(len(found), 1 / RATE) < 40
    assert level[low].max() < level.max() / 50  # it was the louder one


def test_what_is_for_the_test_alone_is_unseen(tmp_path: Path) -> None:
    found = load(write(tmp_path))
    assert found.unseen == {"beeps"}
    assert [sorted(found.material[s].noises) for s in ("train", "validation", "test")] == [
        ["hiss"], ["hiss"], ["beeps", "hiss"]]  # fmt: skip
    assert sum(len(m.noises["hiss"]) for m in found.material.values()) == 12


def test_noise_of_one_place_stays_together(tmp_path: Path) -> None:
    path = write(tmp_path)
    for old in (tmp_path / "noise/hiss").iterdir():
        old.rename(old.with_name(f"harbour{ord(old.stem)}.wav"))
    hiss = [len(m.noises.get("hiss", ())) for m in load(path).material.values()]
    assert sorted(hiss) == [0, 0, 12]


def test_more_speech_for_training_alone(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = {s: len(m.speech) for s, m in load(path).material.items()}
    changed(path, '["speech"]', '["speech"]\ntraining = ["noise/beeps"]')
    after = {s: len(m.speech) for s, m in load(path).material.items()}
    assert after == before | {"train": before["train"] + 3}


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    files.write_bytes(
        tmp_path / "noise/hiss/z.wav", recording.encode(np.zeros(9000, np.int16), "wav")
    )
    files.write_bytes(tmp_path / "noise/hiss/y.wav", b"RIFF")
    notes = load(path).notes
    assert any("z.wav is left out: it is silent" in note for note in notes)
    assert any("y.wav is left out: not a readable recording" in note for note in notes)
    assert any("speakers for validation tell little" in note for note in notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('folders = ["speech"]', 'folders = ["talk"]', "talk: holds no WAV"),
        ('folder = "noise/beeps"', 'folder = "beeps"', "beeps: holds no WAV"),
        ('"speakers.json"', '"nobody.json"', "nobody.json"),
        ('folders = ["speech"]', 'folders = ["noise/beeps"]', "no speech is for"),
        ("bands = 24", "bands = 300", "network.bands must be at most 257, not 300"),
        ("units = 24", "units = 24\nratio = 25", "ratio is more than network.units"),
        ("bands = 24", "bands = 4", "network.bands"),
        ("seconds = 1.0", "seconds = 0.1", "training.seconds"),
        ('task = "enhancement"', 'task = "words"', "task must be one of enhancement, not 'words'"),
        (
            "[training]",
            "[mixing]\nsnr_db = [5, 1]\n[training]",
            "mixing.snr_db must be two numbers",
        ),
        ("[training]", "[transform]\nhop = 100\n[training]", "transform.hop must be 256 or 128"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = changed(write(tmp_path), old, new)
    with pytest.raises(GhostError) as error:
        load(path)
    assert message in str(error.value)


@pytest.mark.parametrize("content", ["[1]", "{", "5", "[" * 100_000])
def test_a_list_of_speakers_that_is_none(tmp_path: Path, content: str) -> None:
    path = write(tmp_path)
    (tmp_path / "speakers.json").write_text(content)
    with pytest.raises(GhostError, match=r"speakers\.json: (is not JSON|must be an object)"):
        load(path)


def test_another_recipe_is_told_apart(tmp_path: Path) -> None:
    from mcu_ghost.train import recipe

    path = write(tmp_path)
    with pytest.raises(GhostError, match=r"voices\.toml: is a recipe for enhancement; here it"):
        recipe.read(path)
