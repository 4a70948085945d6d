# SPDX-License-Identifier: Apache-2.0
"""A project whose accuracy is counted on data of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli import cli
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.project import costs, ghost_toml


@pytest.mark.emulator
@pytest.mark.toolchain
def test_check_counts_accuracy_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(1, inputs=3, units=6, ratio=2, frames=5, classes=4)
    x = random_inputs(4, model, 8, 5)
    y = reference.run(model, x).argmax(-1)
    y[2] = (y[2] + 1) % 4
    write.write(model, tmp_path / "net.tflite")
    np.savez(tmp_path / "xy.npz", x=x, y=y)
    text = 'boards = ["microbit"]\nmodel = "net.tflite"\ndata = "xy.npz"\n'
    (tmp_path / "ghost.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["check", "--update", "--json"], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert found["updated"] and not found["failures"]
    assert found["data"][0]["rows"][0]["numbers"] == {"reference": 7 / 8, "image": 7 / 8}
    assert found["data"][0]["worst"]["sample"] == 2
    kept = json.loads((tmp_path / "baseline.json").read_text())["boards"][0]
    assert (kept["accuracy"]["right"], kept["accuracy"]["recordings"]) == (7, 8)
    assert kept["different_bytes"] == 0 and kept["mean_error"] is None


def test_recordings_or_data() -> None:
    project = ghost_toml.Project(("microbit",), recordings="words", data="x.npy")
    model = random_model(1, inputs=3, units=6, ratio=2)
    with pytest.raises(GhostError, match="counted on recordings or on data; leave one out"):
        costs.recordings(project, model)
