# SPDX-License-Identifier: Apache-2.0
"""Dense layers and convolutions on the vector unit: one requantisation of four rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.kernels import mve
from mcu_ghost.build.pack import pack
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.rounding import multiply
from tests.firmware.kernels.networks import check
from tests.firmware.kernels.test_rows import LSTMS, OTHERS, ROWS, Built, behind, every
from tests.recurrent import X, alone, extreme

BOARD = "mps3-an547"
each_compiler = pytest.mark.parametrize("kind", ["gcc", "zig"])


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "mve")]


def test_half_up_of_one_less_below_zero_is_half_away_from_zero() -> None:
    """What ghost_rows_s8.S computes of a sum is what TFLite does."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        a = rng.integers(-(2**31) + 1, 2**31, 500) >> int(rng.integers(0, 24))
        multiplier = int(rng.choice([2**30, 2**31 - 1, 2**30 + 2**29, rng.integers(2**30, 2**31)]))
        right = int(rng.integers(1, 32))
        a[:250] = rng.integers(-300, 300, 250) * 2 ** int(rng.integers(0, 22))  # ties
        v = (2 * a * multiplier + 2**31) >> 32  # VQRDMULH
        found = (v + (v >> 31) + (1 << (right - 1))) >> right  # VRSHL
        np.testing.assert_array_equal(found, multiply(a, multiplier, -right))


def test_packed_pairs_are_every_weight_once() -> None:
    """Weights come out by the layout that ghost_rows_two_s8.S describes."""
    for outputs, columns in ((1, 1), (4, 16), (6, 17), (9, 64), (3, 47)):
        matrix = np.arange(1, outputs * columns + 1).reshape(outputs, columns)
        matrix = (matrix % 251 - 125).astype(np.int8)
        bias = np.arange(outputs) - 2
        vectors = mve._requantizers([(2**30 + o, -o - 1) for o in range(outputs)], outputs)
        words = mve._pair_stream(matrix, bias, vectors, (3, -128, 127))
        assert words[:3].view(np.int32).tolist() == [3, -128, 127]
        groups = -(-outputs // 4)
        head = words[3 : 3 + 12 * groups].view(np.int32).reshape(groups, 3, 4)
        flat = [head[:, i].ravel()[:outputs].tolist() for i in range(3)]
        assert flat[0] == bias.tolist()
        assert flat[1] == [2**30 + o for o in range(outputs)]
        assert flat[2] == [-o - 1 for o in range(outputs)]
        weights, first = words[3 + 12 * groups :].view(np.int8), (columns - 1) % 16 + 1
        for group in range(groups):
            part = weights[group * 4 * columns :][: 4 * columns]
            found = [part[: 4 * first].reshape(4, first)]
            found += list(part[4 * first :].reshape(-1, 4, 16))
            rows = np.concatenate(found, axis=1)[: outputs - 4 * group]
            np.testing.assert_array_equal(rows, matrix[4 * group :][:4])
        assert weights.size >= groups * 4 * columns + 15


def test_a_scale_that_does_not_shrink_takes_another_way() -> None:
    built = Built(0)
    far = built.convolution(2)
    built.dense(far, 9)
    model = built.model(far + 1)
    assert functions(model) == ["ghost_conv_rows_s8", "ghost_rows_s8"]
    for t in (far, far + 1):
        built.tensors[t] = dataclasses.replace(built.tensors[t], scale=1e-4)  # a shift to the left
        if t == far:
            built.operators[1] = dataclasses.replace(built.operators[1], weight_scales=(1e-9,))
    assert functions(built.model(far + 1))[0] == "ghost_conv_2d_s8"
    built.operators[1] = dataclasses.replace(built.operators[1], weight_scales=(1e3,))
    assert functions(built.model(far + 1))[1] == "ghost_fully_connected_s8"


def clipped(model: Model) -> Model:
    """Return a network whose operators have fused activations."""
    made = [
        dataclasses.replace(op, activation=("relu", "relu6", "relu_n1_to_1")[i % 3])
        for i, op in enumerate(model.graph.operators)
        if hasattr(op, "activation")
    ]
    plain = [op for op in model.graph.operators if not hasattr(op, "activation")]
    order = sorted(made + plain, key=lambda op: op.output)
    return dataclasses.replace(
        model, graph=dataclasses.replace(model.graph, operators=tuple(order))
    )


@pytest.mark.emulator
@each_compiler
def test_every_shape(kind: str, tmp_path: Path) -> None:
    """Both compilers, one of them with fused activations."""
    model = every(5)
    model = clipped(model) if kind == "zig" else model
    assert set(functions(model)) == {"ghost_conv_rows_s8", "ghost_rows_s8"}
    check(model, BOARD, "mve", kind, tmp_path, "qemu")


@pytest.mark.parametrize("kind", [LSTM, ResetGRU])
def test_hard_sigmoids_take_plain_c(kind: type[Gated]) -> None:
    op, y = kind.random(np.random.default_rng(0), X, 0, units=4)
    assert functions(alone((op, y))) == [ROWS[op.kind]]
    hard = dataclasses.replace(op, slope=6554)
    assert functions(alone((hard, y))) == [f"ghost_{op.kind}_step_s8"]


@pytest.mark.emulator
@each_compiler
@pytest.mark.parametrize("loud", [False, True])
def test_recurrent_layers_of_every_size(loud: bool, kind: str, tmp_path: Path) -> None:
    """Loud ones have weights of ±127 only."""
    layers = LSTMS + [(layer, n, o) for layer, n, o in OTHERS if "hard" not in o]
    model = extreme(behind(layers, 6.0, 1), 1) if loud else behind(layers, 0.8, 2)
    assert functions(model) == [ROWS[op.kind] for op in model.layers]
    check(model, BOARD, "mve", kind, tmp_path, "qemu")
