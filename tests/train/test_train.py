# SPDX-License-Identifier: Apache-2.0
"""The whole road on tones: recipe, scenes, float, QAT, integers, and what may go wrong on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.train.tones import write

pytestmark = pytest.mark.train


def command(recipe: Path, *more: str) -> list[str]:
    out = recipe.with_suffix(".tflite")
    cache = recipe.parent / "cache"
    return [sys.executable, "-m", "mcu_ghost", "train", str(recipe), "-o", str(out),
            "--cache", str(cache), "--json", *more]  # fmt: skip


def run(recipe: Path) -> dict[str, Any]:
    result = subprocess.run(command(recipe), capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def weights(recipe: Path) -> bytes:
    return recipe.with_suffix(".tflite").read_bytes()


def test_tones_from_training_to_integers(tmp_path: Path) -> None:
    from mcu_ghost.network.tflite import read
    from mcu_ghost.sound.keywords import listening

    recipe = write(tmp_path, epochs=6, qat_epochs=2)
    found = run(recipe)
    quiet = next(w for w in found["words"] if w["snr_db"] is None)
    assert quiet["int8"]["of"] >= 10
    assert quiet["int8"]["count"] <= 0.2 * quiet["int8"]["of"]
    assert abs(quiet["int8"]["count"] - quiet["float32"]["count"]) <= 1
    speakers = found["speakers"]
    assert sum(one["int8"]["of"] for one in speakers) == quiet["int8"]["of"]
    assert sum(one["int8"]["count"] for one in speakers) == quiet["int8"]["count"]
    assert len({one["name"] for one in speakers}) > 1
    assert found["image"] is None or found["image"]["app"] == "kws"
    assert {a["name"] for a in found["accepts"]} == {"others", "generated noise and music"}
    assert sum(map(sum, found["confusion"])) == quiet["int8"]["of"]
    model = read.load(recipe.with_suffix(".tflite"))
    assert model.head_per_frame and model.layers[0].stateful
    assert model.metadata["reset"] == "never"
    words = listening(model)[1].words
    assert [w.label for w in words] == ["fall", "rise"]
    numbers = json.loads(recipe.with_suffix(".json").read_text())
    assert numbers["thresholds"] == found["thresholds"] == [numbers["validation"]["chosen"]] * 2
    assert [word["label"] for word in numbers["validation"]["words"]] == ["fall", "rise"]
    page = recipe.with_suffix(".html").read_text()
    assert "<svg" in page and f"{quiet['int8']['of']}</td>" in page
    assert "of validation sounds without words cannot tell" in page


def test_features_side_by_side_and_a_layer_in_front(tmp_path: Path) -> None:
    from mcu_ghost.network.tflite import read

    recipe = write(tmp_path, epochs=5)
    text = recipe.read_text().replace("units = 16", "units = 16\ndense = 12")
    recipe.write_text(f"{text}\n[front_end]\nstack = 3\n")
    found = run(recipe)
    quiet = next(w for w in found["words"] if w["snr_db"] is None)
    assert quiet["int8"]["count"] <= 0.2 * quiet["int8"]["of"]
    assert abs(quiet["int8"]["count"] - quiet["float32"]["count"]) <= 1
    model = read.load(recipe.with_suffix(".tflite"))
    assert model.tensors[model.inputs[0]].size == 120
    assert model.metadata["front_end"]["stack"] == 3


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    whole, cut = (tmp_path / name for name in ("whole", "cut"))
    recipe = write(whole, epochs=3)
    run(recipe)
    other = write(cut, epochs=3)
    process = subprocess.Popen(command(other), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    state = cut / "cache/tones/float.last.npz"
    deadline = time.monotonic() + 300
    while not state.is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with np.load(state) as found:
        assert json.loads(str(found["state"]))["epoch"] < 3, "it was over before it was killed"
    run(other)
    assert weights(recipe) == weights(other)
    first, second = (json.loads(one.with_suffix(".json").read_text()) for one in (recipe, other))
    assert first["losses"] == second["losses"]
    assert len(first["losses"]["float"]) == 3 and first["losses"]["QAT"]


def test_a_run_that_was_over_or_half_over_gives_the_same_file_again(tmp_path: Path) -> None:
    recipe = write(tmp_path, epochs=1, qat_epochs=1)
    run(recipe)
    first = weights(recipe)
    run(recipe)  # both models come from their files
    assert weights(recipe) == first
    for left in (tmp_path / "cache/tones").glob("[qQ]*"):
        left.unlink()
    run(recipe)  # the float one does
    assert weights(recipe) == first


def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    from mcu_ghost.sound.audio import Formula
    from mcu_ghost.sound.data.streams import Streams
    from mcu_ghost.train import phases
    from mcu_ghost.train import recipe as recipes
    from mcu_ghost.train.inputs import InputFormat

    class Broken(InputFormat):
        """Turns to no numbers after some steps."""

        left = 12

        def real(self, features: Any) -> Any:
            type(self).left -= 1
            return super().real(features) * (np.nan if self.left < 0 else 1)

    chosen = recipes.read(write(tmp_path, epochs=4))
    rng = np.random.default_rng(1)
    scenes = Streams(rng.integers(0, 600, (8, 200, 40)).astype(np.uint16),
                     rng.integers(0, 3, (8, 200)).astype(np.int8))  # fmt: skip
    form = Broken(Formula(multiplier=1000, shift=12, zero_point=-128), 1 / 64, -60)
    with pytest.raises(phases.Diverged, match=r"Epoch 1 is kept in .*smaller learning_rate"):
        phases.train(chosen, (scenes, scenes), form, 3, tmp_path / "run", "digest")
    kept = np.load(tmp_path / "run/float.last.npz")
    assert json.loads(str(kept["state"]))["epoch"] == 1
    assert all(np.isfinite(kept[name]).all() for name in kept.files if name != "state")
    assert not (tmp_path / "run/float.ghost").exists()


def test_two_workers_train_one_model(tmp_path: Path) -> None:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    workers = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    recipe = write(tmp_path, epochs=3, more=f"workers = [{workers}]")
    environment = os.environ | {"TF_NUM_INTRAOP_THREADS": "1"}
    processes = [
        subprocess.Popen(command(recipe, "--worker", str(number)), env=environment, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for number in (0, 1)
    ]  # fmt: skip
    said = [process.communicate(timeout=600) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    found = json.loads(said[0][0])
    assert said[1][0] == ""
    quiet = next(w for w in found["words"] if w["snr_db"] is None)
    assert min(quiet["curve"]) < 1, "it learnt something"


def test_a_kill_between_two_recipes_leaves_no_checkpoint_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcu_ghost.train import phases
    from mcu_ghost.train import recipe as recipes

    recipe, folder = recipes.read(write(tmp_path)), tmp_path / "c"
    phases._claim(recipe, folder, "first", 3, 0)
    last = folder / "float.last.npz"
    last.write_bytes(b"")
    phases._claim(recipe, folder, "first", 3, 0)
    assert last.exists()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(phases.files, "write_text", killed)
        phases._claim(recipe, folder, "second", 3, 0)
    assert not last.exists()
