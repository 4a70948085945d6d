# SPDX-License-Identifier: Apache-2.0
"""The lines of every page, in order, each on what the lines before have made."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from mcu_ghost.boards import board as board_files
from mcu_ghost.cli import cli
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import write
from mcu_ghost.project import requirement
from mcu_ghost.sound import audio
from mcu_ghost.train import recipe
from mcu_ghost.train.recipe import Network, Recipe, Training
from tests.conftest import need
from tests.convert.keras_config import by_hand
from tests.docs.not_run import NOT_RUN
from tests.docs.pages import COMMANDS, TUTORIALS, Block, steps, words
from tests.listeners import listener
from tests.sound import enhancers
from tests.train import tones

READ, OF_FOLDER = recipe.read, recipe.of_folder
ELSEWHERE = ["docs/python.md"]  # tests/test_python.py


def nothing() -> None:
    """Make nothing ready."""


def keras_model() -> None:
    import tf_keras as keras

    shape = keras.layers.Input((10, 3))
    state = keras.layers.GRU(6, reset_after=True)(shape)
    keras.Model(shape, keras.layers.Dense(2, activation="softmax")(state)).save("model.keras")
    np.save("x.npy", np.random.default_rng(1).normal(size=(12, 10, 3)).astype("float32"))
    np.save("y.npy", np.arange(12) % 2)


def a_network() -> None:
    rng = np.random.default_rng(2)
    gru = by_hand.layer("GRU", units=2, reset_after=True, return_sequences=True)
    weights = [rng.normal(size=shape) for shape in ((4, 6), (2, 6), (2, 6))]
    by_hand.write("net.h5", by_hand.sequential(gru), a=weights)
    np.save("x.npy", rng.normal(size=(9, 5, 4)))


def recordings() -> None:
    """Make a data set of tones: two words, and other speech."""
    rng = np.random.default_rng(5)
    for kind, folder in (("rise", "hey_lamp"), ("fall", "stop"), ("level", "unknown")):
        Path("lamp", folder).mkdir(parents=True)
        for voice in range(16):
            sound = tones.tone(rng, kind)
            soundfile.write(f"lamp/{folder}/v{voice}_0.wav", sound, audio.RATE)


def trained() -> None:
    """Make what `train lamp/` would leave, but for what it would have learnt."""
    recordings()
    shutil.copytree("lamp", "words")
    shutil.copytree("lamp/unknown", "radio")
    write.write(listener(labels=("hey_lamp", "stop", "_other_")), Path("lamp.tflite"))


def model(name: str) -> Callable[[], None]:
    return lambda: shutil.copy(resources.default_model(), name) and None


def a_board_of_ones_own() -> None:
    Path("boards").mkdir()
    bundled = Path(board_files.__file__).with_name("nrf52840.toml")
    shutil.copy(bundled, "boards/mine.toml")


def model_and_sound() -> None:
    model("wake_words.tflite")()
    sound, rate = soundfile.read(resources.demo_clips()[0])
    soundfile.write("my.wav", sound, rate)
    recordings()
    Path("FOLDER").mkdir()
    shutil.move("lamp", "FOLDER/wake_words")


def noisy_speech() -> None:
    pytest.importorskip("matplotlib", reason="pip install matplotlib")
    write.write(enhancers.random_enhancer(), Path("clean.tflite"))
    soundfile.write("noisy.wav", enhancers.sound() // 4, audio.RATE)
    soundfile.write("talk.flac", enhancers.sound() // 4, audio.RATE)
    for folder in ("speech", "noise/street", "noise/keys"):
        Path(folder).mkdir(parents=True)


@dataclass(frozen=True)
class Page:
    """What a page takes for granted.

    Attributes:
        ready: Makes what the reader has, in the current folder.
        names: What stands for the names that the page leaves open.
        made: Files that must be there at the end.
        trains: Whether TensorFlow is needed.
    """

    ready: Callable[[], None] = nothing
    names: dict[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    trains: bool = False


TAKEN = {
    "README.md": Page(),
    "docs/index.md": Page(),
    "docs/costs.md": Page(),
    "docs/journey.md": Page(made=(
        "page.html", "lib/README.md", "lamp/requirements.txt", "words.tflite", "lamp.toml",
        "mine.tflite", "mine/README.md", "again.tflite"), trains=True),
    "CONTRIBUTING.md": Page(a_board_of_ones_own, {"NAME": "mine"}),
    "docs/calibration.md": Page(keras_model, made=("mine.tflite",), trains=True),
    "docs/ci.md": Page(made=("baseline.json", "page.html")),
    "docs/command-line.md": Page(),
    "docs/data.md": Page(recordings),
    "docs/enhancement.md": Page(
        noisy_speech, made=(
            "clean.wav", "talk_clean.flac", "talk.png", "clean.toml", "voice/README.md")),
    "docs/export.md": Page(
        model("MODEL.tflite"), {"KIND": "cmake", "NAME": "nrf52840"}, ("FOLDER/README.md",)),
    "docs/flashing.md": Page(),
    "docs/hardware.md": Page(),
    "docs/networks.md": Page(a_network, made=("net.tflite", "window.tflite")),
    "docs/renode.md": Page(made=("firmware/renode/board.robot",)),
    "docs/training.md": Page(trained, made=("lamp.toml", "radio.tflite"), trains=True),
    "examples/clean_speech/README.md": Page(
        noisy_speech, {"clean_speech.tflite": "clean.tflite"}, ("clean.wav", "clean.png")),
    "examples/wake_words/README.md": Page(model_and_sound),
}  # fmt: skip


def to_run(page: str) -> list[Block]:
    """Return the steps of a page that are not explained away."""
    return [
        step
        for step in steps(page)
        if (page, step.text) not in NOT_RUN and (step.language == "shell" or page not in ELSEWHERE)
    ]


def small(found: Recipe) -> Recipe:
    """Return what is done for seconds instead of minutes or hours."""
    scenes = dataclasses.replace(
        found.scenes, train_hours=0.04, validation_hours=0.03, noise_hours=0.01
    )
    training = Training(epochs=1, qat_epochs=1, streams=2)
    return dataclasses.replace(found, network=Network(units=12), scenes=scenes, training=training)


def smaller(line: list[str]) -> list[str]:
    """Return a line with fewer clips, and one that only says what it would write to a board."""
    line = [{"200": "20"}.get(word, word) for word in line]
    if line[:2] == ["data", "synth"] and "--per-word" not in line:
        line += ["--per-word", "20"]
    return [*line, "--dry-run"] if line[0] == "flash" and "--dry-run" not in line else line


def run(line: str, names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one line as a shell would."""
    completes = re.search(r"_MCU_GHOST_COMPLETE=(\w+)_source mcu-ghost", line)
    if completes:
        environment = {"_MCU_GHOST_COMPLETE": f"{completes[1]}_source"}
        script = CliRunner().invoke(cli, prog_name="mcu-ghost", env=environment)
        assert f"_MCU_GHOST_COMPLETE={completes[1]}_complete" in script.output.replace("env ", "")
        return
    program, *rest = words(line, names)
    if program == "cd":
        monkeypatch.chdir(rest[0])
        return
    assert program == "mcu-ghost", f"what runs {line}?"
    result = CliRunner().invoke(cli, smaller(rest))
    if rest[0] in ("monitor", "verify"):  # there is no board
        assert isinstance(result.exception, GhostError), (line, result.output)
        assert "plugged in" in str(result.exception)
    else:
        assert result.exit_code == 0, (line, result.output, result.exception)


def test_every_page_is_run() -> None:
    assert set(TAKEN) == {page for page in COMMANDS if to_run(page)} - set(TUTORIALS)


@pytest.mark.toolchain
@pytest.mark.emulator
@pytest.mark.parametrize(
    "page", [pytest.param(p, marks=pytest.mark.train if t.trains else ()) for p, t in TAKEN.items()]
)
def test_every_line_works_on_what_the_lines_before_made(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for those that need a board, which say so, and training and clips, which are made
    fewer.
    """
    if any("data synth" in step.text for step in to_run(page)):
        need("espeak-ng", "espeak-ng")
    taken = TAKEN[page]
    if taken.trains:
        pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    list_ports = pytest.importorskip("serial.tools.list_ports")
    monkeypatch.setattr(list_ports, "comports", lambda: [])
    monkeypatch.setattr(recipe, "of_folder", lambda folder: small(OF_FOLDER(folder)))
    monkeypatch.setattr(recipe, "read", lambda path: small(READ(path)))
    monkeypatch.setattr(requirement, "_origin", dict)
    clips = resources.demo_clips()[:1]
    monkeypatch.setattr(resources, "demo_clips", lambda: clips)
    monkeypatch.chdir(tmp_path)
    taken.ready()
    for step in to_run(page):
        if step.language == "python":
            exec(compile(step.text, page, "exec"), {"__name__": page})
        else:
            run(step.text, taken.names, monkeypatch)
    assert not [made for made in taken.made if not Path(made).is_file()]
