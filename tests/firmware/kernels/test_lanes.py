# SPDX-License-Identifier: Apache-2.0
"""The kernels for cores without DSP instructions equal the reference for every byte."""

from __future__ import annotations

import ctypes
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.build.kernels import lanes
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops import gates, ghost_gru
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.proof import on_emulator, verify
from tests.conftest import compile_model
from tests.firmware.test_generated_model import run_c
from tests.networks import rebuilt

SIZES = (1, 2, 15, 16, 17, 33)  # around one and two rounds of eight entries


def extreme(seed: int, *, units: int, ratio: int, inputs: int, loud: bool) -> Model:
    """Return a layer with weights of ±127 only, whole rows of them, and the largest biases.

    `loud` takes the largest multipliers there may be, so that every value saturates.
    """
    rng = np.random.default_rng([seed, 3])
    model = random_model(seed, units=units, ratio=ratio, inputs=inputs, classes=0)
    op = model.layers[0]

    def weights(like: np.ndarray) -> np.ndarray:
        w = np.where(rng.random(like.shape) < 0.5, -127, 127)
        whole = rng.random(like.shape[:-1]) < 0.5
        w[whole] = rng.choice([-127, 127], like.shape[:-1])[whole][..., np.newaxis]
        return w.astype(np.int8)

    def requantizer(w: np.ndarray, bias: np.ndarray) -> Requantizer:
        bound = int(gates.row_bounds(w, bias).max())
        limit = gates.LARGEST_PREACTIVATION if loud else 2**15
        return gates.requantizer(0.99 * limit / bound, bound)

    bias = rng.integers(-(2**23), 2**23, op.bias.shape).astype(np.int32)
    ghost_bias = rng.integers(-(2**23), 2**23, op.ghost_bias.shape).astype(np.int32)
    kernel, recurrent = weights(op.kernel), weights(op.recurrent_kernel)
    ghost = weights(op.ghost_kernel)
    op = dataclasses.replace(
        op,
        kernel=kernel,
        recurrent_kernel=recurrent,
        bias=bias,
        ghost_kernel=ghost,
        ghost_bias=ghost_bias,
        input_requantizers=tuple(requantizer(kernel[i], bias[0, i]) for i in range(3)),
        recurrent_requantizers=tuple(requantizer(recurrent[i], bias[1, i]) for i in range(3)),
        ghost_requantizer=requantizer(ghost, ghost_bias) if op.ghosts else None,
    )
    return rebuilt(model, body=[op])


def step(
    library: ctypes.CDLL, op: GhostGRU, x: np.ndarray, state: np.ndarray, carry: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Run the kernel once from any state, with scratch of just its size and x at an odd address."""
    unaligned = np.zeros(op.features + 1, np.int8)
    unaligned[1:] = x
    size = lanes.KERNELS["ghost_gru"].pack(op, None, None).scratch_bytes
    scratch = np.full(size + 64, 0x55, np.uint8)
    new_state, new_carry = state.astype(np.int8), carry.astype(np.int16)
    library.ghost_gru_step_s8(
        ctypes.byref(ctypes.c_char.in_dll(library, "random_ghost_gru_0")),
        new_state.ctypes.data_as(ctypes.c_void_p),
        new_carry.ctypes.data_as(ctypes.c_void_p),
        scratch.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_void_p(unaligned.ctypes.data + 1),
    )
    assert np.all(scratch[size:] == 0x55)
    return new_state, new_carry


def assert_steps_equal(model: Model, folder: Path, seed: int) -> None:
    """Compare single steps from extreme and random states."""
    library, op = compile_model(model, folder, "lanes"), model.layers[0]
    rng = np.random.default_rng(seed)
    for case in range(12):

        def draw(size: int, bits: int, case: int = case) -> np.ndarray:
            low, high = -(2**bits), 2**bits - 1
            if case < 4:
                return np.full(size, (low, high)[case % 2 if bits == 7 else case // 2])
            return rng.choice([low, high], size) if case < 8 else rng.integers(low, high + 1, size)

        x, state, carry = draw(op.features, 7), draw(op.units, 7), draw(op.intrinsic, 15)
        found = step(library, op, x, state, carry)
        expected = ghost_gru.step(op, x, state, carry)
        for name, is_, should in zip(("state", "carry"), found, expected, strict=True):
            np.testing.assert_array_equal(is_, should, f"{name} of case {case}")


@pytest.mark.toolchain
@pytest.mark.parametrize("ratio", [1, 2, 3, 4])
def test_random_sizes(ratio: int, tmp_path: Path) -> None:
    for seed, size in enumerate(SIZES):
        units, inputs = max(ratio, size), SIZES[-1 - seed]
        model = random_model(
            seed, units=units, ratio=ratio, inputs=inputs, gain=(0.3, 3.0)[seed % 2]
        )
        library = compile_model(model, tmp_path / str(seed), "lanes")
        for x in random_inputs(seed, model, 2, 20):
            np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.toolchain
@pytest.mark.parametrize("loud", [False, True])
@pytest.mark.parametrize(
    ("units", "ratio", "inputs"), [(1, 1, 1), (5, 4, 16), (34, 2, 15), (33, 1, 600), (1300, 2, 7)]
)
def test_extreme_numbers(units: int, ratio: int, inputs: int, loud: bool, tmp_path: Path) -> None:
    """Rows of ±127 only, some longer than 516, meet states and inputs of -128 and 127 only."""
    model = extreme(units, units=units, ratio=ratio, inputs=inputs, loud=loud)
    assert_steps_equal(model, tmp_path, inputs)


def test_tanh_is_flat_where_the_kernel_clips() -> None:
    every = np.arange(-32768, 32768)
    clipped = np.clip(every, -21845, 21845)
    np.testing.assert_array_equal(gates.tanh(clipped), gates.tanh(every))


def test_weights_take_a_byte_each() -> None:
    """The bundled shape grows by 3 percent at most: a row of zeros, an input of zeros."""
    for ratio, inputs in ((2, 10), (1, 10), (2, 40)):
        op = random_model(0, units=154, ratio=ratio, inputs=inputs).layers[0]
        y = Tensor("y", (154,), "int8", 1 / 128, 0)
        packed = sum(a.nbytes for a in lanes.KERNELS["ghost_gru"].pack(op, (), y).arrays.values())
        assert packed <= 1.03 * (op.macs((), y) + op.bias.nbytes + op.ghost_bias.nbytes)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize(
    ("board", "engine"),
    [("microbit", "unicorn"), ("mps2-an385", "unicorn"), ("mps2-an385", "qemu")],
)
def test_assembly_meets_extreme_numbers(board: str, engine: str, kind: str, tmp_path: Path) -> None:
    target = boards.load(board)
    for case, (units, ratio, inputs) in enumerate([(35, 2, 31), (7, 1, 530), (67, 4, 14)]):
        model = extreme(case, units=units, ratio=ratio, inputs=inputs, loud=case == 0)
        built = build.build(model, target, "stream", tmp_path, kind)
        assert built.kernels == "lanes"
        work = verify.sequences(model, 2, 12, [])
        result = on_emulator.run(built, work, engine)
        assert result.comparison.mismatches == 0, result.comparison.first
