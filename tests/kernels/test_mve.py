# SPDX-License-Identifier: Apache-2.0
"""The Helium kernels: what they rely on, and images of every awkward size against the reference."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards, build, emulated, kernels, quantize, reference, resources, verify
from mcu_ghost.kernels import mve
from mcu_ghost.model import Model, Operator, Tensor
from mcu_ghost.random_model import random_inputs, random_model
from tests.conftest import need

BOARD = "mps3-an547"
Floats = np.ndarray
# name of the array, shape -> values
Draw = Callable[[str, tuple[int, ...]], Floats]


def test_pairs_give_the_interpolation_everywhere_without_a_look_at_the_sign() -> None:
    source = resources.folder("firmware") / "kernels" / "ghost_sigmoid_pairs.c"
    words = [int(n, 16) for n in re.findall(r"0x\w+", source.read_text())]
    assert len(words) == 512
    node, step = np.array(words).astype(np.uint16).astype(np.int16), np.array(words) >> 16
    u = np.arange(-(2**17), 2**17)
    entry = 256 + (u >> 9)
    value = 512 * node[entry].astype(int) + (u & 511) * step[entry]
    inside = np.clip(u, 1 - 2**17, 2**17 - 1)
    np.testing.assert_array_equal(value, reference._interpolate(inside))


def test_tanh_may_be_clipped_as_early_as_the_kernel_does() -> None:
    every = np.arange(-32768, 32768)
    exact = reference.tanh(every)
    np.testing.assert_array_equal(reference.tanh(np.clip(every, -21845, 21845)), exact)
    state = reference.to_state(exact)
    np.testing.assert_array_equal(reference.to_state(reference.tanh(every.clip(max=11000))), state)
    merged = (reference._interpolate(6 * np.clip(every, -21845, 11000)) + 256 + 2**16) >> 17
    np.testing.assert_array_equal(merged, state)


def test_a_core_gets_the_vector_unit_it_has_unless_plain_is_asked_for() -> None:
    for name in boards.names():
        cpu = boards.load(name).cpu
        assert (kernels.choose(cpu) == "mve") == (cpu.core == "cortex-m55")
        assert kernels.choose(cpu, "plain") == "plain"


def test_packed_rows_are_every_weight_once_and_nothing_else() -> None:
    """Weights come out by the layout that ghost_rows_s8.h describes."""
    for rows, columns in ((1, 1), (7, 16), (10, 33), (11, 15), (21, 47), (27, 64), (5, 0)):
        matrix = np.arange(rows * columns).reshape(rows, columns)
        flat = list(mve._rows(matrix))
        whole, found = columns // 16 * 16, np.full(matrix.shape, -1)
        row = 0
        for size in (7, 3, 1):
            while rows - row >= size:
                for block in range(0, whole, 16):
                    for i in range(row, row + size):
                        found[i, block : block + 16], flat = flat[:16], flat[16:]
                row += size
        for i in range(rows):
            rest = columns - whole
            found[i, whole:], flat = flat[:rest], flat[rest:]
        np.testing.assert_array_equal(found, matrix)
        assert len(flat) == -rows * columns % 4


def test_scratch_holds_three_sums_of_a_row_or_one_of_every_ghost() -> None:
    for units, ratio, words in ((8, 1, 24), (9, 2, 12), (10, 2, 24), (31, 7, 28), (30, 30, 32)):
        layer = random_model(1, units=units, ratio=ratio, inputs=3).layers[0]
        assert mve.pack(layer).scratch_bytes == 4 * words


def stack(draw: Draw, shapes: list[tuple[int, int]], inputs: int) -> Model:
    """Return layers of the given (units, ratio) on top of each other, the last state the output."""
    tensors = [Tensor("input", inputs, "int8", float(np.float32(0.03)), -7)]
    body: list[Operator] = []
    for i, (n, ratio) in enumerate(shapes):
        m, d = n // ratio, tensors[i].size
        tensors.append(Tensor(f"layer_{i}", n, "int8", reference.STATE_SCALE, 0))
        layer = quantize.ghost_gru(
            tensors[i],
            draw("kernel", (d, 3 * m)),
            draw("recurrent_kernel", (n, 3 * m)),
            draw("bias", (2, 3 * m)),
            draw("ghost_kernel", (m, n - m)),
            draw("ghost_bias", (n - m,)),
            input=i,
            output=i + 1,
            ratio=ratio,
        )
        body.append(layer)
    return Model(
        name="random",
        frames=49,
        tensors=tuple(tensors),
        inputs=(0,),
        outputs=(len(shapes),),
        body=tuple(body),
        head=(),
        head_per_frame=False,
    )


def normal(seed: int, gain: float) -> Draw:
    rng = np.random.default_rng(seed)
    return lambda name, shape: rng.normal(0, gain / np.sqrt(shape[0] or 1), shape)


def signs(seed: int, gain: float) -> Draw:
    """Weights that all become 127 or -127."""
    rng = np.random.default_rng(seed)
    return lambda name, shape: gain * rng.choice([-1.0, 1.0], shape)


def one_way(sign: int) -> Draw:
    """All weights 127, biases that win: z is 0, r is 1, all states become 127 or all -128."""

    def draw(name: str, shape: tuple[int, ...]) -> Floats:
        if name == "ghost_bias":
            return np.zeros(shape)
        if name != "bias":
            return np.ones(shape)
        z, r, c = np.split(np.full(shape, 2000.0), 3, axis=1)
        return np.concatenate([-z, r, sign * c], axis=1)

    return draw


def check(model: Model, kind: str, folder: Path, frames: int = 7) -> None:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    board = boards.load(BOARD)
    built = build.build(model, board, "stream", folder, kind)
    assert built.kernels == "mve"
    x = random_inputs(1, model, 2, frames)
    x[0, 0], x[0, 1] = -128, 127
    work = [verify.Sequence(f"case {i}", frames) for i, frames in enumerate(x)]
    report = emulated.run(built, board, model, work).report
    assert report.mismatches == 0, report.first


# Every number of rows and columns around the groups of 7 and the vectors of 4 and 16.
LADDERS = {ratio: [(n, ratio) for n in range(ratio, 35)] for ratio in range(1, 5)}
EDGES = [(n, r) for n in (15, 16, 17, 31, 32, 33, 47, 48, 49) for r in (1, 2, 3)]


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("ratio", LADDERS)
def test_every_small_size(ratio: int, kind: str, tmp_path: Path) -> None:
    check(stack(normal(ratio, 1.5), LADDERS[ratio], 2 * ratio - 1), kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_large_layers_and_few_intrinsic_states(kind: str, tmp_path: Path) -> None:
    shapes = [(154, 2), (300, 3), (31, 7), (30, 30), (127, 2), (64, 1), (9, 5), (256, 4)]
    check(stack(normal(9, 2.0), shapes, 100), kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("gain", [0.3, 60.0])
def test_weights_of_nothing_but_extremes(gain: float, kind: str, tmp_path: Path) -> None:
    model = stack(signs(3, gain), EDGES, 33)
    assert all((abs(layer.recurrent_kernel) == 127).all() for layer in model.layers)
    check(model, kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_states_of_nothing_but_extremes(sign: int, kind: str, tmp_path: Path) -> None:
    model = stack(one_way(sign), EDGES, 16)
    runner = reference.Runner(model)
    for frame in random_inputs(1, model, 1, 7)[0]:
        runner.step(frame)
    for state, _ in runner.state.values():
        assert (state == (127 if sign > 0 else -128)).all()
    check(model, kind, tmp_path)
