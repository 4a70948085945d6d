# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost denoise` as a user meets it."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.proof.enhancement import Checked
from mcu_ghost.sound import enhancement
from tests.cli.in_process import ghost, refusal
from tests.pages import Reader
from tests.sound.enhancers import random_enhancer, sound

MODEL = random_enhancer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a model and a recording."""
    write.write(MODEL, tmp_path / "clean.tflite")
    soundfile.write(tmp_path / "noisy.wav", sound(2.0) // 4, 16000)
    return tmp_path


def words(
    out: str = "clean.wav", name: str = "noisy.wav", model: str = "clean.tflite"
) -> list[str]:
    return ["denoise", name, "-o", out, "-m", model]


def test_what_is_told_and_written(folder: Path) -> None:
    result = ghost(*words(), cwd=folder)
    assert result.returncode == 0 and result.stderr == ""
    first, *table, last = result.stdout.splitlines()
    assert first == "clean.wav: 2.0 s at 16 000 Hz"
    assert [line.split(":")[0].split("  ")[0] for line in table] == [
        "20 ms pieces (measured)", "the quietest tenth", "the loudest tenth"]  # fmt: skip
    assert re.search(r"^[\d.]+ × real time .*\(measured\); .* 32 ms late, .*\(computed\)$", last)
    made, rate = soundfile.read(folder / "clean.wav", dtype="int16")
    np.testing.assert_array_equal(made, enhancement.clean(MODEL, sound(2.0) // 4))
    assert rate == 16000 and soundfile.info(folder / "clean.wav").subtype == "PCM_16"


def test_the_same_for_scripts(folder: Path) -> None:
    soundfile.write(folder / "noisy.wav", np.stack([sound(2.0)] * 2, 1), 16000)
    result = ghost(*words("clean.flac"), "--json", cwd=folder)
    told = json.loads(result.stdout)
    assert list(told) == [
        "recording", "out", "plot", "on", "model", "latency_ms", "sample_rate", "samples",
        "seconds", "quietest_tenth_db", "loudest_tenth_db", "times_real_time",
        "warnings"]  # fmt: skip
    assert (told["samples"], told["seconds"], told["plot"]) == (32000, 2.0, None)
    assert set(told["quietest_tenth_db"]) == {"before", "after"}
    assert [w.split(",")[0] for w in told["warnings"]] == [
        "its 2 channels are mixed down", "is clipped"]  # fmt: skip
    assert result.stderr.count("warning: noisy.wav: ") == 2


@pytest.mark.emulator
def test_an_image_makes_the_same_file(folder: Path) -> None:
    soundfile.write(folder / "noisy.wav", sound(0.3) // 4, 16000)
    assert ghost(*words("pc.wav"), cwd=folder).returncode == 0
    result = ghost(*words("image.wav"), "--on", "emulator", "-b", "nrf52840", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert (folder / "pc.wav").read_bytes() == (folder / "image.wav").read_bytes()
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"[\d ]+ instructions per hop: [\d ]+ analysis, [\d ]+ network, [\d ]+ synthesis"
        r" \(emulated\); every sample equals this PC's", last.replace("\u202f", " ")
    )  # fmt: skip
    printed = ghost(*words("again.wav"), "--on", "emulator", "-b", "nrf52840", "--json", cwd=folder)
    hop = json.loads(printed.stdout)["hop"]
    assert hop["unit"] == "instructions" and hop["hops"] == 20
    assert hop["mean"] > sum(hop["parts"].values()) > 50_000


def test_what_cleans_must_fit(folder: Path) -> None:
    for more, message in (
        (("--on", "emulator"), "Missing option '--board' / '-b', which --on emulator needs"),
        (("-b", "nrf52840"), "--board is of use with --on emulator or --on board only"),
    ):
        result = ghost(*words(), *more, cwd=folder)
        assert result.returncode == 2 and message in result.stderr
    assert not (folder / "clean.wav").exists()


def test_a_sample_that_is_another_one_stops_it() -> None:
    class Board:
        """Makes one sample of the second hop louder."""

        def __init__(self) -> None:
            self.inner, self.hops = enhancement.Enhancer(MODEL), 0

        def feed(self, samples: np.ndarray) -> np.ndarray:
            made = self.inner.feed(samples)
            self.hops += len(made) // 256
            if self.hops == 2:
                made[7] += 1
            return made

    checked = Checked(Board(), MODEL)  # type: ignore[arg-type]
    first = sound(0.1)[:256]
    assert len(checked.feed(first)) == 256
    with pytest.raises(GhostError, match="Sample 263 of the board is .* where the PC has"):
        checked.feed(first)


def test_a_picture(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="pip install matplotlib")
    result = ghost(*words(), "--plot", "p.PNG", cwd=folder)
    assert result.returncode == 0 and "p.PNG shows it\n" in result.stdout
    assert (folder / "p.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_page(folder: Path) -> None:
    result = ghost(*words(), "--html", "p.html", cwd=folder)
    assert result.returncode == 0 and "p.html has both, to hear and see\n" in result.stdout
    page = (folder / "p.html").read_text("utf-8")
    found = Reader(page)
    assert found.texts["h1"] == ["noisy.wav"] and found.tags.count("audio") == 2
    sounds = [base64.b64decode(link.partition(",")[2]) for link in found.links if "flac" in link]
    before, after = (soundfile.read(io.BytesIO(sound), dtype="int16")[0] for sound in sounds)
    np.testing.assert_array_equal(before, sound(2.0) // 4)
    np.testing.assert_array_equal(after, soundfile.read(folder / "clean.wav", dtype="int16")[0])
    (change,) = re.findall(r"quietest tenth: pauses .*?([-+][\d.]+ dB)\n", result.stdout)
    assert change in found.texts["b"] and "× real time on this PC (measured)" in page


def test_what_cannot_be(folder: Path) -> None:
    """Each is one sentence, before anything is written."""
    write.write(random_model(3, units=12, ratio=2, inputs=5), folder / "other.tflite")
    (folder / "folder.wav").mkdir()
    there = set(folder.iterdir())
    for line, told in (
        (words("clean.mp3"), "clean.mp3: what --out names must end in .wav or .flac"),
        (words("folder.wav"), "folder.wav: is a folder. Name a file in it for --out."),
        (words("none/clean.wav"), "there is no folder none. Make it, or name another."),
        (words("noisy.wav"), "noisy.wav: is the recording itself. Name another file for --out."),
        (words("./noisy.wav"), "is the recording itself"),
        (words(name="none.wav"), "none.wav: there is no such file. Name a WAV or FLAC recording."),
        (words(name="."), "is a folder, no file"),
        (
            words(model="other.tflite"),
            "it cannot clean speech. Take the bundled one, --model clean_speech",
        ),
        (words(model="none.tflite"), "none.tflite: there is no such file"),
        ([*words(), "--plot", "p.gif"], "p.gif: what --plot names must end in .png or .svg"),
        ([*words(), "--plot", "none/p.png"], "there is no folder none"),
        ([*words(), "--html", "none/p.html"], "there is no folder none"),
        ([*words(), "--html", "noisy.wav"], "noisy.wav: what --html names must end in .html."),
    ):
        told_here = refusal(*line, cwd=folder)
        assert told in told_here and "\n" not in told_here
        assert set(folder.iterdir()) == there


def test_a_project_has_a_model_of_its_own_and_all_others_the_bundled_one(folder: Path) -> None:
    result = ghost("denoise", "noisy.wav", "-o", "clean.wav", "--json", cwd=folder)
    assert json.loads(result.stdout)["model"] == "clean_speech"
    (folder / "ghost.toml").write_text('boards = ["nrf52840"]\nmodel = "clean.tflite"\n')
    result = ghost("denoise", "noisy.wav", "-o", "clean.wav", "--json", cwd=folder)
    assert json.loads(result.stdout)["model"] == "clean"


def test_stopped_midway(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: object, samples: object) -> None:
        raise KeyboardInterrupt

    (folder / "clean.wav").write_bytes(b"older")
    there = set(folder.iterdir())
    monkeypatch.setattr(enhancement.Enhancer, "feed", stop)
    result = ghost(*words(), cwd=folder)
    assert result.returncode == 130 and result.stderr.endswith("error: stopped.\n")
    assert set(folder.iterdir()) == there and (folder / "clean.wav").read_bytes() == b"older"
