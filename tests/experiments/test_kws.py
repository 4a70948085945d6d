# SPDX-License-Identifier: Apache-2.0
"""kws.md and kws.svg say what kws.json holds; the networks and the clips are those promised."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from experiments.kws import data, networks, report
from experiments.kws.networks import Network
from experiments.kws.report import Results
from mcu_ghost.sound import audio
from mcu_ghost.sound.data import speech

TASKS = report.load()


def test_the_text_and_the_plot_follow_from_the_numbers() -> None:
    text, plot = report.rendered()
    assert report.TEXT.read_text("utf-8") == text
    assert report.PLOT.read_text("utf-8") == plot


@pytest.mark.parametrize("task", TASKS)
def test_accuracies_are_the_mean_recalls_of_the_answers(task: str) -> None:
    results = TASKS[task]
    for network in results.networks.values():
        for condition in data.CONDITIONS:
            labels, _ = results.labels(condition)
            right = results.right(network, condition)
            recalls = [right[..., labels == c].mean((1, 2)) for c in np.unique(labels)]
            stored = results.accuracy(network, condition, "int8")
            np.testing.assert_allclose(100 * np.mean(recalls, axis=0), stored)


@pytest.mark.parametrize("task", TASKS)
def test_networks_are_compared_on_the_same_seeds_and_recipe(task: str) -> None:
    results = TASKS[task]
    classes = len(results.facts["labels"])
    recipes = set()
    for network, runs in results.runs.items():
        for run in runs.values():
            assert run["parameters"] == network.parameters(classes)
            recipe = {k: v for k, v in run["recipe"].items() if k not in ("units", "ratio", "seed")}
            recipes.add(json.dumps(recipe))
    assert len(recipes) == 1


def test_the_matched_gru_has_the_nearest_number_of_parameters() -> None:
    ghost = Network(154, 2)
    assert ghost.parameters(8) == 51282 + 155 * 8  # design: 3m(d+n) + 6m + (n-m)(m+1), and a head
    found = networks.matched(ghost, 8)
    assert found == Network(112)
    wanted = ghost.parameters(8)
    for units in (111, 113):
        assert abs(Network(units).parameters(8) - wanted) > abs(found.parameters(8) - wanted)
    for classes in (8, 12):  # GRU(n / 2) stands for the match of ratio 4
        four = Network(154, 4).parameters(classes)
        assert abs(Network(77).parameters(classes) - four) < 0.011 * four


def packed(values: Any) -> str:
    return base64.b64encode(np.asarray(values, np.uint8).tobytes()).decode()


def results_of(answers: dict[Network, list[list[int]]], labels: list[int]) -> Results:
    """Return results of a task with two kinds of noise, from right (1) and wrong (0) answers."""
    facts = {"labels": ["a", "b"], "kinds": 2, "noisy": packed(labels * 2), "clean": packed(labels)}
    runs: dict[Network, dict[int, Any]] = {}
    for network, seeds in answers.items():
        for seed, right in enumerate(seeds, 1):
            every = np.array(right).reshape(2, -1)
            recalls = [every[:, np.array(labels) == c].mean() for c in (0, 1)]
            runs.setdefault(network, {})[seed] = {
                "accuracy": {"0 dB": {"int8": float(np.mean(recalls))}},
                "right": {"0 dB": packed(np.packbits(right))},
            }
    return Results(facts, runs)


def test_a_difference_pairs_seeds_and_clips() -> None:
    ours, base = Network(154, 2), Network(154)
    labels = [0, 0, 1, 1]
    results = results_of(
        {
            ours: [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 0]],
            base: [[1, 1, 1, 0, 1, 1, 1, 0], [1, 1, 1, 0, 1, 1, 1, 0]],
        },
        labels,
    )
    mean, seeds, clips = results.difference(ours, base, "0 dB")
    # Seed 1: 100 - 75 points; seed 2: 87.5 - 75.
    assert mean == pytest.approx(18.75)
    assert seeds == pytest.approx(12.706 * np.std([25, 12.5], ddof=1) / np.sqrt(2), rel=1e-3)
    # Clip by clip the difference is 0, 0, 0 and 0.75: only the second class varies.
    assert clips == pytest.approx(196 * np.sqrt(np.var([0, 0.75], ddof=1) / 2 / 4))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder in Speech Commands layout: ten commands and two other words."""
    rng = np.random.default_rng(0)

    def write(name: str, seconds: float) -> None:
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = rng.integers(-9000, 9000, round(16000 * seconds)).astype(np.int16)
        soundfile.write(path, samples, 16000, subtype="PCM_16")

    lists: dict[str, list[str]] = {"validation": [], "testing": []}
    for word in (*data.COMMANDS, "bed", "cat"):
        for i in range(5):
            name = f"{word}/v{i}_nohash_0.wav"
            write(name, 1 if i else 0.7)
            if i > 2:
                lists["validation" if i == 3 else "testing"].append(name)
    for split, names in lists.items():
        (tmp_path / "set" / f"{split}_list.txt").write_text("\n".join(names) + "\n")
    write("_background_noise_/tap.wav", 12)
    monkeypatch.setattr(speech, "say", lambda *_: rng.integers(-99, 99, 16000).astype(np.int16))
    return tmp_path / "set"


def test_commands_are_the_ten_words_a_tenth_of_unknown_and_silence(
    source: Path, tmp_path: Path
) -> None:
    task = data.commands(source, tmp_path)
    assert task.name == "Speech Commands"
    assert task.labels == (*data.COMMANDS, "unknown", "silence")
    # Train: 3 of each word, a tenth of 30 unknown and silent ones; everything twice, once moved.
    assert np.bincount(task.train[1]).tolist() == [6] * 12
    assert np.bincount(task.validation[1]).tolist() == [1] * 12
    assert np.bincount(task.tests["clean"][1]).tolist() == [1] * 12
    assert task.train[0].shape == (72, 49, 40)
    for condition in data.CONDITIONS[1:]:
        features, labels = task.tests[condition]
        assert np.bincount(labels).tolist() == [1] * 11  # silence is never noisy
        assert not np.array_equal(features, task.tests["clean"][0][:11])
    # The lists decide: the test clips are the fifth ones, and nobody else's.
    clip, _ = soundfile.read(source / "yes" / "v4_nohash_0.wav", dtype="int16")
    assert np.array_equal(task.tests["clean"][0][0], audio.frames(clip))


def test_commands_are_the_same_from_the_cache_and_from_scratch(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "frames", lambda samples: samples[:1960].reshape(49, 40))
    made, held = data.commands(source, tmp_path), data.commands(source, tmp_path)
    assert made.data == held.data
    assert np.array_equal(made.train[0], held.train[0])
    (source / "synth.json").write_text("{}")
    assert data.commands(source, tmp_path).name == "synthetic commands"
    (source / "bed" / "v9_nohash_0.wav").write_bytes((source / "yes/v1_nohash_0.wav").read_bytes())
    assert data.commands(source, tmp_path).data != made.data


def test_noise_grows_from_condition_to_condition_and_its_kinds_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []

    def unseen(_: object, kind: str, length: int, talk: object) -> np.ndarray:
        heard.append(kind)
        return np.ones(length)

    monkeypatch.setattr(data.unseen_noise, "unseen", unseen)
    monkeypatch.setattr(speech, "say", lambda *_: np.ones(16000, np.int16))
    mixed: list[int] = []
    monkeypatch.setattr(data.audio, "frames", lambda samples: mixed.append(int(samples[0])))
    data.noisy([np.full(16000, 1000, np.int16)] * 2, ("go",), 3)
    assert heard == ["rattle", "siren", "siren", "voice", "voice", "rattle"]
    assert mixed[:3] == sorted(mixed[:3])
    assert (np.array(mixed[:3]) - 1000 == np.rint(1000 / 10 ** (np.array([10, 5, 0]) / 20))).all()
