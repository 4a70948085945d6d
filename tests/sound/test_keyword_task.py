# SPDX-License-Identifier: Apache-2.0
"""What a model says of itself is read once: into types, or into one sentence."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import front_end_c
from mcu_ghost.build.apps import kws
from mcu_ghost.build.export import core, library
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read, write
from mcu_ghost.sound import audio, detector
from mcu_ghost.sound.keywords import KeywordTask, listening, metadata, need_task, task_of
from tests.listeners import FORMULA, FRONT_END, LABELS, listener

BOARD = boards.load("nrf52840")
GOOD = listener(units=4)
DEEP: Any = json.loads("[" * 900 + "]" * 900)
HOSTILE: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3.5, 1e-300, -1e300, 2e9, 10**400, math.nan, math.inf,
    -math.inf, "", "x", "never", "16000", "\ud800", "\x1b[2J", "\0", [], {}, [1], {"": 1}, [[]],
    DEEP,    {"a": {"threshold": 0.5, "refractory_ms": 1}}, "a" * 5000, [0] * 5000,
]  # fmt: skip


def parsed(said: Any, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return what is made of a file with this metadata, whatever it is."""
    with monkeypatch.context() as patch:
        patch.setattr(about, "encode", lambda _: json.dumps(said).encode())
        data = write.serialize(GOOD)
    model = read.parse(data, "It")
    assert len(write.model_hash(model)) == 16
    return model


def decoded(said: Any, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return nearly the same, sooner."""
    try:
        found = about.decode(json.dumps(said).encode())
    except ValueError as error:
        raise GhostError(f"It: the mcu_ghost metadata {error}") from error
    return dataclasses.replace(GOOD, metadata=found)


def test_what_is_read() -> None:
    assert listening(GOOD) == (task_of(GOOD), need_task(GOOD).detector)
    assert task_of(GOOD) == KeywordTask(
        model="random",
        front_end=audio.KEYWORDS,
        formula=FORMULA,
        clip_ms=None,
        detector=detector.DetectorSettings(
            4, tuple(detector.Word(label, i, 308, 15) for i, label in enumerate(LABELS[:3]))
        ),
    )
    clips = task_of(listener(units=4, detector=None, reset="clip"))
    assert clips is not None and (clips.clip_ms, clips.detector) == (1500, None)
    assert task_of(random_model(1, units=4, ratio=1, inputs=40)) is None
    settings = {key: value for key, value in FRONT_END.items() if key != "step"} | {"clip_ms": 900}
    found = task_of(listener(units=4, front_end=settings, reset="clip"))
    assert found is not None and (found.clip_ms, found.front_end.step) == (900, 1)


def test_what_training_writes_is_read() -> None:
    word = detector.GivenWord(threshold=0.3, refractory_ms=300)
    given = detector.Given(4, dict.fromkeys(LABELS[:3], word))
    said = metadata("random", LABELS, audio.KEYWORDS, FORMULA, given)
    assert task_of(dataclasses.replace(GOOD, metadata=said)) == task_of(GOOD)


def test_a_model_that_says_nothing_of_sound() -> None:
    mute = random_model(1, units=4, ratio=1, inputs=40)
    with pytest.raises(GhostError, match="'random' does not say how to turn audio into its input"):
        need_task(mute)
    with pytest.raises(GhostError, match="does not say how its scores become words"):
        listening(mute)


WORD = {"threshold": 0.5, "refractory_ms": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "mfcc"}, "front_end.kind must be one of micro_features, not 'mfcc'."),
        ({"kind": None}, "front_end.kind must be one of micro_features, not None."),
        ({"sample_rate": 44100}, "front_end.sample_rate must be a multiple of 8000, 8000 to 16000"),
        ({"sample_rate": "16000"}, "front_end.sample_rate must be a whole number, not '16000'."),
        ({"window_ms": 9}, "front_end.window_ms must be 10 to 64, not 9."),
        ({"window_ms": 30.0}, "front_end.window_ms must be a whole number, not 30.0."),
        ({"hop_ms": 4}, "front_end.hop_ms must be 5 to 20, not 4."),
        ({"hop_ms": 1e-300}, "front_end.hop_ms must be a whole number, not 1e-300."),
        ({"window_ms": 12, "hop_ms": 15}, "front_end.hop_ms must be at most window_ms, not 15."),
        ({"channels": 7}, "front_end.channels must be 8 to 64, not 7."),
        ({"channels": True}, "front_end.channels must be a whole number, not True."),
        ({"channels": 32}, "reads 40 values, but its front end makes 32: it must have one input"),
        ({"step": 0}, "front_end.step must be 1 to 100, not 0."),
        ({"stack": 0}, "front_end.stack must be 1 to 16, not 0."),
        ({"stack": 2}, "reads 40 values, but its front end makes 80: it must have one input"),
        ({"low_hz": -1}, "front_end.low_hz must be 0 to 8000, not -1."),
        ({"low_hz": math.nan}, "front_end.low_hz must be 0 to 8000, not nan."),
        ({"high_hz": "7500"}, "front_end.high_hz must be a number, not '7500'."),
        ({"high_hz": 126}, "front_end.high_hz must be further above low_hz = 125, not 126."),
        ({"clip_ms": 2 * 10**9}, "front_end.clip_ms must be 100 to 60000, not 2000000000."),
        ({"clip_ms": [1500]}, "front_end.clip_ms must be a whole number, not [1500]."),
    ],
)
def test_a_bad_front_end_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(GhostError) as caught:
        task_of(listener(units=4, front_end=FRONT_END | change))
    assert message in str(caught.value) and str(caught.value).startswith("The model 'random'")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"front_end": "x"}, "front_end must be a table, not 'x'."),
        ({"features_to_int8": None}, "features_to_int8 must be a table, not None."),
        ({"features_to_int8": {"multiplier": 1, "shift": 1}}, "features_to_int8.zero_point is mi"),
        ({"multiplier": 0}, "features_to_int8.multiplier must be 1 to 32767, not 0."),
        ({"multiplier": 10**400}, "features_to_int8.multiplier must be 1 to 32767, not a number"),
        ({"shift": 0}, "features_to_int8.shift must be 1 to 30, not 0."),
        ({"shift": "12"}, "features_to_int8.shift must be a whole number, not '12'."),
        ({"zero_point": 1.5}, "features_to_int8.zero_point must be a whole number, not 1.5."),
        ({"multiplier": 32767, "shift": 30}, "features_to_int8.multiplier is 32767 and shift is"),
        ({"frame": {}}, "frame.hop_ms is missing, which its detector needs."),
        ({"frame": {"hop_ms": 1e-300}}, "frame.hop_ms must be 1 to 10000, not 1e-300."),
        ({"frame": [20]}, "frame must be a table, not [20]."),
        ({"reset": 7}, "reset must be a string, not 7."),
        ({"detector": {"window": 65, "words": {}}}, "detector.window must be 1 to 64, not 65."),
        ({"window": True}, "detector.window must be a whole number, not True."),
        ({"words": {}}, "detector.words must name at least one word."),
        ({"words": math.inf}, "detector.words must be a table, not inf."),
        ({"words": {"alexia": WORD}}, "detector.words: 'alexia' is none of the labels. Did you me"),
        ({"words": {"alexa": 3}}, "detector.words.alexa must be a table, not 3."),
        ({"words": {"alexa": {}}}, "detector.words.alexa.threshold is missing."),
        ({"words": {"alexa": WORD | {"threshold": math.nan}}}, "alexa.threshold must be 0 to 1, "),
        ({"words": {"alexa": WORD | {"refractory_ms": 1e9}}}, "refractory_ms must be 0 to 60000"),
    ],
)  # fmt: skip
def test_what_else_is_bad_is_named(change: dict[str, Any], message: str) -> None:
    said = copy.deepcopy(GOOD.metadata)
    for key, value in change.items():
        table = next((t for t in ("features_to_int8", "detector") if key in said[t]), None)
        (said[table] if table else said)[key] = value
    with pytest.raises(GhostError) as caught:
        task_of(dataclasses.replace(GOOD, metadata=said))
    told = str(caught.value)
    assert told.startswith(f"The model 'random': {message}") or (
        told.startswith("The model 'random': detector.words.") and message in told
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([], "must be a JSON object of version 1"),
        ({"version": 2}, "must be a JSON object of version 1"),
        ({"version": 1, "x": math.nan}, "holds nan, which JSON does not have: x"),
        (
            {"version": 1, "x": {"y": [0, -math.inf]}},
            "holds -inf, which JSON does not have: x.y[",
        ),
        ({"version": 1, "x": DEEP}, "is deeper than 32 objects and lists"),
        ({"version": 1, "labels": ["a", "\ud800"]}, "holds half a character: labels[1]"),
        ({"version": 1, "\udfff": 1}, "holds half a character: a key of it"),
        ({"version": 1, "labels": {"a": 1}}, "must have labels that are a list, not a table"),
        ({"version": 1, "labels": ["a", None]}, "must have labels that are texts; labels[1] is N"),
        ({"version": 1, "name": ["a"]}, "must have a name that is text, not ['a']"),
    ],
)
def test_what_no_metadata_may_hold(
    said: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GhostError) as caught:
        parsed(said, monkeypatch)
    assert str(caught.value).startswith(f"It: the mcu_ghost metadata {message}")


def test_metadata_goes_back_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    said = GOOD.metadata | {"other": {"b": [1, 2.5, None, True, "ö"], "a": {}}, "labels": [0, 1]}
    model = parsed(said, monkeypatch)
    assert model.metadata == said
    assert model.labels == ["0", "1", "2", "3"]  # two names do not fit four outputs
    assert read.parse(write.serialize(model), "It").metadata == said


def test_metadata_made_here_is_checked_too() -> None:
    for value in (math.nan, {1}, np.float32(1), DEEP, {1: 2}, "\ud800"):
        with pytest.raises(GhostError, match="^The metadata of the model 'random' "):
            write.model_hash(dataclasses.replace(GOOD, metadata={"version": 1, "x": value}))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value, not too deep down."""
    if path:
        yield path
    if isinstance(value, dict | list) and len(path) < 9:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def mutated(rng: random.Random) -> Any:
    """Return the good metadata with one to three changes."""
    said: Any = copy.deepcopy(GOOD.metadata)
    said["front_end"]["clip_ms"] = 1500
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice(list(places(said)))
        inner = said
        for key in path[:-1]:
            inner = inner[key]
        key, value = path[-1], inner[path[-1]]
        change = rng.choice(["hostile", "hostile", "nudge", "delete", "move", "nest"])
        if change == "hostile":
            inner[key] = json.loads(json.dumps(rng.choice(HOSTILE)))
        elif change == "nudge" and isinstance(value, int | float):
            inner[key] = rng.choice([value * 2, value // 3, value + 1, float(value), -value])
        elif change == "delete":
            del inner[key]
        elif change == "move" and isinstance(inner, dict):
            inner[rng.choice(["", "name", "labels", f"{key}_"])] = json.loads(json.dumps(value))
        else:
            inner[key] = rng.choice([[value], {key: value}, [value, value]])
    return said


def used(model: Model, known: list[KeywordTask]) -> None:
    """Do everything with a model that depends on its metadata."""
    assert about.encode(model.metadata) and len(model.labels) == 4
    task = task_of(model)
    if task is None or task in known:
        return
    known.append(task)
    sound = np.random.default_rng(0).integers(-9999, 9999, 16000).astype(np.int16)
    assert task.features(sound).shape[1] == 40
    text = front_end_c.sources(front_end_c.context(task.front_end, task.formula))["front_end.c"]
    assert "nan" not in text and "inf" not in text
    kws.APP.validate(model, BOARD)
    kws.APP.generate(model, BOARD)
    for word in task.detector.words if task.detector else ():
        assert 1 <= word.threshold < 1 << 16 and 0 <= word.refractory < 1 << 16


@pytest.mark.parametrize(
    ("load", "count"), [(parsed, 40), pytest.param(decoded, 2000, marks=pytest.mark.slow)]
)
def test_hostile_metadata_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, load: Callable[..., Model], count: int
) -> None:
    rng = random.Random(count + 5)
    known: list[KeywordTask] = []
    fine = 0
    for _ in range(count):
        said = mutated(rng)
        started = time.thread_time()
        try:
            used(load(said, monkeypatch), known)
            fine += 1
        except GhostError as error:
            told = str(error)
            assert told.isprintable() and len(told) < 300, told
            assert told.startswith(("It: the mcu_ghost metadata ", "The model "))
        assert time.thread_time() - started < 1, said
    assert count // 20 < fine < count // 2 and len(known) > count // 50


def test_a_library_of_what_is_said() -> None:
    found = library.make(GOOD, core.target("cortex-m4"))
    assert found.settings == audio.KEYWORDS and found.detector == need_task(GOOD).detector
