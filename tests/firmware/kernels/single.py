# SPDX-License-Identifier: Apache-2.0
"""One operator at a time: from its file to NumPy, to stock TFLite Micro and to plain C."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.build import kernels
from mcu_ghost.build.pack import Array
from mcu_ghost.host import resources
from mcu_ghost.network import ops
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables
from tests.conftest import compile_host

Make = Callable[[np.random.Generator], tuple[Operator, Sequence[Tensor], Tensor]]
"""Makes an operator, what it reads and what it writes."""

SHAPES = ((5, 4, 6), (9, 1, 4), (1, 7, 3), (6, 5, 1), (3, 3, 8))


@dataclass(frozen=True, eq=False)
class Case:
    """An operator that came back from its file.

    Attributes:
        data: The file.
        op: The operator.
        xs: What it reads.
        y: What it writes.
        values: int8 numbers to run it on, some of them at the extremes.
    """

    data: bytes
    op: Operator
    xs: tuple[Tensor, ...]
    y: Tensor
    values: tuple[np.ndarray, ...]

    def wanted(self) -> np.ndarray:
        """Return what NumPy computes, of two at once as of one."""
        twice = tuple(np.stack([v, v]).astype(np.int64) for v in self.values)
        (first, second), _ = self.op.run(self.xs, self.y, twice, ())
        np.testing.assert_array_equal(first, second)
        assert first.shape == self.y.shape
        return first


def image(rng: np.random.Generator) -> Tensor:
    """Return an image of some shape, scale and zero point."""
    return tensor(rng, SHAPES[rng.integers(len(SHAPES))])


def tensor(rng: np.random.Generator, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor of some scale and zero point."""
    scale = float(np.float32(10 ** rng.uniform(-2.5, 0)))
    return Tensor("x", shape, "int8", scale, int(rng.integers(-128, 128)))


def unary(kind: type[Operator], **fixed: Any) -> Make:
    """Return what makes random operators of a kind."""

    def make(rng: np.random.Generator) -> tuple[Operator, Sequence[Tensor], Tensor]:
        x = image(rng)
        op, y = kind.random(rng, x, 0, **fixed)
        return op, (x,) * len(op.inputs), y

    return make


def cases(make: Make, count: int) -> list[Case]:
    """Return so many random cases."""
    return [case(*make(rng), rng) for rng in map(np.random.default_rng, range(count))]


def case(op: Operator, xs: Sequence[Tensor], y: Tensor, rng: np.random.Generator) -> Case:
    """Write an operator to a file and read it back, and choose its inputs."""
    builder = Builder()
    sources = [builder.tensor(x.name, (1, *x.shape), x.dtype, (x.scale,), x.zero_point) for x in xs]
    target = builder.tensor(y.name, (1, *y.shape), y.dtype, (y.scale,), y.zero_point)
    op.write(builder, tuple(xs), sources, target, 0)
    data = builder.file("single", sources, [target], {})
    file = Tables(data, "single")
    for source in sources:
        file.activation(source)
    (read,) = ops.read(file, file.graph.Operators(0))
    assert type(read) is type(op)
    *before, after = file.tensors
    assert (tuple(before), after) == (tuple(xs), y)
    values = []
    for x in xs:
        numbers = rng.integers(-128, 128, x.shape)
        extreme = rng.random(x.shape) < 0.2
        numbers[extreme] = np.where(rng.random(int(extreme.sum())) < 0.5, -128, 127)
        values.append(numbers.astype(np.int8))
    return Case(data, read, tuple(xs), y, tuple(values))


def micro(one: Case) -> np.ndarray:
    """Run a case in stock TFLite Micro."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(one.data, arena_size=1 << 18)
    for i, values in enumerate(one.values):
        interpreter.set_input(values[None], i)
    interpreter.invoke()
    return np.asarray(interpreter.get_output(0)[0])


def plain_c(all_of_them: Sequence[Case], folder: Path) -> list[np.ndarray]:
    """Compile the cases' constants with the plain kernels for this machine, and run each."""
    source = ['#include "ghost_nn.h"']
    for number, one in enumerate(all_of_them):
        source += _rendered(one, number)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "cases.c"
    file.write_text("\n".join(source))
    needed = kernels.sources("plain", {one.op.kind for one in all_of_them})
    sources = [file, *(resources.folder("firmware") / name for name in needed)]
    library = ctypes.CDLL(str(compile_host(folder / "cases.so", sources)))
    found = []
    for number, one in enumerate(all_of_them):
        padded = np.full(one.y.size + 16, 99, np.int8)
        pointers = [v.ctypes.data_as(ctypes.c_void_p) for v in one.values]
        library[f"case_{number}"](*pointers, padded.ctypes.data_as(ctypes.c_void_p))
        assert (padded[one.y.size :] == 99).all(), "written beyond the end"
        found.append(padded[: one.y.size].reshape(one.y.shape))
    return found


def _rendered(one: Case, number: int) -> list[str]:
    """Return a case's constants, and a function that runs it on them."""
    made = kernels.kernel("plain", one.op.kind).pack(one.op, one.xs, one.y)
    assert made.scratch_bytes is None
    lines, members = [], []
    for role, values in made.arrays.items():
        array = Array(f"{role}_{number}", values)
        content = "".join(array.lines())
        lines.append(f"static const {array.c_type} {array.name}[] = {{{content}}};")
        members.append((role, array.name))
    members += [(role, str(value)) for role, value in made.numbers.items()]
    first = [value for _, value in members]
    if made.params:
        content = ", ".join(f".{role} = {value}" for role, value in members)
        lines.append(f"static const {made.params} params_{number} = {{{content}}};")
        first = [f"&params_{number}"]
    names = [f"x{i}" for i in range(len(one.xs))]
    declared = ", ".join([*(f"const int8_t *{name}" for name in names), "int8_t *y"])
    call = f"{made.function}({', '.join([*first, *names, 'y'])});"
    lines.append(f"void case_{number}({declared});")
    lines.append(f"void case_{number}({declared}) {{ {call} }}")
    return lines


def check(make: Make, count: int, folder: Path, stock: bool = True) -> None:
    """Compare NumPy with plain C and, where it has the operator, with stock TFLite Micro."""
    made = cases(make, count)
    for number, (one, got) in enumerate(zip(made, plain_c(made, folder), strict=True)):
        wanted = one.wanted()
        if stock:
            np.testing.assert_array_equal(micro(one), wanted, f"TFLite Micro, case {number}")
        np.testing.assert_array_equal(got, wanted, f"C, case {number}: {one.op}")
