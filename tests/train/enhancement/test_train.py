# SPDX-License-Identifier: Apache-2.0
"""The whole road of enhancement on voices that hum: recipe, mixtures, float, integers, report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.network.tflite import read
from mcu_ghost.sound import enhancement
from tests.train.enhancement.voices import write

pytestmark = pytest.mark.train


def command(recipe: Path) -> list[str]:
    out, cache = recipe.with_suffix(".tflite"), recipe.parent / "cache"
    return [sys.executable, "-m", "mcu_ghost", "train", str(recipe), "-o", str(out),
            "--cache", str(cache), "--json"]  # fmt: skip


def run(recipe: Path) -> dict[str, Any]:
    result = subprocess.run(command(recipe), capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def gained(found: dict[str, Any], of: str) -> float:
    """Return the mean SI-SDR gained over all conditions, each of one mixture here."""
    rows = found["conditions"]
    return float(np.mean([row[of]["si_sdr_db"] - row["noisy"]["si_sdr_db"] for row in rows]))


def test_from_recordings_to_a_network_that_cleans(tmp_path: Path) -> None:
    recipe = write(tmp_path, steps=120, every=40)
    found = run(recipe)
    assert gained(found, "int8") > 2
    assert abs(gained(found, "int8") - gained(found, "float32")) < 0.5
    assert {row["kind"] for row in found["conditions"]} == {
        "babble", "beeps", "hiss", "hum", "pink", "white"}  # fmt: skip
    assert {row["kind"] for row in found["conditions"] if row["unseen"]} == {"beeps"}
    assert [step for step, _, _ in found["history"]] == [40, 80, 120]
    assert found["latency_ms"] == 32
    model = read.load(recipe.with_suffix(".tflite"))
    assert enhancement.need_task(model).bands == 24
    page = recipe.with_suffix(".html").read_text()
    assert page.count("<audio") == 3 * 4 and "not in training" not in page
    assert json.loads(recipe.with_suffix(".json").read_text()) == found


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    whole, cut = (write(tmp_path / name, steps=30, every=10) for name in ("whole", "cut"))
    run(whole)
    process = subprocess.Popen(command(cut), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    state = cut.parent / "cache/voices/last.npz"
    deadline = time.monotonic() + 300
    while not state.is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with np.load(state) as found:
        assert json.loads(str(found["state"]))["step"] < 30, "it was over before it was killed"
    run(cut)
    assert whole.with_suffix(".tflite").read_bytes() == cut.with_suffix(".tflite").read_bytes()


def test_the_float_network_is_judged_with_the_boards_exponent() -> None:
    from mcu_ghost.train.enhancement import network

    class Half:
        """Lets half of everything through."""

        def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
            return np.full((*x.shape[:-1], 24), 0.5 * enhancement.FULL_SCALE / 256, np.float32)

    spectrum = network.Spectrum(enhancement.Transform(), 24)
    noisy = np.random.default_rng(1).normal(0, 3000, (2, 4096)).astype(np.float32)
    scales = network.scales(spectrum, noisy)
    for exponent in (1.0, 2.0, 0.5):
        made = network.clean(Half(), spectrum, scales, noisy, exponent)
        np.testing.assert_allclose(made, noisy * 0.5**exponent, atol=1)
