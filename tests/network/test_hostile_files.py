# SPDX-License-Identifier: Apache-2.0
"""Files that lie: every one ends in one clear sentence, quickly, and never in another exception."""

from __future__ import annotations

import dataclasses
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read, write
from tests.network import mutants
from tests.networks import rebuilt

MODEL = random_model(3, units=12, ratio=2, inputs=5, layers=2, frames=6)
GOOD = write.serialize(MODEL)

Patch = Callable[[bytearray, Any], None]


def refusal(data: bytes) -> str:
    """Return what the reader says of a bad file."""
    with pytest.raises(GhostError) as refused:
        read.parse(bytes(data), "bad.tflite")
    words = str(refused.value)
    assert words.startswith("bad.tflite: ") and "\n" not in words
    return words.removeprefix("bad.tflite: ")


def put(data: bytearray, table: Any, slot: int, form: str, value: float) -> None:
    """Overwrite a scalar field of a flatbuffer table, which must be present."""
    offset = table._tab.Offset(4 + 2 * slot)
    assert offset, "the field has its default and no place in the file"
    struct.pack_into(form, data, table._tab.Pos + offset, value)


def put_entry(data: bytearray, table: Any, slot: int, index: int, form: str, value: float) -> None:
    """Overwrite an entry of a vector of scalars."""
    start = table._tab.Vector(table._tab.Offset(4 + 2 * slot))
    struct.pack_into(form, data, start + index * struct.calcsize(form), value)


def tensor(root: Any, name: str) -> Any:
    """Return the tensor of that name."""
    graph = root.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    return next(t for t in tensors if t.Name() == name.encode())


def code(root: Any, builtin: int) -> Any:
    """Return the operator code of a built-in operator."""
    codes = [root.OperatorCodes(i) for i in range(root.OperatorCodesLength())]
    return next(c for c in codes if c.BuiltinCode() == builtin)


def weights(root: Any, name: str) -> Any:
    """Return the buffer of a tensor."""
    return root.Buffers(tensor(root, name).Buffer())


def scales(root: Any, name: str) -> Any:
    """Return the quantisation of a tensor."""
    return tensor(root, name).Quantization()


def to_l2_pool(data: bytearray, entry: Any) -> None:
    """Make an operator code that of L2_POOL_2D, in both places where it stands."""
    put(data, entry, 3, "<i", 12)
    put(data, entry, 0, "b", 12)


SOFTMAX = 25

PATCHES: dict[str, tuple[Patch, str]] = {
    "schema": (lambda d, r: put(d, r, 0, "<I", 4), "schema version 4 is not supported, only 3."),
    "float input": (lambda d, r: put(d, tensor(r, "input"), 1, "b", 0),
                    "tensor 'input' is float32, not int8"),
    "unknown operator": (lambda d, r: to_l2_pool(d, code(r, SOFTMAX)),
                         "operator L2_POOL_2D is not supported; supported are GhostGRU,"),
    "operator version": (lambda d, r: put(d, code(r, SOFTMAX), 2, "<i", 99),
                         "version 99 of operator SOFTMAX is not supported, at most 3."),
    "weight of -128": (
        lambda d, r: put_entry(d, weights(r, "ghost_gru_0/kernel"), 0, 7, "b", -128),
                       "tensor 'ghost_gru_0/kernel' holds a weight of -128; weights are -127"),
    "dense weight of -128": (
        lambda d, r: put_entry(d, weights(r, "dense_2/kernel"), 0, 0, "b", -128),
                             "tensor 'dense_2/kernel' holds a weight of -128"),
    "scale NaN": (lambda d, r: put_entry(d, scales(r, "input"), 2, 0, "<f", np.nan),
                  "tensor 'input' has a scale that is not a positive number."),
    "scale zero": (lambda d, r: put_entry(d, scales(r, "logits"), 2, 0, "<f", 0.0),
                   "tensor 'logits' has a scale that is not a positive number."),
    "scale infinite": (
        lambda d, r: put_entry(d, scales(r, "ghost_gru_1/kernel"), 2, 1, "<f", np.inf),
        "tensor 'ghost_gru_1/kernel' has a scale that is not a positive number."),
    "scale changed": (
        lambda d, r: put_entry(d, scales(r, "ghost_gru_1/kernel"), 2, 1, "<f", 0.5),
        "GhostGRU to tensor 'ghost_gru_1': the kernel of gate r is multiplied by"),
    "zero point": (lambda d, r: put_entry(d, scales(r, "input"), 3, 0, "<q", 400),
                   "tensor 'input' has zero point 400, outside int8."),
    "dynamic shape": (lambda d, r: put_entry(d, tensor(r, "input"), 0, 1, "<i", -1),
                      "tensor 'input' has a dynamic or empty shape [1, -1, 5]"),
    "batch of 4": (lambda d, r: put_entry(d, tensor(r, "input"), 0, 0, "<i", 4),
                   "tensor 'input' has shape [4, 6, 5]; the first axis is the batch, which is 1"),
    "absurd size": (lambda d, r: put_entry(d, tensor(r, "input"), 0, 2, "<i", 2**31 - 1),
                    "tensor 'input' has an absurd shape"),
    "too many frames": (lambda d, r: put_entry(d, tensor(r, "input"), 0, 1, "<i", 100000),
                        "100 000 frames are too many"),
    "no such buffer": (lambda d, r: put(d, tensor(r, "dense_2/bias"), 2, "<I", 12345),
                       "tensor 'dense_2/bias' has no data."),
    "another's buffer": (
        lambda d, r: put(d, tensor(r, "dense_2/bias"), 2, "<I",
                         tensor(r, "ghost_gru_0/kernel").Buffer()),
        "tensor 'dense_2/bias' must have 48 bytes of data."),
    "tensor out of range": (
        lambda d, r: put_entry(d, r.Subgraphs(0).Operators(0), 1, 0, "<i", 1000),
        "damaged TensorFlow Lite file (no tensor 1000)."),
    "read before written": (
        lambda d, r: put_entry(d, r.Subgraphs(0).Operators(0), 1, 0, "<i",
                               r.Subgraphs(0).Operators(2).Outputs(0)),
        "tensor 'logits' is read before it is written."),
    "a cycle": (
        lambda d, r: put_entry(d, r.Subgraphs(0).Operators(2), 1, 0, "<i",
                               r.Subgraphs(0).Operators(2).Outputs(0)),
        "tensor 'logits' is read before it is written."),
    "written twice": (
        lambda d, r: put_entry(d, r.Subgraphs(0).Operators(3), 2, 0, "<i",
                               r.Subgraphs(0).Operators(2).Outputs(0)),
        "tensor 'logits' is written twice."),
}  # fmt: skip


@pytest.mark.parametrize("name", PATCHES)
def test_one_lie_in_a_good_file(name: str) -> None:
    patch, words = PATCHES[name]
    data = bytearray(GOOD)
    patch(data, tflite.Model.GetRootAs(data, 0))
    assert bytes(data) != GOOD
    assert words in refusal(data)


def with_layer(**changes: Any) -> bytes:
    """Return the file of a network whose first layer is changed."""
    first, second = MODEL.layers
    body = (dataclasses.replace(first, **changes), second)
    return write.serialize(rebuilt(MODEL, body=body))


def test_requantizers_must_agree_with_the_scales() -> None:
    rqs = MODEL.layers[0].input_requantizers
    wrong = (Requantizer(rqs[0].multiplier // 2, rqs[0].shift), *rqs[1:])
    assert "the kernel of gate z is multiplied by" in refusal(with_layer(input_requantizers=wrong))
    broken = (Requantizer(0, 0), *rqs[1:])
    assert "are not a requantizer" in refusal(with_layer(input_requantizers=broken))


def test_requantizers_must_not_overflow() -> None:
    bias = MODEL.layers[0].bias.copy()
    bias[0, 1, 2] = 2**31 - 1
    assert "a row of the kernel of gate r can overflow" in refusal(with_layer(bias=bias))


def test_sums_of_requantised_rows_must_not_overflow_either() -> None:
    bias = MODEL.layers[0].bias.copy()
    bias[0, 0, 1] = 2**29 - 2**17  # fits shifted left by 2, and is multiplied by 1.1 then
    assert MODEL.layers[0].input_requantizers[0].shift == 2
    assert "a row of the kernel of gate z can reach too far" in refusal(with_layer(bias=bias))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", 2, "options version 2 is not supported, only version 1"),
        ("units", 13, "output shape"),
        ("units", -1, "-1 units with ratio 2 are not a layer"),
        ("ratio", 0, "12 units with ratio 0 are not a layer"),
        ("ratio", 3, "must be a variable of 4 values"),
        ("return_sequences", 1, "option 'return_sequences' must be true or false"),
        ("input_zero_point", 99, "input_zero_point differs"),
        ("input_shift", [1, 2], "option 'input_shift' must list 3 integers"),
        ("recurrent_multiplier", ["a", 1, 2], "must be a list of integers"),
        ("stateful", None, "option 'stateful' must be true or false"),
    ],
)
def test_options_that_lie(
    key: str, value: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = GhostGRU.options

    def lying(op: GhostGRU, zero_point: int) -> dict[str, Any]:
        return {**honest(op, zero_point), key: value}

    monkeypatch.setattr(GhostGRU, "options", lying)
    assert words in refusal(write.serialize(MODEL))


def test_not_a_tflite_file() -> None:
    for data in (b"", b"x", bytes(1000), b"\x89PNG" + bytes(100)):
        assert refusal(data) == "not a TensorFlow Lite file (no TFL3 mark)."


def test_an_unknown_custom_operator() -> None:
    data = bytearray(GOOD)
    start = data.index(b"GhostGRU\0")
    data[start : start + 8] = b"Whatever"
    assert "operator Whatever is not supported" in refusal(data)


def test_every_truncation() -> None:
    for length in range(1, len(GOOD), 7):
        refusal(GOOD[:length])


@pytest.mark.slow
def test_thousands_of_flipped_bytes() -> None:
    """Either it is still a network, or it is refused; nothing else, and soon."""
    rng = np.random.default_rng(1)
    started = time.process_time()
    accepted = 0
    for _ in range(3000):
        data = bytearray(GOOD)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            data[at] = rng.integers(256)
        try:
            accepted += isinstance(read.parse(bytes(data), "flipped"), Model)
        except GhostError as error:
            assert str(error).startswith("flipped: ")
    assert 0 < accepted < 3000
    assert time.process_time() - started < 60


def test_the_good_file_is_good() -> None:
    assert write.serialize(read.parse(GOOD, "good")) == GOOD


@pytest.mark.slow
def test_mutants_that_know_the_format() -> None:
    found, longest = mutants.run(2000, seed=1)
    assert found["model"] > 50 and found["refused"] > 1000
    assert longest < mutants.SECONDS


@pytest.mark.parametrize("cases", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_mutants_of_random_graphs(cases: int) -> None:
    """Whatever is not refused can be packed, and runs."""
    found, longest = mutants.run(cases, 2, mutants.random_graphs)
    assert found["model"] > cases / 75 and found["refused"] > cases * 2 / 3
    assert longest < mutants.SECONDS
