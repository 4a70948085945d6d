# SPDX-License-Identifier: Apache-2.0
"""What a pool takes from a convolution need not stand whole in memory: it comes in strips."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcu_ghost.build import memory, strips
from mcu_ghost.build.pack import pack
from mcu_ghost.build.strips import Strip
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.pool_2d import MaxPool2D
from mcu_ghost.network.ops.windows import Window
from tests.image_networks import Growing

ROW = 4 * 8  # bytes of a row of 4 places with 8 channels
HALVES = Window((2, 1), (2, 1))


def convolve(graph: Growing, source: int = -1) -> int:
    """Add 8 filters of 3 x 3 that keep the image's size."""
    source %= len(graph.tensors)
    x = graph.tensors[source]
    window = Window((3, 3), padding=Window((3, 3)).same(x.shape))
    weights, y = fused.random_weights(graph.rng, x, (8, 3, 3, x.shape[2]), 8)
    return graph.put(Conv2D((source,), 0, *weights, window), replace(x, shape=(*x.shape[:2], 8)))


def pool(graph: Growing, window: Window = HALVES, source: int = -1) -> int:
    """Add a pool."""
    source %= len(graph.tensors)
    x = graph.tensors[source]
    return graph.put(
        MaxPool2D((source,), 0, window), replace(x, shape=(*window.output(x.shape), x.shape[2]))
    )


def planned(graph: Growing, *outputs: int) -> memory.Plan:
    """Return where all lives; the last tensor is an output as well, and takes no scratch."""
    ends = (*outputs, len(graph.tensors) - 1)
    made = Graph(tuple(graph.tensors), (0,), ends, tuple(graph.operators))
    model = Model("m", made, {"version": 1})
    return memory.plan(model, pack(model))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let strips be as low as they can."""
    monkeypatch.setattr(strips, "LEAST_MACS", 0)


@pytest.mark.usefixtures("eager")
def test_only_a_strip_of_what_is_pooled_stands() -> None:
    """Of 16 rows two at a time, beside all that the pool makes of them."""
    graph = Growing(0, (16, 4, 3))
    convolve(graph), pool(graph), graph.add(Elementwise)
    made = planned(graph)
    assert made.strips == {0: Strip(turns=8, rows=2, pooled=1, bytes=2 * ROW)}
    assert made.scratch_bytes == made.least_scratch_bytes == (8 + 2) * ROW


@pytest.mark.usefixtures("eager")
def test_what_is_convolved_stays_while_strips_are_made_of_it() -> None:
    graph = Growing(0, (16, 4, 3))
    for _ in range(2):
        convolve(graph), pool(graph)
    graph.add(Elementwise)
    made = planned(graph)
    assert {time: (s.rows, s.turns) for time, s in made.strips.items()} == {0: (4, 4), 2: (2, 4)}
    assert made.scratch_bytes == made.least_scratch_bytes == (8 + 2 + 4) * ROW
    first, second = made.offsets[2], made.offsets[4]
    assert first + 8 * ROW <= second or second + 4 * ROW <= first


@pytest.mark.usefixtures("eager")
def test_strips_are_as_high_as_something_else_needs_memory() -> None:
    """Here what follows needs more than all of them."""
    graph = Growing(0, (16, 4, 3))
    convolve(graph), pool(graph)
    convolve(graph), convolve(graph), graph.add(Elementwise)
    made = planned(graph)
    assert made.strips == {0: Strip(turns=2, rows=8, pooled=4, bytes=8 * ROW)}
    assert made.scratch_bytes == 16 * ROW


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "window",
    [
        Window((3, 1), (2, 1)),
        Window((2, 1), (3, 1)),
        Window((2, 1), (2, 1), padding=((0, 2), (0, 0))),
        Window((16, 1)),
    ],
    ids=["overlapping", "with gaps", "padded", "whole"],
)
def test_other_windows_take_all_at_once(window: Window) -> None:
    graph = Growing(0, (16, 4, 3))
    convolve(graph), pool(graph, window), graph.add(Elementwise)
    assert planned(graph).strips == {}


@pytest.mark.usefixtures("eager")
def test_what_others_read_too_stands_whole() -> None:
    graph = Growing(0, (16, 4, 3))
    convolve(graph), pool(graph), pool(graph, source=1)
    assert planned(graph, 2).strips == {}
    assert planned(graph, 1, 2).strips == {}


@pytest.mark.usefixtures("eager")
def test_there_are_none_where_something_else_needs_the_memory() -> None:
    graph = Growing(0, (16, 4, 3))
    convolve(graph), convolve(graph), convolve(graph), pool(graph), graph.add(Elementwise)
    made = planned(graph)
    assert made.strips == {} and made.scratch_bytes == 32 * ROW


def test_a_turn_has_work_enough() -> None:
    """Each row of the pool takes 2 x 4 x 8 sums of 3 x 3 x 8, 4608 products."""
    graph = Growing(0, (16, 4, 8))
    convolve(graph), pool(graph), graph.add(Elementwise)
    made = planned(graph)
    assert strips.LEAST_MACS == 12_288 and made.strips[0].pooled == 4


def test_nothing_but_convolutions_comes_in_strips() -> None:
    graph = Growing(0, (16, 4, 3))
    graph.add(Elementwise), pool(graph)
    assert planned(graph).strips == {}
