# SPDX-License-Identifier: Apache-2.0
"""A user's numbers for networks of several inputs and outputs, or of frames with several axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.proof import accuracy, samples
from tests.two_ends import network

WINDOWS = network(window=True, said={"outputs": {"class": {"names": ["still", "walk", "run"]}}})
STREAM = network(window=False)
rng = np.random.default_rng(4)


def given(count: int = 4, frames: int = 5) -> dict[str, np.ndarray]:
    return {
        "accel": rng.normal(0, 1, (count, frames, 3)),
        "Air pressure": rng.normal(0, 1, (count, frames, 2)).astype(np.float32),
    }


def answers(model: Model, x: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return what each output of the reference stands for."""
    rows = [end.tensor.quantize(x[end.name]) for end in model.input_ends]
    found = reference.run(model, np.concatenate(rows, axis=-1))
    gains, scores = model.output_ends
    return [
        gains.tensor.dequantize(found[..., : gains.tensor.size]),
        scores.tensor.dequantize(found[..., gains.tensor.size :]),
    ]


def test_an_array_for_each_input_by_its_name(tmp_path: Path) -> None:
    x = given()
    x["accel"][0, 0, 0] = 99
    np.savez(tmp_path / "x.npz", **x)
    found = samples.read(WINDOWS, tmp_path / "x.npz")
    assert found.inputs.shape == (4, 5, 5) and found.expected == ()
    zero_point, scale = WINDOWS.tensors[0].zero_point, WINDOWS.tensors[0].scale
    np.testing.assert_array_equal(
        found.inputs[..., 3:], np.rint(x["Air pressure"] / scale) + zero_point
    )
    assert [one.clipped for one in found.taken] == [1, 0]
    (fact,) = found.facts()
    assert fact.startswith("1 of 60 values of accel are outside -3.875 to 4.094 and were clipped")


@pytest.mark.parametrize(
    ("x", "why"),
    [
        ({"accel": np.zeros((2, 5, 3))}, "has no array 'Air pressure': give an .npz with an array"),
        (
            {"accel": np.zeros((2, 5, 3)), "Air pressure": np.zeros((3, 5, 2))},
            r"different numbers of samples or frames: accel \(2, 5, 3\), Air pressure \(3, 5, 2\)",
        ),
        (
            {"accel": np.zeros((2, 5, 3)), "Air pressure": np.zeros((2, 5, 3))},
            r"array 'Air pressure': has shape \(2, 5, 3\), two takes \(samples, frames, 2\)",
        ),
        (
            {"accel": np.zeros((2, 5, 3), np.int16), "Air pressure": np.zeros((2, 5, 2))},
            "array 'accel': holds int16",
        ),
    ],
)
def test_inputs_that_do_not_fit(tmp_path: Path, x: dict[str, np.ndarray], why: str) -> None:
    np.savez(tmp_path / "x.npz", **x)
    with pytest.raises(GhostError, match=why):
        samples.read(WINDOWS, tmp_path / "x.npz")


def test_what_each_output_should_give(tmp_path: Path) -> None:
    x = given()
    gains, scores = answers(WINDOWS, x)
    labels = np.array(["still", "walk", "run"])[scores.argmax(-1)]
    np.savez(tmp_path / "x.npz", **x, gains=gains.reshape(4, 5, 2) + 0.5)
    np.savez(tmp_path / "y.npz", **{"class": labels, "other": labels})
    both = samples.read(WINDOWS, tmp_path / "x.npz")
    assert [one.values is None for one in both.expected] == [False, True]
    found = samples.read(WINDOWS, tmp_path / "x.npz", tmp_path / "y.npz")
    values, classes = found.expected
    assert values.values is None and classes.classes is not None
    np.testing.assert_array_equal(classes.classes, scores.argmax(-1))
    np.savez(tmp_path / "none.npz", other=labels)
    with pytest.raises(GhostError, match="an array for each of 'gains', 'class'"):
        samples.read(WINDOWS, tmp_path / "x.npz", tmp_path / "none.npz")


@pytest.mark.parametrize("model", [WINDOWS, STREAM], ids=["windows", "stream"])
def test_a_line_for_each_output(model: Model, tmp_path: Path) -> None:
    """The gains are off by a half, one class is wrong, and float is off by a quarter."""
    x = given()
    gains, scores = answers(model, x)
    classes = scores.argmax(-1)
    classes.flat[0] = (classes.flat[0] + 1) % 3
    shape = (4, 5, 2)
    np.savez(tmp_path / "x.npz", **x)
    np.savez(tmp_path / "y.npz", **{"gains": gains.reshape(shape) + 0.5, "class": classes})
    found = samples.read(model, tmp_path / "x.npz", tmp_path / "y.npz")
    floats = [gains.reshape(shape), scores + 0.25]
    selection = accuracy.select(model, found, 2000, floats)
    judged = accuracy.judge(model, selection, list(reference.run(model, found.inputs)))
    rows = {(row.output, row.what): row.numbers for row in judged.rows}
    assert rows["gains", "mean error"]["image"] == pytest.approx(0.5)
    right = 1 - 1 / classes.size
    assert rows["class", "accuracy"] == {name: right for name in ("float", "reference", "image")}
    assert rows["class", "mean difference from float"]["image"] == pytest.approx(0.25)
    assert rows["gains", "largest difference from float"]["image"] == 0
    assert judged.number("accuracy") == right
    assert judged.worst is not None and judged.worst.output in ("gains", "class")


def image(frames: int = 1) -> Model:
    """Return a network that takes a whole image, or frames of several axes, and keeps nothing."""
    shape = (frames, 10, 1) if frames > 1 else (4, 3, 2)
    x = Tensor("x", shape, "int8", 0.5, 0)
    y = Tensor("y", shape, "int8", 0.5, 0)
    said = {"version": 1} | ({"plan": "stream"} if frames > 1 else {})
    return Model("net", Graph((x, y), (0,), (1,), (Elementwise((0,), 1, "relu"),)), said)


def test_a_network_without_frames_takes_samples(tmp_path: Path) -> None:
    x = rng.integers(-128, 128, (7, 4, 3, 2)).astype(np.int8)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.maximum(x, 0))
    found = samples.read(image(), tmp_path / "x.npy", tmp_path / "y.npy")
    assert found.inputs.shape == (7, 1, 24) and not found.stream
    np.testing.assert_array_equal(found.inputs[:, 0], x.reshape(7, 24))
    chosen = accuracy.select(image(), found, 3)
    assert chosen.chosen.tolist() == [0, 3, 6]
    outputs = list(np.maximum(found.inputs[chosen.chosen], 0))
    judged = accuracy.judge(image(), chosen, outputs)
    assert judged.number("largest error") == 0 and judged.samples == 7
    np.save(tmp_path / "x.npy", x[..., :1])
    with pytest.raises(GhostError, match=r"net takes \(samples, 4, 3, 2\)"):
        samples.read(image(), tmp_path / "x.npy")


@pytest.mark.parametrize("shape", [(2, 6, 10, 1), (2, 6, 10)])
def test_frames_of_several_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = rng.integers(-128, 128, shape).astype(np.int8)
    np.save(tmp_path / "x.npy", x)
    found = samples.read(image(frames=6), tmp_path / "x.npy")
    np.testing.assert_array_equal(found.inputs, x.reshape(2, 6, 10))
    np.save(tmp_path / "x.npy", x[0])
    assert samples.read(image(frames=6), tmp_path / "x.npy").stream
