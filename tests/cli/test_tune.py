# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost tune`: other thresholds, the same network, and no TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from mcu_ghost.cli import options
from mcu_ghost.cli.tune import command
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read, write
from mcu_ghost.sound import keywords
from mcu_ghost.sound.audio import RATE
from mcu_ghost.train import tune
from tests.listeners import listener

BUNDLED = resources.default_model()
LABELS = ("alexa", "computer", "jarvis", "smart_mirror", "snowboy", "view_glass")
RECIPE = """
[words]
folders = ["words"]

[scenes]
noise_hours = 0.01

[detector]
false_accepts_per_hour = 100.0
"""


@pytest.fixture(scope="module")
def lamp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recipe for the words that the bundled clips say."""
    root = tmp_path_factory.mktemp("lamp")
    for clip in (BUNDLED.parent / "clips").glob("*.flac"):
        label, _, voice = clip.stem.rpartition("_")
        (root / "words" / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, root / "words" / label / f"{voice}.flac")
    recipe = root / "lamp.toml"
    recipe.write_text(RECIPE)
    return recipe


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def refused(*words: object) -> str:
    error = run(*words).exception
    assert isinstance(error, GhostError), error
    return str(error)


def thresholds(path: Path) -> dict[str, float]:
    words: dict[str, Any] = read.load(path).metadata["detector"]["words"]
    return {label: word["threshold"] for label, word in words.items()}


def without_thresholds(path: Path) -> bytes:
    """Return a model's bytes with all thresholds 0."""
    model = read.load(path)
    for word in model.metadata["detector"]["words"].values():
        word["threshold"] = 0
        word.pop("sensitivity", None)
    return write.serialize(model)


def test_thresholds_are_chosen_and_nothing_else_changes(
    lamp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # an import of it fails
    model = tmp_path / "mine.tflite"
    shutil.copy(BUNDLED, model)
    result = run(model, "--data", lamp, "--split", "all", "--json")
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert found["before"] == dict.fromkeys(LABELS, 0.96) and found["written"] == str(model)
    trade = found["trade_off"]
    assert trade["limit"] == 100 and trade["hours"] == pytest.approx(41 / 3600)
    assert [word["said"] for word in trade["words"]] == [2, 2, 1, 1, 1, 1]
    assert found["thresholds"] == dict.fromkeys(LABELS, trade["chosen"])
    assert trade["chosen"] < 0.96 and "cannot tell" in trade["warnings"][0]
    at = trade["thresholds"].index(trade["chosen"])
    assert found["counts"]["now"]["missed"] == [word["missed"][at] for word in trade["words"]]
    assert thresholds(model) == found["thresholds"]
    named = found["sensitivity"]
    assert named["medium"] == trade["chosen"] and named["high"] <= named["medium"] <= named["low"]
    assert keywords.given(read.load(model)).words["jarvis"].sensitivity == named
    assert without_thresholds(model) == without_thresholds(BUNDLED)


def test_a_threshold_can_be_set_by_hand(tmp_path: Path) -> None:
    out = tmp_path / "mine.tflite"
    result = run(BUNDLED, "--threshold", "jarvis=0.5", "-o", out)
    assert result.exit_code == 0, result.exception
    assert thresholds(out) == dict.fromkeys(LABELS, 0.96) | {"jarvis": 0.5}
    assert without_thresholds(out) == without_thresholds(BUNDLED)
    assert "0.96 → 0.5" in result.stdout


def test_a_data_set_says_what_it_lacks(lamp: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    shutil.copytree(lamp.parent / "words", words)
    told = refused(BUNDLED, "--data", words)
    assert "has no validation recordings" in told and "`--split all` takes all there are" in told
    shutil.rmtree(words / "jarvis")
    told = refused(BUNDLED, "--data", words, "--split", "all")
    assert told.endswith("words: has no recordings of 'jarvis'.")
    told = refused(BUNDLED, "--data", lamp, "--negatives", tmp_path / "none", "--split", "all")
    assert told.endswith("none: holds no WAV or FLAC files, to be sounds without the words.")


def test_only_keyword_models_have_thresholds(tmp_path: Path) -> None:
    model = tmp_path / "other.tflite"
    write.write(random_model(1, units=4, ratio=1, inputs=3), model)
    told = refused(model, "--threshold", "yes=0.5")
    assert "does not say how its scores become words" in told
    slow: dict[str, Any] = listener().metadata["front_end"] | {"sample_rate": 8000, "high_hz": 3800}
    write.write(listener(front_end=slow), model)
    assert "only models for 16000 Hz" in refused(model, "--threshold", "alexa=0.5")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("jarvi=0.5", "Did you mean 'jarvis'?"),
        ("jarvis", "as in WORD=0.8."),
        ("jarvis=loud", "a threshold is a number from 0 to 1."),
        ("jarvis=nan", "a threshold is a number from 0 to 1."),
        ("jarvis=1.5", "a threshold is a number from 0 to 1."),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(asked: str, told: str, tmp_path: Path) -> None:
    assert told in refused(BUNDLED, "--threshold", asked, "-o", tmp_path / "x.tflite")


@pytest.mark.parametrize("words", [(), ("--false-accepts", "2"), ("--negatives", "radio")])
def test_without_recordings_nothing_is_chosen(words: tuple[str, ...]) -> None:
    result = run(BUNDLED, *words)
    assert result.exit_code == click.UsageError.exit_code
    assert "Missing option '--data'" in result.stderr


def test_a_recording_of_next_to_nothing_is_heard(tmp_path: Path) -> None:
    """A word of a few samples, and another word of the set as what is not a word."""
    model = tmp_path / "mine.tflite"
    made = listener(units=4)
    words = {"alexa": made.metadata["detector"]["words"]["alexa"]}
    said: dict[str, Any] = made.metadata | {"detector": {"window": 4, "words": words}}
    write.write(dataclasses.replace(made, metadata=said), model)
    for label, count in (("alexa", 40), ("door", RATE)):
        (tmp_path / "words" / label).mkdir(parents=True)
        samples = np.random.default_rng(1).normal(0, 3000, count).astype(np.int16)
        soundfile.write(tmp_path / "words" / label / "a.wav", samples, RATE)
    recipe = tmp_path / "lamp.toml"
    recipe.write_text(RECIPE)
    before = model.read_bytes()
    result = run(model, "--data", recipe, "--split", "all", "--dry-run")
    assert result.exit_code == 0, result.exception
    assert "← chosen" in result.stdout and "0.3 → " in result.stdout
    assert re.search(r"^alexa +0\.3 → [\d.]+ +1 ", result.stdout, re.MULTILINE)
    assert "missed of 1 " in result.stdout and "< " in result.stdout
    assert "warning: 0.012 h of validation sounds" in result.stderr
    assert "nothing is written" in result.stdout and model.read_bytes() == before


def test_who_speaks_is_told_by_the_recipes_pattern(lamp: Path, tmp_path: Path) -> None:
    shutil.copytree(lamp.parent / "words", tmp_path / "words")
    names = sorted((tmp_path / "words").glob("*/*.flac"))
    for number, path in enumerate(names):
        path.rename(path.with_name(f"p{number}_ann_{number}.flac"))
    recipe = tmp_path / "lamp.toml"
    recipe.write_text(RECIPE.replace("[scenes]", 'speaker = "*_{speaker}_*"\n\n[scenes]'))
    tunable = tune.of_model(read.load(BUNDLED))
    _, found = tune.load(tunable, recipe, None, (), True, lambda done, total: None)
    said = found.pools["validation"].words
    assert len(said) == len(names) and {word.speaker for word in said} == {"ann"}


def test_a_sensitivity_is_taken_from_the_file(tmp_path: Path) -> None:
    model = tmp_path / "named.tflite"
    named: dict[Any, float] = {"low": 0.9, "medium": 0.8, "high": 0.6}
    write.write(keywords.with_thresholds(read.load(BUNDLED), {}, named), model)
    eager = tmp_path / "eager.tflite"
    result = run(model, "--sensitivity", "high", "--threshold", "alexa=0.5", "-o", eager)
    assert result.exit_code == 0, result.output
    found = tune.of_model(read.load(eager)).thresholds
    assert found == dict.fromkeys(LABELS, 0.6) | {"alexa": 0.5}
    assert set(tune.of_model(read.load(model)).thresholds.values()) == {0.96}
    both = run(model, "--sensitivity", "low", "--data", tmp_path)
    assert both.exit_code == 2 and "--sensitivity takes what the file has" in both.output


def test_a_bundled_model_is_never_written_over(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert "name what to write: -o" in refused("wake_words", "--threshold", "alexa=0.5")
    result = run("wake_words", "--threshold", "alexa=0.5", "-o", "mine.tflite")
    assert result.exit_code == 0 and (tmp_path / "mine.tflite").is_file()


def test_what_is_built_takes_the_sensitivity(tmp_path: Path) -> None:
    model = tmp_path / "named.tflite"
    write.write(keywords.with_thresholds(read.load(BUNDLED), {}, {"high": 0.6}), model)

    @click.command()
    @options.model
    @options.sensitivity
    def told(model: Any) -> None:
        click.echo(keywords.given(model).words["alexa"].threshold)

    def thresholds(*words: str) -> Result:
        return CliRunner().invoke(told, ["--model", str(model), *words])

    assert thresholds().output == "0.96\n"
    assert thresholds("--sensitivity", "high").output == "0.6\n"
    assert isinstance(thresholds("--sensitivity", "low").exception, GhostError)


def test_the_model_it_starts_from_is_left_alone() -> None:
    before = read.load(BUNDLED)
    after = keywords.with_thresholds(before, {"alexa": 0.5}, {"high": 0.4})
    assert tune.of_model(before).thresholds["alexa"] == 0.96
    assert tune.of_model(after).thresholds == {**tune.of_model(before).thresholds, "alexa": 0.5}
    words = keywords.given(after).words.values()
    assert all(word.sensitivity == {"high": 0.4} for word in words)
    eager = keywords.at_sensitivity(after, "high")
    assert set(tune.of_model(eager).thresholds.values()) == {0.4}
    with pytest.raises(GhostError, match="no threshold for low sensitivity of alexa, computer"):
        keywords.at_sensitivity(after, "low")
