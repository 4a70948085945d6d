# SPDX-License-Identifier: Apache-2.0
"""`ghost.toml`: read strictly, and where the verbs take their defaults from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.project import ghost_toml
from mcu_ghost.project.ghost_toml import Budget, Project, Tolerance
from tests.cli.in_process import ghost, refusal


def written(folder: Path, text: str) -> Path:
    path = folder / ghost_toml.NAME
    path.write_text(text)
    return path


def test_the_shortest_one(tmp_path: Path) -> None:
    found = ghost_toml.read(written(tmp_path, 'boards = ["microbit"]\n'))
    assert found == Project(boards=("microbit",), app="stream", tolerance=Tolerance())


def test_the_longest_one(tmp_path: Path) -> None:
    text = """
boards = ["nrf52840", "nano33ble"]
app = "kws"
model = "m.tflite"
recipe = "m.toml"
toolchain = "gcc"
recordings = "r"
[tolerance]
flash_percent = 2
ram_percent = 0.5
instructions_percent = 3
accuracy_points = 1.5
[budget]
flash_bytes = 1000
ram_bytes = 2000
instructions_per_frame = 3000
"""
    assert ghost_toml.read(written(tmp_path, text)) == Project(
        ("nrf52840", "nano33ble"), "m.tflite", "kws", "gcc", "m.toml", "r",
        Tolerance(2.0, 0.5, 3.0, 1.5), Budget(1000, 2000, 3000),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('board = "microbit"', "unknown key board. Did you mean 'boards'?"),
        ("", "boards is missing"),
        ("boards = []", 'boards must be a list of at least 1, not []. For example: ["nrf52840"].'),
        ('boards = ["microbit", "microbit"]', "boards names something twice"),
        (
            'boards = ["microbit"]\napp = "kvs"',
            "app must be one of kws, kws_clips, denoise_live, denoise, stream, selftest, record,"
            " not 'kvs'",
        ),
        ('boards = ["microbit"]\n[tolerance]\nflash = 1', "unknown key tolerance.flash."),
        ('boards = ["microbit"]\n[tolerance]\nflash_percent = -1', "must be 0 to 100, not -1"),
        ('boards = ["microbit"]\n[tolerance]\nflash_percent = nan', "must be 0 to 100, not nan"),
        ('boards = ["microbit"]\n[budget]\nram_bytes = 0', "budget.ram_bytes must be above 0"),
        ('boards = ["microbit"]\n[budget]\nram_bytes = "4 kB"', "must be a whole number"),
        ("boards = [", "is not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(GhostError) as caught:
        ghost_toml.read(path)
    assert str(caught.value).startswith(f"{path}: ") and told in str(caught.value)


@pytest.mark.slow
def test_a_wrong_one_stops_every_verb_that_reads_it(tmp_path: Path) -> None:
    written(tmp_path, 'boards = ["microbit"]\nmodels = "x.tflite"\n')
    for verb in ("build", "test", "listen", "check"):
        assert "unknown key models. Did you mean 'model'?" in refusal(verb, cwd=tmp_path)


@pytest.mark.slow
def test_without_one_a_board_must_be_named(tmp_path: Path) -> None:
    result = ghost("build", cwd=tmp_path)
    assert result.returncode == 2 and "--board" in result.stderr
    assert "There is no ghost.toml here or above" in refusal("check", cwd=tmp_path)


def test_a_board_that_does_not_exist(tmp_path: Path) -> None:
    written(tmp_path, 'boards = ["nrf52480"]\n')
    assert "Did you mean 'nrf52840'?" in refusal("build", cwd=tmp_path)


@pytest.mark.slow
def test_its_model_is_the_one_that_is_meant(tmp_path: Path) -> None:
    written(tmp_path, 'boards = ["microbit"]\nmodel = "none.tflite"\n')
    assert refusal("build", cwd=tmp_path).startswith("none.tflite: there is no such file")
    assert refusal("test", cwd=tmp_path).startswith("none.tflite: there is no such file")


@pytest.mark.slow
def test_its_recipe_is_what_train_reads(tmp_path: Path) -> None:
    assert ghost("train", cwd=tmp_path).returncode == 2
    written(tmp_path, 'boards = ["microbit"]\nrecipe = "none.toml"\n')
    assert refusal("train", cwd=tmp_path).startswith("none.toml: there is no such file")


@pytest.mark.toolchain
def test_build_takes_everything_from_it_unless_told_otherwise(tmp_path: Path) -> None:
    write.write(random_model(3, units=12, ratio=2, inputs=5), tmp_path / "m.tflite")
    written(tmp_path, 'boards = ["microbit"]\nmodel = "m.tflite"\napp = "selftest"\n'
                      'toolchain = "zig"\n')  # fmt: skip
    built = json.loads(ghost("build", "--json", cwd=tmp_path).stdout)
    shown = {key: built[key] for key in ("board", "model", "app", "toolchain")}
    assert shown == {"board": "microbit", "model": "random", "app": "selftest", "toolchain": "zig"}
    other = ("build", "-b", "mps2-an385", "--app", "stream", "--json")
    built = json.loads(ghost(*other, cwd=tmp_path).stdout)
    assert (built["board"], built["app"], built["model"]) == ("mps2-an385", "stream", "random")
