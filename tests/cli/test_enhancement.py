# SPDX-License-Identifier: Apache-2.0
"""Verbs that are given a model that cleans speech: and which verb is the right one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import write
from mcu_ghost.sound import keywords
from mcu_ghost.sound.enhancement import Transform
from tests.cli.in_process import ghost, refusal
from tests.listeners import listener
from tests.sound import enhancers

MODEL = enhancers.random_enhancer(
    bands=12, units=8, transform=Transform(frame=512, hop=128), exponent=1.5
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write.write(MODEL, tmp_path / "clean.tflite")
    soundfile.write(tmp_path / "my.wav", enhancers.sound(0.3), enhancers.RATE)
    return tmp_path


def test_inspect_tells_what_it_does(folder: Path) -> None:
    shown = ghost("inspect", "clean.tflite", cwd=folder)
    assert shown.returncode == 0
    text = " ".join(shown.stdout.split())
    assert "cleans speech of 16 000 Hz: frames of 512 samples every 128 (8 ms), 12 bands," in text
    assert "gains to the power of 1.5" in text
    assert "delay 32 ms, and the time that computing takes" in text
    told = json.loads(ghost("inspect", "clean.tflite", "--json", cwd=folder).stdout)
    assert told["enhancement"] == {
        "sample_rate": 16000, "frame": 512, "hop": 128, "bands": 12, "latency_ms": 32.0,
        "exponent": 1.5}  # fmt: skip


def test_inspect_tells_no_such_thing_of_other_models(folder: Path) -> None:
    write.write(listener(units=4), folder / "words.tflite")
    assert "cleans" not in ghost("inspect", "words.tflite", cwd=folder).stdout
    told = json.loads(ghost("inspect", "words.tflite", "--json", cwd=folder).stdout)
    assert "enhancement" not in told


@pytest.mark.parametrize(
    "line",
    [
        "listen my.wav --board nrf52840 --model clean.tflite",
        "tune clean.tflite --threshold stop=0.5",
        "tune clean.tflite --data .",
        "build --app kws --board nrf52840 --model clean.tflite --out build",
    ],
)
def test_verbs_for_words_name_the_right_one(folder: Path, line: str) -> None:
    told = refusal(*line.split(), cwd=folder)
    assert "The model 'clean' cleans speech and hears no words: `mcu-ghost denoise` gives" in told


def test_so_does_whatever_would_play_recordings_to_it() -> None:
    for ask in (keywords.need_task, keywords.listening, keywords.given):
        with pytest.raises(GhostError, match="cleans speech and hears no words"):
            ask(MODEL)
