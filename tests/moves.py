# SPDX-License-Identifier: Apache-2.0
"""What random graphs are made of: each move puts one operator or a few behind a tensor.

A move that cannot be done raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mcu_ghost.network.ops import KINDS
from mcu_ghost.network.ops.broadcast_to import BroadcastTo
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.embedding import Embedding
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.transpose import Transpose
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Tensor
from tests.grower import Grower

IMAGES = ("conv_2d", "depthwise_conv_2d", "average_pool_2d", "max_pool_2d")
EACH = ("elementwise", "lookup", "prelu", "layer_norm", "fully_connected", "softmax")
ANY = ("mean", "sum", "reduce_max", "reduce_min", "concatenation", "pad", "strided_slice",
       "transpose", "add", "sub", "mul", "maximum", "minimum")  # fmt: skip
PAIRS = ("add", "sub", "mul", "maximum", "minimum", "concatenation")
RECURRENT = tuple(name for name, kind in KINDS.items() if issubclass(kind, Recurrent))


def each(g: Grower, source: int) -> int:
    """Add what looks at every value, or vector, for itself."""
    kinds = [k for k in EACH if g.wish.own or k not in ("lookup", "layer_norm")]
    kind = g.rng.choice(kinds)
    if kind == "softmax" and g.tensors[source].scale < 1e-3:
        raise ValueError("too small a scale")
    options = {"outputs": int(g.rng.integers(1, 9))} if kind == "fully_connected" else {}
    return g.add(kind, source, **options)


def window(g: Grower, source: int) -> int:
    """Add a convolution or a pool of any kind."""
    made = g.add(g.rng.choice(IMAGES), g.image(source))
    return made if g.rng.random() < 0.5 else g.vectors(made)


def causal(g: Grower, source: int, channels: int = 0) -> int:
    """Add a convolution over time that looks back alone, perhaps dilated, perhaps with a stride."""
    x = g.image(source)
    (frames, _, depth), rng = g.tensors[x].shape, g.rng
    size, dilation, stride = int(rng.integers(1, 4)), int(rng.integers(1, 3)), 1
    if not channels and dilation == 1:
        stride = int(rng.choice([1, 1, 2, 3]))
    before = (size - 1) * dilation
    padded = replace(g.tensors[x], shape=(frames + before, *g.tensors[x].shape[1:]))
    if before:
        x = g.put(Pad((x,), 0, ((before, 0), (0, 0), (0, 0))), padded)
    rest, y = Conv2D.random(rng, replace(padded, shape=(1, 1, depth)), x)
    weights = rng.integers(-127, 128, (channels or 4, size, 1, depth)).astype(np.int8)
    w = Window((size, 1), (stride, stride), (dilation, 1))
    conv = replace(rest, weights=weights, bias=np.zeros(len(weights), np.int32), window=w,
                   weight_scales=rest.weight_scales[:1])  # fmt: skip
    return g.put(conv, replace(y, shape=(*w.output(padded.shape), len(weights))))


def same(g: Grower, source: int, channels: int = 0) -> int:
    """Add a convolution that looks as far ahead as back."""
    x = g.image(source)
    t, rng = g.tensors[x], g.rng
    shape = (int(rng.choice([3, 5])), 1, t.shape[2])
    rest, y = Conv2D.random(rng, replace(t, shape=(1, 1, t.shape[2])), x)
    weights = rng.integers(-127, 128, (channels or 3, *shape)).astype(np.int8)
    w = Window(shape[:2])
    conv = replace(rest, weights=weights, bias=np.zeros(len(weights), np.int32),
                   window=replace(w, padding=w.same(t.shape)),
                   weight_scales=rest.weight_scales[:1])  # fmt: skip
    return g.put(conv, replace(y, shape=(*t.shape[:2], len(weights))))


def anything(g: Grower, source: int) -> int:
    """Add what moves, joins or reduces values along any axis, or takes a constant."""
    return g.add(g.rng.choice(ANY), source)


def inner(g: Grower, source: int) -> int:
    """Add a slice, padding or transposition inside every frame."""
    t, rng = g.tensors[source], g.rng
    kind = rng.choice([StridedSlice, Pad, Transpose])
    if kind is Transpose:
        if len(t.shape) != 3:
            raise ValueError("nothing to turn")
        y = replace(t, shape=(t.shape[0], t.shape[2], t.shape[1]))
        return g.put(Transpose((source,), 0, (-3, -1, -2)), y)
    op, y = kind.random(rng, t.frame, source)
    if kind is Pad:
        return g.put(replace(op, padding=((0, 0), *op.padding)), _timed(y, t))
    return g.put(replace(op, ranges=((0, t.shape[0], 1), *op.ranges)), _timed(y, t))


def recurrent(g: Grower, source: int, last: bool = False, kind: str = "", units: int = 0) -> int:
    """Add a recurrent layer, perhaps with a mask."""
    x, rng = g.vectors(source), g.rng
    t = g.tensors[x]
    options = {"units": units or int(rng.integers(2, 9)), "return_sequences": not last}
    name = kind or str(rng.choice(RECURRENT))
    if name == "reset_gru":
        options["reset_after"] = bool(rng.integers(2))
    if name == "simple_rnn" and rng.random() < 0.4:
        options["largest"] = 4.0
    made: Any = KINDS[name].random(rng, t.frame, x, **options)
    op, y = made
    if name != "sequence_lstm" and rng.random() < 0.2:
        masks = [i for i in sorted(g.timed | {x}) if g.tensors[i].shape[0] == t.shape[0]]
        mask = masks[rng.integers(len(masks))]
        value = int(rng.integers(-128, 128))
        op = replace(op, inputs=(x, mask), mask=value)
    return g.put(op, y if last else _timed(y, t))


def _timed(y: Tensor, t: Tensor) -> Tensor:
    return replace(y, shape=(t.shape[0], *y.shape))


def embedding(g: Grower, source: int) -> int:
    """Add a table of vectors."""
    return g.add(Embedding.kind, source)


def bottleneck(g: Grower, source: int) -> int:
    """Change every frame's shape."""
    t = g.tensors[source]
    if len(t.shape) == 3:
        return g.vectors(source)
    divisors = [n for n in range(2, t.shape[-1] + 1) if t.shape[-1] % n == 0]
    if len(t.shape) != 2 or not divisors:
        raise ValueError("nothing to split")
    n = int(g.rng.choice(divisors))
    return g.reshape(source, t.shape[0], n, t.shape[1] // n)


def branches(g: Grower, source: int) -> int:
    """Add two ways from a tensor, which meet again."""
    return join(g, *(way(g, source) for _ in range(2)))


def way(g: Grower, source: int) -> int:
    """Return what is behind a tensor on some way that keeps frames, (frames, 1, 3)."""
    made = source
    for _ in range(int(g.rng.integers(1, 3))):
        kinds = [causal, same, _dense] + [_layer] * (g.wish.own and source in g.timed)
        made = kinds[g.rng.integers(len(kinds))](g, made, 3)
    return g.reshape(
        made, g.tensors[made].shape[0], g.tensors[made].size // g.tensors[made].shape[0]
    )


def _dense(g: Grower, source: int, units: int) -> int:
    x = g.vectors(source)
    return g.put(*FullyConnected.random(g.rng, g.tensors[x], x, outputs=units))


def _layer(g: Grower, source: int, units: int) -> int:
    return recurrent(g, source, units=units)


def meet(g: Grower, source: int) -> int:
    """Join a tensor with any other that fits."""
    shape = g.tensors[source].shape
    others = [i for i, t in enumerate(g.tensors) if t.shape == shape and i != source]
    if not others:
        others = [i for i in g.timed if g.tensors[i].shape[0] == shape[0] and i != source]
        if not others:
            raise ValueError("nothing fits")
        other = others[g.rng.integers(len(others))]
        return join(g, _dense(g, source, 3), _dense(g, other, 3))
    return join(g, source, others[g.rng.integers(len(others))])


def join(g: Grower, one: int, other: int) -> int:
    """Add an operator that joins two tensors of the same shape."""
    kind = str(g.rng.choice(PAIRS))
    if kind in ("maximum", "minimum", "concatenation"):
        other = g.like(other, one)
    a, b = g.tensors[one], g.tensors[other]
    if a.shape != b.shape:
        raise ValueError("they do not fit")
    if kind == "concatenation":
        y = replace(a, shape=(*a.shape[:-1], 2 * a.shape[-1]))
        return g.put(Concatenation((one, other), 0, -1), y)
    made: Any = KINDS[kind].random(g.rng, a, one, other=b)  # type: ignore[call-arg]
    return g.put(replace(made[0], inputs=(one, other)), made[1])


def last_state(g: Grower, source: int) -> int:
    """Add a recurrent layer of whose outputs the last one counts."""
    return recurrent(g, source, last=True)


def turned(g: Grower, source: int) -> int:
    """Turn a sequence round, perhaps with a recurrent layer behind it, and back."""

    def back(i: int) -> int:
        t = g.tensors[i]
        ranges = tuple((0, n, 1) for n in t.shape[1:])
        n = t.shape[0]
        return g.put(StridedSlice((i,), 0, ((n - 1, n, -1), *ranges)), t)

    made = back(source)
    if g.wish.own:
        made = recurrent(g, made)
    return back(made) if g.rng.random() < 0.7 else made


def flattened(g: Grower, source: int) -> int:
    """Make one vector of a sequence, and dense of it."""
    x = g.reshape(source, g.tensors[source].size)
    return g.put(*FullyConnected.random(g.rng, g.tensors[x], x, outputs=int(g.rng.integers(1, 9))))


def decoded(g: Grower, source: int) -> int:
    """Repeat an encoder's last state for a decoder."""
    x = recurrent(g, source, last=True) if g.wish.own else flattened(g, source)
    t = g.tensors[x]
    y = replace(t, shape=(int(g.rng.integers(2, 6)), *t.shape))
    made = g.put(BroadcastTo((x,), 0), y)
    return recurrent(g, made) if g.wish.own else _dense(g, made, 3)


def reduced(g: Grower, source: int) -> int:
    """Reduce time, or all axes but the last."""
    kind = str(g.rng.choice(["mean", "sum", "reduce_max", "reduce_min"]))
    made: Any = KINDS[kind].random(g.rng, g.tensors[source], source)
    rank = len(g.tensors[source].shape)
    gone = tuple(range(-rank, -1 if g.rng.random() < 0.5 else 1 - rank))
    op = replace(made[0], axes=gone, keep_dims=bool(g.rng.integers(2)))
    return g.put(op, replace(made[1], shape=op.reduced(g.tensors[source].shape)))


Moves = dict[str, Callable[[Grower, int], int]]
MOVES: Moves = {
    "each": each, "window": window, "causal": causal, "same": same, "anything": anything,
    "inner": inner, "recurrent": recurrent, "embedding": embedding, "bottleneck": bottleneck,
    "branches": branches, "meet": meet,
}  # fmt: skip
BREAKS: Moves = {
    "last_state": last_state, "turned": turned, "flattened": flattened, "decoded": decoded,
    "reduced": reduced,
}  # fmt: skip
OWN = {"recurrent", "embedding", "last_state"}
