# SPDX-License-Identifier: Apache-2.0
"""Float, reference and image side by side: every number by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli import cli
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.proof import accuracy
from mcu_ghost.proof.expected import Expected
from mcu_ghost.proof.samples import Samples, Taken

MODEL = random_model(1, inputs=3, units=6, ratio=2, frames=5, classes=4, head_per_frame=False)
INPUTS = np.random.default_rng(3).integers(-128, 128, (10, 5, 3)).astype(np.int8)
OUTPUTS = reference.run(MODEL, INPUTS)
OUT = MODEL.tensors[MODEL.outputs[0]]
REAL = OUT.dequantize(OUTPUTS)


def given(expected: Expected | None = None) -> Samples:
    taken = Taken(MODEL.input, INPUTS, MODEL.tensors[0].dequantize(INPUTS))
    return Samples("x.npy", (taken,), expected=(expected,) if expected else ())


def test_classes_and_a_wrong_image() -> None:
    classes = OUTPUTS.argmax(-1)
    classes[3] = (classes[3] + 1) % 4  # what should come, and does not
    selection = accuracy.select(MODEL, given(Expected(classes=classes)), 2000, floats=[REAL + 0.25])
    image = OUTPUTS.copy()
    image[7] = -128
    image[7, (classes[7] + 2) % 4] = 127
    found = accuracy.judge(MODEL, selection, [np.zeros(4, np.int8), *image])
    assert (found.samples, found.emulated, found.frames) == (10, 10, 50)
    right, same, mean, largest = found.rows
    assert right.numbers == {"float": 0.9, "reference": 0.9, "image": 0.8}
    assert same.numbers == {"reference": 1.0, "image": 0.9}
    assert mean.what == "mean difference from float"
    assert mean.numbers["reference"] == pytest.approx(0.25)
    assert largest.numbers["reference"] == pytest.approx(0.25)
    assert found.number("accuracy") == 0.8 and found.number("mean error") is None
    assert found.worst is not None and (found.worst.sample, found.worst.frame) == (7, None)
    assert found.worst.off == pytest.approx(255 * OUT.scale)
    assert found.worst.expected == str(classes[7])


def test_values() -> None:
    values = REAL.copy()
    values[4, 2] += 3.0
    selection = accuracy.select(MODEL, given(Expected(values=values)), 2000)
    found = accuracy.judge(MODEL, selection, list(OUTPUTS))
    mean, largest = found.rows
    assert mean.numbers == {"reference": pytest.approx(3 / 40), "image": pytest.approx(3 / 40)}
    assert largest.numbers["image"] == pytest.approx(3)
    assert found.worst is not None and found.worst.sample == 4


def test_some_of_many_are_evenly_spaced_and_all_are_counted_on_the_pc() -> None:
    classes = OUTPUTS.argmax(-1)
    selection = accuracy.select(MODEL, given(Expected(classes=classes)), most_frames=17)
    assert selection.chosen.tolist() == [0, 4, 9]
    assert [s.name for s in selection.sequences][1] == "x.npy, sample 4"
    found = accuracy.judge(MODEL, selection, list(OUTPUTS[[0, 4, 9]]))
    assert [(row.samples, set(row.numbers)) for row in found.rows] == [
        (3, {"reference", "image"}),
        (10, {"reference"}),
    ]
    assert accuracy.select(MODEL, given(), 3).chosen.tolist() == [0]  # one at least, and whole


def test_of_a_stream_it_is_the_beginning() -> None:
    model = random_model(1, inputs=3, units=6, ratio=2, classes=4, head_per_frame=True)
    x = INPUTS.reshape(1, 50, 3)
    taken = Taken(model.input, x, model.tensors[0].dequantize(x))
    y = reference.run(model, x)
    samples = Samples("x", (taken,), stream=True, expected=(Expected(classes=y.argmax(-1)),))
    selection = accuracy.select(model, samples, 20)
    assert selection.sequences[0].frames.shape == (20, 3)
    found = accuracy.judge(model, selection, [y[0, :20]])
    assert found.frames == 20 and found.number("accuracy") == 1.0
    assert found.worst is not None and found.worst.frame is not None


def test_a_float_model_of_other_outputs() -> None:
    selection = accuracy.select(MODEL, given(), 2000, floats=[np.zeros((10, 3))])
    with pytest.raises(GhostError, match=r"gives outputs of shape \(10, 3\), .* \(10, 4\)"):
        accuracy.judge(MODEL, selection, list(OUTPUTS))


def test_files_without_data(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["test", "-b", "microbit", "--expect", "y.npy"])
    assert "--expect and --float need --data" in str(result.exception) + result.output


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_verb(tmp_path: Path) -> None:
    write.write(MODEL, tmp_path / "net.tflite")
    np.savez(tmp_path / "xy.npz", x=INPUTS, y=OUTPUTS.argmax(-1))
    words = ["test", "-b", "microbit", "-m", str(tmp_path / "net.tflite"), "--cases", "1",
             "--data", str(tmp_path / "xy.npz"), "-o", str(tmp_path / "build")]  # fmt: skip
    result = CliRunner().invoke(cli, [*words, "--limit", "25", "--json"], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert (found["cases"], found["mismatches"]) == (6, 0)
    assert (found["data"]["samples"], found["data"]["emulated"]) == (10, 5)
    assert found["data"]["rows"][0]["numbers"] == {"reference": 1.0, "image": 1.0}
    assert "5 of 10 samples run as firmware, 25 frames" in result.stderr
    result = CliRunner().invoke(cli, [*words], catch_exceptions=False)
    assert "accuracy" in result.stdout and "100.0%" in result.stdout


@pytest.mark.emulator
@pytest.mark.toolchain
def test_channels_with_scales_of_their_own(tmp_path: Path) -> None:
    """Degrees, hectopascals and per cent; what should come is quantised by hand."""
    scales, offsets = [0.0625, 0.25, 0.5], [12.0, 1013.0, 50.0]
    said = {"inputs": {"scales": scales, "offsets": offsets}}
    model = dataclasses.replace(MODEL, metadata=MODEL.metadata | said)
    write.write(model, tmp_path / "net.tflite")
    x = np.random.default_rng(5).normal(offsets, np.multiply(scales, 40), (4, 5, 3))
    steps = np.rint((x - offsets) / scales) + model.tensors[0].zero_point
    answers = reference.run(model, np.clip(steps, -128, 127).astype(np.int8))
    assert len(np.unique(answers, axis=0)) == 4
    np.savez(tmp_path / "xy.npz", x=x, y=OUT.dequantize(answers))
    words = ["test", "-b", "microbit", "-m", str(tmp_path / "net.tflite"), "--cases", "1",
             "--data", str(tmp_path / "xy.npz"), "-o", str(tmp_path / "build")]  # fmt: skip
    result = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert (found["cases"], found["mismatches"], found["data"]["emulated"]) == (5, 0, 4)
    numbers = {row["what"]: row["numbers"] for row in found["data"]["rows"]}
    assert numbers["largest error"] == {"reference": 0, "image": 0}
