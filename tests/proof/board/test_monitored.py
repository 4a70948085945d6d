# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost monitor` of unmodified images: sound into the microphone of an emulated nRF52840."""

from __future__ import annotations

import contextlib
import json
import os
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.emulate import unicorn
from mcu_ghost.host import resources
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import read
from mcu_ghost.sound import keywords
from mcu_ghost.sound.enhancement import Enhancer
from tests.listeners import listener, noise
from tests.proof.board.test_commands import Running, running
from tests.sound.enhancers import random_enhancer, sound

pytestmark = pytest.mark.emulator
BOARD = boards.load("nrf52840")


@contextlib.contextmanager
def monitored(
    model: Model, app: str, folder: Path, *words: object
) -> Iterator[tuple[Running, Callable[..., None]]]:
    """Run an image and `monitor` at its port; yield that, and what plays sound to the board."""
    built = build.build(model, BOARD, app, folder)
    chip, host = os.openpty()
    tty.setraw(host)
    command = ("monitor", "-b", BOARD.name, "--port", os.ttyname(host), *map(str, words))
    with (
        contextlib.closing(unicorn.start(BOARD, built.elf)) as machine,
        running(*command) as monitor,
    ):
        monitor.until("Ctrl-C ends")
        time.sleep(0.5)

        def play(heard: np.ndarray, more: int = 0, ask: bool = False) -> None:
            """Play, go on for some samples, and ask for a status line."""
            machine.outside.sound.play(heard)
            while machine.outside.sound.taken < len(heard) + more:
                os.write(chip, machine.read(0.02))
            if ask:
                machine.write(b"\n")
                for _ in range(10):
                    os.write(chip, machine.read(0.02))

        yield monitor, play
    os.close(chip)
    os.close(host)


def test_words_of_a_kws_image(tmp_path: Path) -> None:
    model = read.load(resources.default_model())
    clip = next(c for c in resources.demo_clips() if c.name.startswith("alexa_"))
    heard = keywords.need_task(model).recording(clip)
    with monitored(model, "kws", tmp_path / "b") as (monitor, play):
        play(heard, more=16_000, ask=True)
        monitor.until(r"wake_words listens for: .*alexa(.|\n)* s  alexa +0\.9")
        monitor.until(r"sound up to -?\d+ dB, a hop of 10 ms took \d+\.\d ms at most \(measured\)")
        assert monitor.stop() == 0 and b"hardly any sound" not in monitor.out


def test_a_microphone_that_is_not_wired(tmp_path: Path) -> None:
    with monitored(listener(), "kws", tmp_path / "b") as (monitor, play):
        play(np.zeros(3200, np.int16), ask=True)
        monitor.until(r"sound up to -90 dB, (.|\n)*hardly any sound: is the microphone wired")
        assert monitor.stop() == 0


def test_the_sound_of_a_denoise_live_image(tmp_path: Path) -> None:
    """Every sample is the one that the PC makes of what the microphone heard."""
    model, heard, file = random_enhancer(), sound(1.3), tmp_path / "clean.wav"
    with monitored(model, "denoise_live", tmp_path / "b", "--save", file) as (monitor, play):
        play(heard, ask=True)
        monitor.until(r"cleans what it hears(.|\n)* 1\.0\d s +-\d+ dB █+")
        monitor.until(r"a hop of 16 ms took \d+\.\d ms at most \(measured\), 0 hops lost, stack")
        assert monitor.stop() == 0 and b"nothing lost" in monitor.err
    found, _ = soundfile.read(file, dtype="int16")
    made = Enhancer(model).feed(np.pad(heard, (0, 16000)))
    assert len(found) > len(heard) and (found == made[: len(found)]).all()


def test_what_a_record_image_hears(tmp_path: Path) -> None:
    heard, file = sound(1.3), tmp_path / "heard.wav"
    with monitored(random_enhancer(), "record", tmp_path / "b", "--save", file) as (monitor, play):
        play(heard, more=320)
        monitor.until(r"sends what it hears(.|\n)* 1\.00 s +-\d+ dB █+")
        assert monitor.stop() == 0 and b"nothing lost" in monitor.err
    found, _ = soundfile.read(file, dtype="int16")
    assert len(found) >= len(heard) and (found[: len(heard)] == heard).all()


def test_the_sound_around_words(tmp_path: Path) -> None:
    """What a `kws_clips` image sends is there as recordings, and says nothing of its own."""
    heard, folder = noise(4500), tmp_path / "clips"
    model = listener(labels=["go", "other"])
    with monitored(model, "kws_clips", tmp_path / "b", "--save-clips", folder) as (monitor, play):
        play(heard, more=1600)
        monitor.until(r"listens for: go(.|\n)* s  go +0\.\d+")
        assert monitor.stop() == 0 and b" dB " not in monitor.out
    listed = [json.loads(one) for one in (folder / "clips.jsonl").read_text().splitlines()]
    assert len(listed) > 2 and b"clips: the sound around %d words" % len(listed) in monitor.err
    for one in listed:
        found, _ = soundfile.read(folder / one["file"], dtype="int16")
        start = max(0, one["ms"] * 16 - 24_000)
        played = np.pad(heard, (0, 16_000))[start:][: len(found)]
        assert one["lost"] == 0 and one["word"] == "go" and (found == played).all()
