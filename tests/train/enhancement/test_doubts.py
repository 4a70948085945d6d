# SPDX-License-Identifier: Apache-2.0
"""What a person is told of sounds before a network learns from them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.host import files
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data import augment
from mcu_ghost.sound.data.folder import Item, Split
from mcu_ghost.train.enhancement import doubts, sounds
from mcu_ghost.train.enhancement import recipe as recipes
from mcu_ghost.train.enhancement.doubts import Heard
from tests.train.enhancement.voices import voice, write


def one(
    name: str, split: Split = "train", group: str | None = None, label: str = "street"
) -> Heard:
    """Return a recording with nothing wrong."""
    item = Item(Path(name), label, name if group is None else group, split)
    return Heard(item, name.encode(), 100.0, 0.0, 50.0, False)


SPEECH = [one("a"), one("b", "validation"), one("c", "test")]
NOISE = [one(f"n{i}") for i in range(4)]


def told(speech: list[Heard] = SPEECH, noise: list[Heard] = NOISE) -> list[str]:
    return list(doubts.told(speech, noise))


def test_nothing_is_said_of_sounds_as_they_should_be() -> None:
    assert told() == []


@pytest.mark.parametrize(("speaking", "warned"), [(1, False), (2, True), (4, True)])
def test_a_kind_of_noise_in_which_somebody_speaks(speaking: int, warned: bool) -> None:
    short = dataclasses.replace(one("short"), like_speech=None)
    noise = [dataclasses.replace(n, like_speech=i < speaking) for i, n in enumerate(NOISE)]
    found = told(noise=[*noise, short])
    assert bool(found) == warned
    if warned:
        sound = "2 of 4 recordings sound" if speaking == 2 else "4 of 4 recordings sound"
        assert f"noise 'street': {sound} like speech, for example n0. " in found[0]


def test_a_recording_that_is_speech_and_noise() -> None:
    noise = [dataclasses.replace(n, digest=b"ac"[i : i + 1]) for i, n in enumerate(NOISE[:2])]
    (found,) = told(noise=[*noise, *NOISE])
    assert found == (
        "n0 is noise and, as a, speech (1 more): the network learns to take away what it is to"
        " keep."
    )


def test_the_same_recording_in_two_splits() -> None:
    copy = dataclasses.replace(one("d", "test"), digest=b"a")
    (found,) = told([*SPEECH, copy])
    assert found.startswith("a of training and d of the test are the same recording of speech: ")
    assert told([*SPEECH, dataclasses.replace(copy, item=SPEECH[0].item)]) == []
    (found,) = told(noise=[*NOISE, one("n1", "test", label="keys")])
    assert "n1 of training and n1 of the test are the same recording of noise: " in found
    assert told(noise=[*NOISE, one("n1", "validation")]) == []  # which hears what training does


def test_people_of_the_test_who_are_in_training() -> None:
    (found,) = told([*SPEECH, one("d", "train", "c")])
    assert found.startswith("1 speaker of `training` in [speech], 'c', is in validation or the")
    more = [one(f"{split}{i}", split, str(i)) for i in range(4) for split in ("train", "test")]
    assert "4 speakers of `training` in [speech], '0', '1', '2' …, are in" in told(more)[0]


def test_speech_that_is_clipped_or_not_clean() -> None:
    bad = [dataclasses.replace(one(f"x{i}"), clipped=0.01 * (i + 1)) for i in range(3)]
    (found,) = told([*SPEECH, *bad])
    assert "3 recordings are clipped" in found and "The worst is x2 (3.0% of its" in found
    bad = [dataclasses.replace(one(f"x{i}"), below_db=24.0 - i) for i in range(2)]
    (found,) = told([*SPEECH, *bad, dataclasses.replace(one("y"), below_db=None)])
    assert "2 recordings are not clean" in found and "The worst is x1 (23 dB)." in found
    many = [one(f"z{i}") for i in range(50)]
    assert told([*SPEECH, *bad, *many]) == []  # of some it may be a mistake of the measure


def test_a_kind_of_noise_of_too_few_places() -> None:
    noise = [one(f"n{i}", "train", group="") for i in range(4)]
    (found,) = doubts.told(SPEECH, noise, {"street"})
    assert found.startswith("noise 'street' has nothing for the test: by the names of its files,")
    assert "it is of 1 place. " in found
    assert list(doubts.told(SPEECH, noise, {"keys"})) == []
    apart = [*NOISE, one("m", "test")]
    assert list(doubts.told(SPEECH, apart, {"street"})) == []


def test_hardly_any_noise() -> None:
    (found,) = told(noise=[*NOISE[:2], one("m", "test")])
    assert found.startswith("Training has only 200 s of recorded noise: take 5 minutes or more")
    assert told(noise=[])[0].startswith("Training has no recorded noise: ")


def put(path: Path, samples: Samples) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(path, recording.encode(samples, path.suffix[1:]))


def test_all_of_it_of_real_files(tmp_path: Path) -> None:
    path = write(tmp_path)
    wanted = [
        "speakers for validation tell little about others.",
        "speakers for test tell little about others.",
        "Training has only",
    ]

    def notes() -> list[str]:
        found = sounds.load(recipes.read(path), tmp_path).notes
        return [note for note in found if not any(usual in note for usual in wanted)]

    assert notes() == []
    rng = np.random.default_rng(6)
    for number in range(30):
        put(tmp_path / f"noise/hiss/people{number}.wav", voice(rng, 3.0, 120))
    said = recording.read(tmp_path / "speech/001.wav")
    put(tmp_path / "noise/hiss/other.flac", said)  # another format, the same recording
    for number in range(4):
        loud = 10 * recording.read(tmp_path / f"speech/{number:03d}.wav").astype(np.float64)
        put(tmp_path / f"more/{number}.wav", np.clip(loud, -32768, 32767).astype(np.int16))
        noise = augment.noise(rng, len(said), "pink")
        put(tmp_path / f"more/{number}_noisy.wav", augment.mix(said, -3, noise, 10))
    who = json.loads((tmp_path / "speakers.json").read_text())
    (tmp_path / "speakers.json").write_text(json.dumps(who | {f"{n}.wav": n for n in range(4)}))
    text = path.read_text().replace('["speech"]', '["speech"]\ntraining = ["more"]')
    path.write_text(text)
    found = "\n".join(notes())
    assert "other.flac is noise and, as" in found
    assert "noise 'hiss': " in found and "like speech, for example" in found
    assert "4 recordings are clipped" in found and "4 recordings are not clean" in found
