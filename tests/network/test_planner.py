# SPDX-License-Identifier: Apache-2.0
"""The planner: frame by frame comes what the whole graph says, and when the schedule says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.schedule import Clock
from mcu_ghost.network.tensor import Tensor
from tests import graphs
from tests.grower import Wish

GRAPHS = 30  # of a part; every sixth comes back from its file
FRAMES, DEPTH = 12, 2
X = Tensor("x", (FRAMES, 1, DEPTH), "int8", 0.05, 7)


def check(model: Model, graph: Graph, xs: list[np.ndarray]) -> str:
    """Compare a plan with the whole graph; return which plan it was."""
    every = reference.whole(graph, xs)
    wanted = [np.asarray(every[i])[0] for i in graph.outputs]
    got = reference.run(model, graphs.frames(model, xs))
    if not model.head_per_frame or model.frames == 1:
        np.testing.assert_array_equal(got.ravel(), np.concatenate([w.ravel() for w in wanted]))
        return "window" if model.window else "at once"
    clock = model.schedule.answers
    for number, tick in enumerate(range(clock.first, model.frames, clock.period)):
        frame = np.concatenate([w[number].ravel() for w in wanted])
        np.testing.assert_array_equal(got[tick], frame, f"frame {number} at {tick}")
    return "clocks" if model.ticks else "stream"


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 5))]
)
def test_random_graphs_frame_by_frame_equal_the_whole(part: int) -> None:
    """Every plan that is possible; the others are refused by name."""
    found: dict[str, int] = {}
    for seed in range(part * GRAPHS, (part + 1) * GRAPHS):
        graph = graphs.graph(seed, Wish(breaks=(0.0, 0.1, 0.3)[seed % 3]))
        xs = graphs.values(seed, graph)
        for plan in (None, "stream", "window"):
            metadata: dict[str, Any] = {"version": 1, "plan": plan} if plan else {}
            model = Model("g", graph, metadata)
            try:
                if seed % 6 == 0:
                    model = graphs.parsed(graph, metadata)
                came = check(model, graph, xs)
            except GhostError as error:
                assert plan == "stream" and "it can be no stream: operator " in str(error)
                assert "  " not in str(error)
                came = "refused"
            except Exception as error:
                raise AssertionError(f"graph {seed}, plan {plan}: {error}") from error
            assert plan != "window" or came == "window" or model.frames == 1
            found[came] = found.get(came, 0) + 1
    assert all(found[came] > GRAPHS // 10 for came in ("at once", "stream", "clocks", "window"))
    assert found["refused"] < GRAPHS // 2


class Built:
    """A graph put together by hand, from inputs of 12 frames."""

    def __init__(self, *inputs: Tensor) -> None:
        self.rng = np.random.default_rng(1)
        self.tensors = list(inputs)
        self.inputs = tuple(range(len(inputs)))
        self.operators: list[Operator] = []

    def put(self, op: Operator, y: Tensor) -> int:
        """Add an operator and what it writes."""
        self.tensors.append(replace(y, name=f"{op.kind}_{len(self.operators)}"))
        self.operators.append(replace(op, output=len(self.tensors) - 1))
        return len(self.tensors) - 1

    def pad(self, source: int, before: int, after: int = 0) -> int:
        """Add padding in time."""
        x = self.tensors[source]
        y = replace(x, shape=(before + x.shape[0] + after, *x.shape[1:]))
        return self.put(Pad((source,), 0, ((before, after), (0, 0), (0, 0))), y)

    def conv(self, source: int, size: int, **window: Any) -> int:
        """Add a convolution over time."""
        x = self.tensors[source]
        w = Window((size, 1), **window)
        shape = (DEPTH, size, 1, DEPTH)
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        op = Conv2D((source,), 0, weights, np.zeros(DEPTH, np.int32), (0.01,), w)
        return self.put(op, replace(x, shape=(*w.output(x.shape), DEPTH), scale=0.1))

    def same(self, source: int, size: int) -> int:
        """Add a convolution with 'same' padding."""
        padding = Window((size, 1)).same(self.tensors[source].shape)
        return self.conv(source, size, padding=padding)

    def added(self, one: int, other: int) -> int:
        """Add two tensors."""
        op, y = Add.random(self.rng, self.tensors[one], one, other=self.tensors[other])
        return self.put(replace(op, inputs=(one, other)), y)

    def model(self, *outputs: int, plan: str = "stream") -> Model:
        """Return it, compared with the whole."""
        graph = Graph(tuple(self.tensors), self.inputs, outputs, tuple(self.operators))
        model = Model("built", graph, {"version": 1, "plan": plan})
        check(model, graph, graphs.values(1, graph))
        return model


def kinds(model: Model) -> list[str]:
    return [step.op.kind for step in model.steps]


def test_a_causal_convolution_keeps_the_frames_that_it_reaches() -> None:
    g = Built(X)
    model = g.model(g.conv(g.pad(0, 2), 3))
    assert kinds(model) == ["ring", "conv_2d"]
    assert model.schedule.answers == Clock(0, 1) and not model.ticks
    assert model.steps[0].variables[0].size == 3 * DEPTH
    assert model.state_bytes == 8  # from six; the output is computed again when asked for
    assert model.steps[0].variables[0].initial == X.zero_point


def test_dilation_reaches_further() -> None:
    g = Built(X)
    model = g.model(g.conv(g.pad(0, 4), 3, dilation=(2, 1)))
    assert model.steps[0].variables[0].size == 5 * DEPTH
    assert model.schedule.answers == Clock(0, 1)


def test_a_window_that_is_not_padded_answers_when_it_is_full() -> None:
    g = Built(X)
    model = g.model(g.conv(0, 3))
    assert model.schedule.answers == Clock(2, 1) and model.ticks
    assert "the first answer comes with frame 3, then every frame one" in model.plan


def test_what_looks_ahead_is_late() -> None:
    g = Built(X)
    model = g.model(g.same(g.same(0, 3), 5))
    assert model.schedule.answers == Clock(1 + 2, 1)
    assert [c.first for c in model.schedule.clocks] == [0, 1, 3]
    assert g.model(len(g.tensors) - 1, plan="window").window == FRAMES


def test_strides_make_clocks() -> None:
    g = Built(X)
    once = g.conv(g.pad(0, 1), 2, strides=(2, 1))
    model = g.model(g.conv(once, 2, strides=(3, 1)))
    assert model.schedule.clocks == (Clock(0, 1), Clock(0, 2), Clock(2, 6))
    assert model.schedule.answers == Clock(2, 6)
    assert "the first answer comes with frame 3, then every 6 frames one" in model.plan


def test_branches_of_unlike_delay_are_aligned() -> None:
    g = Built(X)
    model = g.model(g.added(g.same(0, 5), g.conv(0, 1)))
    assert model.schedule.answers == Clock(2, 1)
    rings = [step for step in model.steps if step.op.kind == "ring"]
    assert [step.variables[0].size for step in rings] == [5 * DEPTH, 3 * DEPTH]


def test_branches_that_come_between_each_other_are_aligned_too() -> None:
    """One comes with frames 0, 2, …, the other with 1, 3, …."""
    g = Built(X)
    even = g.conv(0, 1, strides=(2, 1))
    model = g.model(g.added(even, g.conv(0, 2, strides=(2, 1))))
    assert model.schedule.answers == Clock(1, 2)
    assert kinds(model) == ["conv_2d", "ring", "conv_2d", "ring", "add"]
    assert model.state_bytes == 2 * 4 + 4 + 2 * 4  # two rings, the sum, two clocks


def test_outputs_of_unlike_delay_come_together() -> None:
    g = Built(X)
    model = g.model(g.conv(0, 1), g.same(0, 5))
    assert model.schedule.answers == Clock(2, 1)
    assert [model.tensors[i].shape for i in model.outputs] == [(1, DEPTH)] * 2


def test_outputs_of_unlike_pace_are_no_stream() -> None:
    g = Built(X)
    pair = (g.conv(0, 1), g.conv(0, 1, strides=(2, 1)))
    with pytest.raises(GhostError, match=r"operator CONV_2D \('conv_2d_1'\) comes at another pace"):
        g.model(*pair)
    assert g.model(*pair, plan="window").window == FRAMES


def test_a_recurrent_layer_behind_a_stride_runs_by_its_clock() -> None:
    g = Built(replace(X, shape=(FRAMES, DEPTH)))
    x = g.put(Reshape((0,), 0), X)
    x = g.conv(x, 2, strides=(2, 1))
    t = g.tensors[x]
    x = g.put(Reshape((x,), 0), replace(t, shape=(t.shape[0], DEPTH)))
    op, y = ResetGRU.random(g.rng, g.tensors[x].frame, x, units=4)
    model = g.model(g.put(op, replace(y, shape=(t.shape[0], 4))))
    assert kinds(model) == ["ring", "conv_2d", "reset_gru"]
    assert [model.schedule.clocks[s.clock] for s in model.steps] == [
        Clock(0, 1), Clock(1, 2), Clock(1, 2)
    ]  # fmt: skip


def test_a_window_collects_what_is_needed_as_a_whole() -> None:
    g = Built(X)
    x = g.conv(0, 3)
    back = StridedSlice((x,), 0, ((FRAMES - 3, FRAMES - 2, -1), (0, 1, 1), (0, DEPTH, 1)))
    last = g.put(back, g.tensors[x])
    with pytest.raises(
        GhostError,
        match=r"^it can be no stream: operator STRIDED_SLICE \('strided_slice_1'\) needs a whole"
        " sequence of 12 frames; leave the plan out, or ask for windows$",
    ):
        g.model(last)
    model = g.model(last, plan="window")
    assert kinds(model) == ["ring", "conv_2d", "collect", "strided_slice"]
    assert [s.op.kind for s in model.head] == ["strided_slice"]
    assert model.steps[2].variables[1].size == (FRAMES - 2) * DEPTH


def test_a_reduction_over_time_is_no_stream() -> None:
    g = Built(X)
    mean = Mean((0,), 0, (-3,))
    last = g.put(mean, replace(X, shape=(1, DEPTH)))
    model = g.model(last, plan="window")
    assert (model.window, kinds(model)) == (FRAMES, ["collect", "mean"])
    with pytest.raises(
        GhostError, match=r"operator MEAN \('mean_0'\) needs a whole sequence of 12"
    ):
        g.model(last)


def test_inputs_of_unlike_numbers_of_frames_are_refused() -> None:
    g = Built(X, replace(X, shape=(5, 1, DEPTH)))
    with pytest.raises(GhostError, match="frames: 'x' 12, 'x' 5; frames of all"):
        g.model(g.conv(0, 1), g.conv(1, 1))


def test_a_stateful_layer_has_no_place_in_a_window() -> None:
    """At its end, or in front of what is collected; alone it is a stream."""
    flat = replace(X, shape=(FRAMES, DEPTH))
    for turned in (True, False):
        g = Built(flat)
        back = StridedSlice((0,), 0, ((FRAMES - 1, FRAMES, -1), (0, DEPTH, 1)))
        x = g.put(back, flat) if turned else 0
        op, y = ResetGRU.random(g.rng, g.tensors[x].frame, x, units=4)
        x = g.put(replace(op, stateful=True), replace(y, shape=(FRAMES, 4)))
        if not turned:
            assert g.model(x).window is None
            x = g.put(Mean((x,), 0, (-2,)), replace(y, shape=(4,)))
        name = f"'reset_gru_{len(g.operators) - 1 - (not turned)}'"
        with pytest.raises(GhostError) as caught:
            g.model(x, plan="window")
        why = "runs when a" if turned else "operator MEAN ('mean_1') needs a"
        assert str(caught.value).startswith(f"operator GRU 4 ({name}) is stateful, but ")
        assert f"{why} whole sequence of 12 frames" in str(caught.value)


def test_what_is_never_reset_has_no_windows() -> None:
    g = Built(X)
    mean = g.put(Mean((0,), 0, (-3,)), replace(X, shape=(1, DEPTH)))
    graph = Graph(tuple(g.tensors), g.inputs, (mean,), tuple(g.operators))
    model = Model("built", graph, {"version": 1, "plan": "window", "reset": "never"})
    with pytest.raises(GhostError, match="^it is never to be reset, but operator MEAN"):
        model.schedule  # noqa: B018
