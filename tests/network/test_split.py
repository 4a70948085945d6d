# SPDX-License-Identifier: Apache-2.0
"""SPLIT and SPLIT_V become a slice for each output, as stock TFLite Micro cuts them."""

from __future__ import annotations

import numpy as np
import pytest
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import read
from mcu_ghost.network.tflite.builder import Builder

SHAPE = (4, 3, 6)


def file(axis: int, sizes: list[int], even: bool) -> bytes:
    """Return a file with one operator."""
    builder = Builder()
    x = builder.tensor("x", (1, *SHAPE), "int8", (0.5,), 3)
    shapes = [[*SHAPE[: axis - 1], size, *SHAPE[axis:]] for size in sizes]
    outputs = [builder.tensor(f"y{i}", (1, *s), "int8", (0.5,), 3) for i, s in enumerate(shapes)]
    b = builder.builder
    if even:
        place = builder.constant("axis", np.array(axis, np.int32))
        tflite.SplitOptionsStart(b)
        tflite.SplitOptionsAddNumSplits(b, len(sizes))
        options = (tflite.BuiltinOptions.SplitOptions, tflite.SplitOptionsEnd(b))
        code, inputs = tflite.BuiltinOperator.SPLIT, [place, x]
    else:
        lengths = builder.constant("sizes", np.array(sizes, np.int32))
        place = builder.constant("axis", np.array(axis, np.int32))
        tflite.SplitVOptionsStart(b)
        tflite.SplitVOptionsAddNumSplits(b, len(sizes))
        options = (tflite.BuiltinOptions.SplitVOptions, tflite.SplitVOptionsEnd(b))
        code, inputs = tflite.BuiltinOperator.SPLIT_V, [x, lengths, place]
    builder.operator(code, inputs, outputs, 1, options)
    return builder.file("split", [x], outputs, {})


@pytest.mark.parametrize(
    ("axis", "sizes", "even"),
    [(3, [2, 2, 2], True), (1, [2, 2], True), (3, [1, 4, 1], False), (2, [1, 2], False)],
)
def test_each_output_is_a_slice(axis: int, sizes: list[int], even: bool) -> None:
    from tflite_micro.python.tflite_micro import runtime

    data = file(axis, sizes, even)
    model = read.parse(data, "split")
    x = np.random.default_rng(0).integers(-128, 128, SHAPE).astype(np.int8)
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 16)
    interpreter.set_input(x[None], 0)
    interpreter.invoke()
    wanted = np.split(x, np.cumsum(sizes)[:-1], axis=axis - 1)
    got = reference.run(model, x.reshape(1, -1)).ravel()
    np.testing.assert_array_equal(got, np.concatenate([part.ravel() for part in wanted]))
    for i, part in enumerate(wanted):
        np.testing.assert_array_equal(interpreter.get_output(i)[0], part)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(GhostError, match=r"SPLIT_V of \[1, 4, 3, 6\] along axis -1 to \[2, 2\] is"):
        read.parse(file(3, [2, 2], even=False), "split")
