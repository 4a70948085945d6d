# SPDX-License-Identifier: Apache-2.0
"""What cannot listen is refused in one sentence, before anything is compiled."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.build.apps import APPS
from mcu_ghost.cli.listen import command
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.proof import keywords
from mcu_ghost.sound import audio
from mcu_ghost.sound import keywords as heard
from mcu_ghost.sound.keywords import RATE, expected, need_task
from tests.listeners import FRONT_END, LABELS, listener

BOARD = boards.load("nrf52840")


def generate(model: Model) -> Mapping[str, str]:
    """Return what the app generates for a model, if it is none that is refused."""
    APPS["kws"].validate(model, BOARD)
    return APPS["kws"].generate(model, BOARD).texts


def test_a_board_without_a_microphone(tmp_path: Path) -> None:
    microbit = boards.load("microbit")
    message = "microbit has no microphone. Boards that have one: nano33ble, xiao-nrf52840;"
    with pytest.raises(GhostError, match=message):
        build.build(listener(), microbit, "kws", tmp_path / "b")
    assert not (tmp_path / "b").exists()
    with pytest.raises(GhostError, match=message):
        keywords.choose(microbit)
    with pytest.raises(GhostError, match="mps2-an385 has no microphone"):
        keywords.choose(boards.load("mps2-an385"), "qemu")


@pytest.mark.parametrize("engine", ["qemu", "renode"])
def test_an_engine_without_sound(engine: str) -> None:
    with pytest.raises(GhostError, match="on unicorn only: QEMU's boards have no microphone"):
        keywords.choose(BOARD, engine)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"detector": None}, "does not say how its scores become words"),
        (
            {"detector": {"window": 65}},
            "'random': detector.window must be 1 to 64, not 65.",
        ),
        ({"front_end": {**FRONT_END, "channels": 32}}, "reads 40 values, but its front end"),
        (
            {"front_end": {**FRONT_END, "sample_rate": 8000, "high_hz": 3800}},
            "hears at 8000 Hz, microphones at 16000 Hz",
        ),
        ({"front_end": None}, "front_end must be a table, not None."),
        ({"features_to_int8": None}, "features_to_int8 must be a table, not None."),
    ],
)
def test_a_model_that_does_not_listen(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(GhostError, match=message):
        generate(listener(**metadata))


def test_a_model_with_one_answer_at_the_end() -> None:
    model = random_model(1, units=4, ratio=1, inputs=40, classes=len(LABELS))
    model = dataclasses.replace(model, metadata=listener().metadata)
    with pytest.raises(GhostError, match="frame by frame"):
        generate(model)


def test_a_model_without_softmax() -> None:
    bare = random_model(1, units=4, ratio=1, inputs=40, classes=0, head_per_frame=True)
    model = dataclasses.replace(bare, metadata=listener().metadata)
    with pytest.raises(GhostError, match="must end in a softmax"):
        generate(model)


def test_any_label_is_a_c_string() -> None:
    text = generate(listener())["detector.c"]
    assert r'.name = "the \\\"door\\\" \\\\"' in text
    assert r'.name = "gr\\u00f6\\u00dfe"' in text


def test_lost_hops_are_left_out() -> None:
    """What a board lost changes what it must say: frames come later, and are others."""
    sound = audio.read(resources.demo_clips()[1])
    sound = sound[: len(sound) // 160 * 160]
    whole, lossy = expected(listener(), sound), expected(listener(), sound, [(10, 3)])
    assert len(whole.crcs) == len(sound) // 160 == len(lossy.crcs) + 3
    assert list(lossy.crcs)[9:11] == [100, 140]
    assert [whole.crcs[ms] for ms in (30, 40, 50, 60)] == [
        lossy.crcs[ms] for ms in (30, 40, 50, 60)
    ]
    assert whole.crcs[30] == 0 != whole.crcs[40] == whole.crcs[50] != whole.crcs[60]
    assert list(whole.crcs.values())[-1] != list(lossy.crcs.values())[-1]
    assert expected(listener(), sound[:160]).crcs == {10: 0}


@pytest.mark.emulator
@pytest.mark.toolchain
def test_listen_as_json_and_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.tflite"
    write.write(listener(), model)
    words = ["-b", "nrf52840", "-m", str(model), "-o", str(tmp_path / "b")]
    words.append(str(resources.demo_clips()[1]))
    result = CliRunner().invoke(command, [*words, "--seconds", "0.2", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["board"] == "nrf52840" and found["differences"] == [] and found["overruns"] == 0
    assert [part["name"] for part in found["parts"]] == ["alexa_slt.flac", ""]
    assert {word["word"] for part in found["parts"] for word in part["words"]} <= set(LABELS)
    assert found["cpu_load"]["cycles"] > found["cpu_load"]["instructions"] > 0
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0
    assert "equal bit for bit" in result.stdout and "front end" in result.stdout
    right = expected
    monkeypatch.setattr(heard, "expected", lambda model, *rest: right(listener(seed=2), *rest))
    result = CliRunner().invoke(command, [*words[:-1], "--seconds", "0.3"])
    assert result.exit_code == 1 and "expected" in result.stdout


def test_the_pause_outlasts_the_detector() -> None:
    """Two recordings of a word, one after the other, are two words."""
    task = need_task(listener())
    assert task.detector is not None
    longest = max(word.refractory for word in task.detector.words) * task.front_end.frame_ms
    assert task.pause_ms >= longest + task.detector.window * task.front_end.frame_ms
    clip = resources.demo_clips()[0]
    assert len(task.recording(clip)) - len(audio.read(clip)) == task.pause_ms * RATE // 1000


def test_two_files_of_one_name_are_told_by_their_paths() -> None:
    files = [Path("a/1.wav"), Path("b/1.wav"), Path("b/2.wav")]
    assert keywords.told(files) == [str(files[0]), str(files[1]), "2.wav"]
