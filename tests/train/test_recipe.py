# SPDX-License-Identifier: Apache-2.0
"""Recipes: what is in them is checked before anything is read."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mcu_ghost.cli.train import command
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import sounds
from mcu_ghost.train import recipe as recipes
from tests.conftest import ROOT
from tests.train.tones import write


def test_the_example_is_a_recipe() -> None:
    recipe = recipes.read(ROOT / "examples/wake_words/wake_words.toml")
    assert recipe.name == "wake_words"
    assert len(recipe.words.labels) == 6
    uses = {(n.use, n.kind) for n in recipe.negatives}
    assert uses == {(u, k) for u in ("train", "validation", "test") for k in ("speech", "noise")}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[network]\nunit = 3", r"unknown key network.unit. Did you mean 'units'\?"),
        ("[network]\nunits = 3\nratio = 4", r"network.ratio is more than network.units."),
        ("[training]\nlearning_rate = nan", r"training.learning_rate must be 1e-07 to 1, not nan."),
        ("[training]\nepochs = 0", r"training.epochs must be 1 to 10000, not 0."),
        (
            "[scenes]\nsnr_db = [3.0, 1.0]",
            r"scenes.snr_db must be two numbers, the lower one first",
        ),
        ("[scenes]\nwords = 0.9\ncut_words = 0.5", r"are more than 1 together."),
        ("[front_end]\nchannels = 7", r"front_end.channels must be 8 to 64, not 7."),
        (
            "[front_end]\nhigh_hz = 130",
            r"front_end.high_hz must be further above low_hz = 125",
        ),
        (
            "[front_end]\nhop_ms = 12\nwindow_ms = 11",
            r"front_end.hop_ms must be at most window_ms",
        ),
        ("[front_end]\nstep = 11", r"front_end.step leaves less than 10 frames a second."),
        ('[[negatives]]\nfolder = "x"\nkind = "speech"\npart = [0.5, 0.5]', r"negatives\[0\].part"),
    ],
)
def test_a_bad_recipe_is_refused_by_name(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(f'[words]\nfolders = ["words"]\n{line}\n')
    with pytest.raises(GhostError, match=message):
        recipes.read(path)


def load(path: Path) -> sounds.Sounds:
    return sounds.load(recipes.read(path), path.parent)


def test_sounds_are_read_once_and_split_by_speaker(tmp_path: Path) -> None:
    found = load(write(tmp_path))
    assert found.labels == ("fall", "rise")
    words = {split: len(pool.words) for split, pool in found.pools.items()}
    speech = {split: len(pool.speech) for split, pool in found.pools.items()}
    assert sum(words.values()) == 80 and sum(speech.values()) == 40
    assert words["train"] > words["test"] > 0 and words["validation"] > 0
    for pool in found.pools.values():
        assert [len(shelf) for shelf in pool.shelves] == [len(pool.speech)]
    one = found.pools["train"].words[0]
    assert abs(one.end - one.start - 6400) <= 640  # 0.4 s, to two pieces of 20 ms


def test_what_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    broken = tmp_path / "words/rise/s3_0.wav"
    broken.write_bytes(b"RIFF nothing")
    found = load(recipe)
    assert [path for path, _ in found.skipped] == [broken]
    assert any("s3_0.wav is left out" in note for note in found.notes)
    assert found.digest == load(recipe).digest


def test_a_word_without_recordings_of_a_split_is_refused(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    for path in (tmp_path / "words/rise").glob("*.wav"):
        if path.name != "s0_0.wav":
            path.unlink()
    with pytest.raises(GhostError, match="'rise' has no (train|validation|test) recordings"):
        load(recipe)


def test_an_empty_class_is_refused(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    (tmp_path / "words/stop").mkdir()
    with pytest.raises(GhostError, match="stop: holds no WAV or FLAC files"):
        load(recipe)


def test_the_verb_refuses_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    before = "tensorflow" in sys.modules
    for arguments, message in (
        ([str(tmp_path / "no.toml")], "there is no such file"),
        ([str(write(tmp_path)), "--worker", "1"], "names no workers"),
        ([str(tmp_path / "tones.toml"), "--out", str(tmp_path)], "is a folder"),
    ):
        result = CliRunner().invoke(command, arguments)
        assert isinstance(result.exception, GhostError)
        assert message in str(result.exception)
    assert ("tensorflow" in sys.modules) == before
