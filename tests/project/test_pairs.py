# SPDX-License-Identifier: Apache-2.0
"""A project whose model cleans speech: what its recordings gain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from mcu_ghost.cli import cli
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import write
from mcu_ghost.project import costs, pairs
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.audio import RATE
from mcu_ghost.train.enhancement.measure import si_sdr
from tests.listeners import listener
from tests.sound.enhancers import random_enhancer, sound

MODEL = random_enhancer(bands=12, units=8)
RECIPE = 'task = "enhancement"\n[speech]\nfolders = ["said"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project of two pairs, one of them at other rates and in other formats."""
    for name in ("noisy", "said"):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(3)
    said = sound(0.5) // 4
    noisy = (said + rng.normal(0, 500, len(said))).astype(np.int16)
    for where, samples in (("noisy", noisy), ("said", said)):
        soundfile.write(tmp_path / where / "a.wav", samples, RATE)
    soundfile.write(tmp_path / "noisy/b.flac", noisy[:7001], 44100)
    soundfile.write(tmp_path / "said/b.wav", said[:3811], 24000)
    return Project(("microbit",), recordings=str(tmp_path / "noisy"), clean=str(tmp_path / "said"))


def test_it_is_the_integer_network_that_is_measured(project: Project) -> None:
    found = pairs.measured(project, MODEL)
    assert [pair.noisy.name for pair in found] == ["a.wav", "b.flac"]
    x, _ = soundfile.read(found[0].noisy, dtype="int16")
    s, _ = soundfile.read(found[0].clean, dtype="int16")
    assert found[0].before_db == si_sdr(x, s)
    assert found[0].after_db == si_sdr(enhancement.clean(MODEL, x), s)
    kept = pairs.summary(found)
    assert kept is not None and kept.recordings == 2
    assert kept.si_sdr_db == round(sum(pair.gained_db for pair in found) / 2, 3)
    soundfile.write(found[0].clean, s[::-1], RATE)
    again = pairs.summary(pairs.measured(project, MODEL))
    assert again is not None and again.hash != kept.hash


def test_there_need_not_be_any() -> None:
    assert pairs.measured(Project(("microbit",)), MODEL) == []
    assert pairs.measured(Project(("microbit",), recordings="words"), listener(units=4)) == []
    assert pairs.summary([]) is None


def test_what_is_cleaned_has_no_words(project: Project) -> None:
    assert costs.recordings(project, MODEL) == {}


@pytest.mark.parametrize(
    ("project", "model", "message"),
    [
        (Project(("a",), recordings="noisy"), MODEL, "need `clean`, a folder with each of them"),
        (Project(("a",), clean="said"), MODEL, "`clean` needs `recordings`"),
        (Project(("a",), recordings="w", clean="s"), listener(units=4), "`clean` is for a model"),
    ],
)
def test_keys_that_belong_together(project: Project, model: object, message: str) -> None:
    with pytest.raises(GhostError) as error:
        pairs.measured(project, model)  # type: ignore[arg-type]
    assert str(error.value).startswith("ghost.toml: ") and message in str(error.value)


def damaged(folder: Path, what: str) -> None:
    said, noisy = folder / "said", folder / "noisy"
    samples, rate = soundfile.read(noisy / "a.wav", dtype="int16")
    if what == "no clean":
        (said / "a.wav").unlink()
    elif what == "no noisy":
        (noisy / "a.wav").unlink()
    elif what == "two":
        soundfile.write(said / "a.flac", samples, rate)
    elif what == "length":
        soundfile.write(noisy / "a.wav", samples[:-160], rate)
    elif what == "silence":
        soundfile.write(said / "a.wav", samples // 30000, rate)
    elif what == "same":
        soundfile.write(said / "a.wav", samples, rate)
    else:
        (said / "a.wav").write_bytes(b"RIFF")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no clean", "noisy/a.wav: has no partner a.wav or .flac in "),
        ("no noisy", "said/a.wav: has no partner a.wav or .flac in "),
        ("two", "said/a.flac and a.wav are partners of one recording."),
        ("length", "noisy/a.wav lasts 0.490 s but "),
        ("silence", "said/a.wav: is silent"),
        ("same", "noisy/a.wav: is the same as "),
        ("broken", "said/a.wav: not a readable recording"),
    ],
)
def test_what_is_no_pair(tmp_path: Path, project: Project, what: str, message: str) -> None:
    damaged(tmp_path, what)
    with pytest.raises(GhostError) as error:
        pairs.measured(project, MODEL)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_recordings_that_are_trained_on_prove_nothing(tmp_path: Path, project: Project) -> None:
    (tmp_path / "clean.toml").write_text(RECIPE)
    learnt = Project(("a",), recordings=project.recordings, clean=project.clean,
                     recipe=str(tmp_path / "clean.toml"))  # fmt: skip
    with pytest.raises(GhostError, match="trains on these recordings, so they prove nothing"):
        pairs.measured(learnt, MODEL)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_check_keeps_and_compares_it(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write.write(MODEL, tmp_path / "clean.tflite")
    (tmp_path / "ghost.toml").write_text(
        'boards = ["microbit"]\nmodel = "clean.tflite"\nrecordings = "noisy"\nclean = "said"\n'
    )
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(cli, ["check", "--update"], catch_exceptions=False)
    assert shown.exit_code == 0 and "SI-SDR gained" in shown.output
    assert "2 recordings made clean on this PC; least is gained by" in shown.output
    path = tmp_path / "baseline.json"
    kept = json.loads(path.read_text())
    cleaned = kept["boards"][0]["cleaned"]
    assert cleaned["recordings"] == 2 and kept["boards"][0]["different_bytes"] == 0
    cleaned["si_sdr_db"] += 1
    path.write_text(json.dumps(kept))
    result = CliRunner().invoke(cli, ["check", "--json"])
    told = json.loads(result.stdout)
    assert result.exit_code == 1 and len(told["cleaned"]) == 2
    assert told["failures"][0].startswith("microbit: SI-SDR gained fell from")
