# SPDX-License-Identifier: Apache-2.0
"""A user's own numbers: what is taken how, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import samples


def network(head_per_frame: bool) -> Model:
    model = random_model(
        1, inputs=3, units=6, ratio=2, frames=5, classes=4, head_per_frame=head_per_frame,
        windows=not head_per_frame,
    )  # fmt: skip
    return dataclasses.replace(model, name="net")


WINDOWS, STREAM = network(False), network(True)
ENTRY = WINDOWS.tensors[0]
rng = np.random.default_rng(3)


def read(tmp_path: Path, x: object, y: object = None, model=WINDOWS) -> samples.Samples:
    np.save(tmp_path / "x.npy", x)
    if y is not None:
        np.save(tmp_path / "y.npy", y)
    return samples.read(model, tmp_path / "x.npy", None if y is None else tmp_path / "y.npy")


def classes(found: samples.Samples) -> np.ndarray:
    (expected,) = found.expected
    assert expected.classes is not None
    return expected.classes


def refusal(tmp_path: Path, *given: object, model=WINDOWS) -> str:
    with pytest.raises(GhostError) as caught:
        read(tmp_path, *given, model=model)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_floats_are_quantised_and_what_was_clipped_is_said(tmp_path: Path) -> None:
    low, high = ENTRY.range
    x = np.full((2, 5, 3), 10 * ENTRY.scale, np.float32)
    x[0, 0] = low - 1, high + 2, high + 0.4 * ENTRY.scale
    found = read(tmp_path, x)
    assert found.inputs.shape == (2, 5, 3)
    assert found.inputs[0, 0].tolist() == [-128, 127, 127]
    assert (found.inputs[1] == min(127, ENTRY.zero_point + 10)).all()
    assert found.taken[0].clipped == 2
    (fact,) = found.facts()
    assert fact.startswith("2 of 30 values are outside ") and f"{low - 1:.4g}" in fact


def test_int8_is_taken_as_it_is(tmp_path: Path) -> None:
    x = rng.integers(-128, 128, (4, 5, 3)).astype(np.int8)
    found = read(tmp_path, x)
    np.testing.assert_array_equal(found.inputs, x)
    np.testing.assert_array_equal(ENTRY.quantize(found.taken[0].real), x)
    assert found.taken[0].clipped == 0


def test_one_stream(tmp_path: Path) -> None:
    x = rng.integers(-128, 128, (17, 3)).astype(np.int8)
    windows = read(tmp_path, x)
    assert windows.inputs.shape == (3, 5, 3) and windows.left_over == 2
    np.testing.assert_array_equal(windows.inputs.reshape(15, 3), x[:15])
    stream = read(tmp_path, x, model=STREAM)
    assert stream.inputs.shape == (1, 17, 3) and stream.left_over == 0
    labelled = read(tmp_path, x, np.zeros(17, np.int64), STREAM)
    assert classes(labelled).shape == (1, 17)


def test_csv_and_npz_with_labels(tmp_path: Path) -> None:
    model = dataclasses.replace(WINDOWS, metadata={"version": 1, "labels": ["a", "b", "c", "d"]})
    x = rng.normal(0, 1, (2, 5, 3))
    np.savez(tmp_path / "both.npz", x=x, y=np.array(["c", "a"]))
    both = samples.read(model, tmp_path / "both.npz")
    assert classes(both).tolist() == [2, 0]
    np.savetxt(tmp_path / "x.csv", x.reshape(10, 3), delimiter=",", header="p,q,r", comments="")
    (tmp_path / "y.csv").write_text("label\n1\n3\n")
    found = samples.read(model, tmp_path / "x.csv", tmp_path / "y.csv")
    np.testing.assert_array_equal(found.inputs, both.inputs)
    assert classes(found).tolist() == [1, 3]
    (tmp_path / "y.csv").write_text("a\nbb\n")
    with pytest.raises(GhostError, match="net knows no 'bb', but a, b, c, d. Did you mean 'b'?"):
        samples.read(model, tmp_path / "x.csv", tmp_path / "y.csv")


def test_outputs_are_expected_as_values(tmp_path: Path) -> None:
    x, out = np.zeros((2, 5, 3), np.int8), WINDOWS.tensors[WINDOWS.outputs[0]]
    y = rng.normal(0, 1, (2, 4))
    for given, real in ((y, y), (out.quantize(y), out.dequantize(out.quantize(y)))):
        (found,) = read(tmp_path, x, given).expected
        assert found.values is not None and found.classes is None
        np.testing.assert_allclose(found.values, real)


X = np.zeros((2, 5, 3), np.float32)
NAN = X.copy()
NAN[1, 2, 0] = np.nan


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([np.zeros((2, 5, 4), "f")], "x.npy: has shape (2, 5, 4), net takes (samples, frames, 3)"),
        ([np.zeros((5,), "f")], "x.npy: has shape (5,), net takes (samples, frames, 3)"),
        ([np.zeros((0, 5, 3), "f")], "x.npy: has shape (0, 5, 3), net takes"),
        ([np.zeros((2, 6, 3), "f")], "x.npy: has windows of 6 frames, net takes 5."),
        ([np.zeros((4, 3), "f")], "x.npy: has 4 frames, net takes windows of 5."),
        ([X.astype(np.int16)], "x.npy: holds int16. Give real values as float32 or float64, or"),
        ([X.astype(complex)], "x.npy: holds complex128. Give real values"),
        ([NAN], "x.npy: 1 value is no finite number (NaN or infinite), the first at [1, 2, 0]."),
        ([X, np.array([0, 4])], "y.npy: class 4 is none of the 4 of net."),
        ([X, np.array([0, 1, 2])], "y.npy: has shape (3,); net gives (2,) answers"),
        ([X, np.array([True, False])], "y.npy: holds bool, neither numbers nor labels."),
        ([X, np.array([0.0, np.inf])], "y.npy: holds values that are no finite numbers."),
    ],
)
def test_refusals(tmp_path: Path, given: list[object], said: str) -> None:
    assert refusal(tmp_path, *given).startswith(said)
