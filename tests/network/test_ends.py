# SPDX-License-Identifier: Apache-2.0
"""What a network says of its plan and its two ends, and what of that a file may not hold."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ends import End
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from tests import two_ends
from tests.networks import network


def model(said: dict[str, Any] | None = None, **shape: Any) -> Model:
    """Return a network of 3 inputs and 2 outputs that says something of itself."""
    fixed = {"units": 4, "ratio": 2, "inputs": 3, "classes": 2, "frames": 6, "windows": True}
    made = random_model(1, **{**fixed, **shape})
    return dataclasses.replace(made, metadata=made.metadata | (said or {}))


def again(made: Model) -> Model:
    """Return a model as its file has it."""
    return read.parse(write.serialize(made), "made.tflite")


@pytest.mark.parametrize(
    ("shape", "said", "window"),
    [
        ({}, {}, 6),
        ({"frames": 50, "layers": 2}, {}, 50),
        ({}, {"reset": "clip"}, 6),
        ({}, {"reset": "never"}, None),
        ({"stateful": True}, {}, None),
        ({"head_per_frame": True}, {}, None),
        ({"frames": 1}, {}, None),
    ],
)
def test_a_sequence_with_one_answer_is_a_window(
    shape: dict[str, Any], said: dict[str, Any], window: int | None
) -> None:
    made = again(model(said, **shape))
    assert made.window == window
    assert made.as_json()["window"] == window
    assert made.plan.startswith(f"windows of {window} frames" if window else "a stream")


def test_a_networks_ends_are_those_of_its_file() -> None:
    said = {
        "labels": ["still", "walk"],
        "inputs": {"names": ["ax", "ay", "az"], "units": "g"},
        "outputs": {"units": ["%", "°C"]},
    }
    made = again(model(said))
    x, y = made.input, made.output
    assert (x.names, x.units, x.unit) == (("ax", "ay", "az"), ("g",) * 3, "g")
    assert (y.names, y.units, y.unit) == (("still", "walk"), ("%", "°C"), "")
    assert y.values == ["still (%)", "walk (°C)"]
    told = made.as_json()["input"]
    scale, zero_point = made.tensors[0].scale, made.tensors[0].zero_point
    assert (told["scale"], told["zero_point"], told["size"]) == (scale, zero_point, 3)
    assert told["minimum"] == pytest.approx((-128 - zero_point) * scale)
    assert told["maximum"] == pytest.approx((127 - zero_point) * scale)
    assert told["names"] == ["ax", "ay", "az"] and told["units"] == ["g"] * 3


def test_a_network_that_says_nothing_has_numbers() -> None:
    made = again(model())
    assert not made.input.named and made.input.names == made.input.units == ()
    assert made.input.values == ["0", "1", "2"] and made.output.unit == ""
    for seed in range(9):  # heads of all kinds
        assert network(seed).output.values


def test_the_line_that_people_read() -> None:
    x = End(Tensor("x", (2,), "int8", 0.03125, -4), ("ax", "ay"), ("g", "g"))
    assert x.text == (
        "2 × int8 (ax (g), ay (g)), scale 0.03125 g, zero point -4: -3.875 to 4.094 g"
    )
    assert End(Tensor("y", (1,), "int8", 2.0, 0), (), ()).text == (
        "1 × int8, scale 2, zero point 0: -256 to 254"
    )


@pytest.mark.parametrize(
    ("scale", "text"),
    [(0.5, "0.5f"), (2.0, "2.0f"), (1e-30, "1.00000000e-30f"), (0.1, "0.100000001f")],
)
def test_a_scale_is_a_float_of_c(scale: float, text: str) -> None:
    found = End(Tensor("x", (1,), "int8", scale, 0), (), ()).scale
    assert found.replace("1e-30f", "1.00000000e-30f") == text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"inputs": ["ax"]}, r"must have inputs that are an object, not \['ax'\]"),
        ({"inputs": {"names": "ax"}}, "must have inputs.names that are a list, not 'ax'"),
        ({"inputs": {"names": ["ax", 1.5, "az"]}}, r"inputs.names\[1\] is 1.5"),
        ({"inputs": {"names": ["a" * 41, "b", "c"]}}, r"inputs.names\[0\] of 41 characters"),
        ({"inputs": {"names": ["ax", "ay"]}}, "2 names of inputs, but the network has 3 inputs"),
        ({"inputs": {"units": 7}}, "must have inputs.units that are a list, not 7"),
        ({"inputs": {"units": ["g", "g"]}}, "2 units of inputs, but the network has 3"),
        ({"outputs": {"units": [None]}}, r"outputs.units\[0\] is None"),
        ({"outputs": {"units": ["h"] * 3}}, "3 units of outputs, but the network has 2 outputs"),
        ({"outputs": {"units": "h" * 41}}, "41 characters, at most 40"),
        ({"inputs": {"x": {"units": "g"}}}, "speaks of inputs by name, but the network has only"),
    ],
)
def test_what_means_nothing_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(GhostError, match=why) as refused:
        again(model(said))
    assert "metadata" in str(refused.value)


def test_several_ends_are_described_by_their_names() -> None:
    said = {
        "inputs": {
            "accel": {"names": ["ax", "ay", "az"], "units": "g"},
            "Air pressure": {"units": ["hPa", "°C"]},
        },
        "outputs": {"class": {"names": ["still", "walk", "run"]}, "gains": {"names": ["l", "r"]}},
    }
    made = again(two_ends.network(window=True, said=said))
    accel, pressure = made.input_ends
    assert (accel.name, accel.member, accel.unit) == ("accel", "accel", "g")
    assert (pressure.name, pressure.member) == ("Air pressure", "air_pressure")
    assert pressure.values == ["0 (hPa)", "1 (°C)"] and pressure.macro == "INPUT_AIR_PRESSURE"
    gains, scores = made.output_ends
    assert gains.tensor.shape == (5, 2) and gains.values == ["l", "r"]
    assert gains.every[:3] == ["gains l 0", "gains r 0", "gains l 1"] and len(gains.every) == 10
    assert scores.labels == ["still", "walk", "run"] and scores.member == "y_class"
    told = made.as_json()
    assert "input" not in told and "output" not in told
    assert [end["name"] for end in told["inputs"]] == ["accel", "Air pressure"]
    assert [(end["shape"], end["size"]) for end in told["outputs"]] == [([5, 2], 10), ([3], 3)]
    alone = again(model()).as_json()
    assert alone["inputs"] == [alone["input"]] and alone["outputs"] == [alone["output"]]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"inputs": {"units": "g"}}, "must speak of inputs by name: the network has 'accel', 'Air"),
        ({"inputs": {"acc": {}}}, "speaks of inputs.acc, but the network has 'accel', 'Air press"),
        ({"inputs": {"accel": {"names": ["a"]}}}, "1 names of inputs.accel, which has 3 values"),
        ({"inputs": {"accel": {}, "x": 1}}, "an object for each by its name; inputs.x is 1"),
        ({"outputs": {"gains": {"units": 3}}}, "outputs.gains.units that are a list, not 3"),
    ],
)
def test_what_means_nothing_for_several_ends_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(GhostError, match=why):
        again(two_ends.network(window=False, said=said))


def test_an_output_that_is_an_input_is_refused() -> None:
    made = two_ends.network(window=False)
    graph = dataclasses.replace(made.graph, outputs=(0, made.graph.outputs[1]))
    with pytest.raises(GhostError, match="its output 'accel' is an input as it is"):
        again(dataclasses.replace(made, graph=graph))


def test_real_numbers_in_and_out_by_name() -> None:
    made = two_ends.network(window=True)
    values = {"accel": np.full((2, 5, 3), 1.0), "Air pressure": np.full((2, 5, 2), -1.0)}
    rows = made.quantize(values)
    assert rows.shape == (2, 5, 5) and rows[1, 4].tolist() == [28, 28, 28, -36, -36]
    answers = np.arange(26).reshape(2, 13).astype(np.int8)
    real = made.dequantize(answers)
    gains, scores = made.output_ends
    np.testing.assert_array_equal(real["gains"][1, 4], gains.tensor.dequantize([21, 22]))
    np.testing.assert_array_equal(real["class"][1], scores.tensor.dequantize([23, 24, 25]))
