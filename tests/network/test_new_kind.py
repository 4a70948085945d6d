# SPDX-License-Identifier: Apache-2.0
"""A kind of layer from outside the package: one dataclass, one kernel, and it runs on a board."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, kernels
from mcu_ghost.build.kernels.constants import Constants, Kernel
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import ops, reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Operator, State, Tensors
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tensor import Ints, Tensor, Variable
from mcu_ghost.network.tflite import read, write
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables
from mcu_ghost.proof import on_emulator, verify
from tests.networks import rebuilt

C = """
#include "ghost_nn.h"

void toy_leaky_s8(const toy_leaky_params *p, int8_t *level, const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < p->size; i++) {
    level[i] = (int8_t)((3 * level[i] + x[i]) >> p->shift);
    y[i] = (int8_t)(p->offsets[i] ^ level[i]);
  }
}
"""
DECLARED = """
typedef struct {
  const int8_t *offsets;
  int32_t size;
  int32_t shift;
} toy_leaky_params;
void toy_leaky_s8(const toy_leaky_params *p, int8_t *level, const int8_t *x, int8_t *y);
#endif
"""


@dataclass(frozen=True, eq=False)
class Leaky(Operator):
    """level = (3 level + x) >> 2; y = offsets xor level: of no use, but it has all there is."""

    kind: ClassVar[str] = "leaky"
    codes: ClassVar[dict[int | str, int]] = {"ToyLeaky": 1}

    offsets: np.ndarray

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("level", len(self.offsets), "int8", 1.0),)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        level = (3 * state[0] + values[0]) >> 2
        return self.offsets ^ level, (level,)

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        x = file.read(op.Inputs(0))
        size = file.tensors[x].shape[-1]
        file.variable(op.Inputs(2), np.int8, size, file.where)
        offsets = file.constant(op.Inputs(1), np.int8, (size,))
        return cls((x,), file.activation(op.Outputs(0)), offsets)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        offsets = file.constant(f"leaky_{number}/offsets", self.offsets)
        level = file.variable(f"leaky_{number}/level", self.variables[0])
        file.custom("ToyLeaky", [*sources, offsets, level], target, 1, b"\0")

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        offsets = rng.integers(-127, 128, x.size).astype(np.int8)
        return cls((source,), source + 1, offsets), Tensor("leaky", x.shape, "int8", 0.1, 0)


def packed(op: Leaky, xs: Tensors, y: Tensor) -> Constants:
    numbers: dict[str, int | str] = {"size": y.size, "shift": 2}
    return Constants("toy_leaky_s8", "toy_leaky_params", {"offsets": op.offsets}, numbers)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Add the kind, its kernel and, in a copy of the firmware, its C."""
    monkeypatch.setattr(ops, "KINDS", dict(ops.KINDS))
    monkeypatch.setattr(ops, "_READERS", dict(ops._READERS))
    ops.register(Leaky)
    kernel = Kernel(packed, ("plain/toy_leaky_s8.c",))
    monkeypatch.setitem(kernels.KERNELS["plain"], Leaky.kind, kernel)
    firmware, folder = tmp_path / "firmware", resources.folder
    shutil.copytree(folder("firmware"), firmware)
    (firmware / "kernels" / "plain" / "toy_leaky_s8.c").write_text(C.lstrip())
    header = firmware / "kernels" / "ghost_nn.h"
    header.write_text(header.read_text().removesuffix("#endif\n") + DECLARED.lstrip())
    where = {"firmware": firmware}
    monkeypatch.setattr(resources, "folder", lambda name: where.get(name) or folder(name))


def with_leaky(per_frame: bool) -> Model:
    """Return a GRU behind two toy layers."""
    rng, model = np.random.default_rng(3), random_model(3, units=10, ratio=2, inputs=6, classes=4)
    first, y = Leaky.random(rng, model.tensors[0], 0)
    second, z = Leaky.random(rng, y, 1)
    gru, state = GhostGRU.random(rng, z, 2, units=10, return_sequences=per_frame)
    dense, scores = FullyConnected.random(rng, state, 3)
    tensors = (model.tensors[0], y, z, state, scores)
    return Model.chain("leaky", 49, tensors, (first, second, gru), (dense,),
                       head_per_frame=per_frame, metadata={"version": 1})  # fmt: skip


@pytest.mark.usefixtures("registered")
def test_it_comes_back_from_a_file() -> None:
    model = with_leaky(per_frame=True)
    data = write.serialize(model)
    again = read.parse(data, "leaky")
    assert write.serialize(again) == data
    x = random_inputs(0, model, 2, 9)
    np.testing.assert_array_equal(reference.run(again, x), reference.run(model, x))
    assert model.state_bytes == 8 + 8 + (12 + 12)


@pytest.mark.usefixtures("registered")
def test_a_state_behind_the_last_recurrent_layer() -> None:
    """The head may run again and again: what remembers is no part of it."""
    for per_frame in (True, False):
        model = with_leaky(per_frame)
        late, y = Leaky.random(np.random.default_rng(4), model.tensors[4], 4)
        more = rebuilt(model, head=[*(step.op for step in model.head), late], more=[y])
        data = write.serialize(more)
        if per_frame:
            assert [step.op.kind for step in read.parse(data, "leaky").body][-1] == "leaky"
            continue
        with pytest.raises(GhostError, match="behind the last recurrent one keeps a state"):
            read.parse(data, "leaky")


def test_without_it_the_file_is_refused(registered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write.serialize(with_leaky(per_frame=True))
    monkeypatch.undo()
    with pytest.raises(GhostError, match="operator ToyLeaky is not supported; supported are Ghost"):
        read.parse(data, "leaky")


@pytest.mark.emulator
@pytest.mark.parametrize("per_frame", [True, False])
@pytest.mark.usefixtures("registered")
def test_it_runs_on_a_board(per_frame: bool, tmp_path: Path) -> None:
    model = read.parse(write.serialize(with_leaky(per_frame)), "leaky")
    board = boards.load("nrf52840")
    built = build.build(model, board, "stream", tmp_path / "b")
    work = verify.sequences(model, 2, 12, [])
    report = on_emulator.run(built, work).comparison
    assert (report.mismatches, report.frames, report.first) == (0, 24, "")
