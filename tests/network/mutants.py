# SPDX-License-Identifier: Apache-2.0
"""Mutants of `.tflite` files that know the format: offsets, lengths, tables, options, metadata.

    python -m tests.network.mutants 50000

What a good file's reader reads are the places that matter: every scalar that it takes out of the
flatbuffer is noted once, and mutants change some of those, instead of weights.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import flatbuffers.encode
import numpy as np
import pytest

from mcu_ghost.build import model_c
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tflite import read, write
from tests import graphs
from tests.grower import Wish
from tests.image_networks import branched, chained
from tests.networks import network
from tests.streaming import streaming

HOSTILE: list[Any] = [
    None, True, 0, -1, 1, 2**31, 2**63, 10**400, 1e308, -1e-300, "", "x", "?" * 3000, "\x00",
    "\u202e", [], [[]], {}, {"": None}, [0] * 40, "../..", "*/", '"', "${HOME}", [{"version": 2}],
]  # fmt: skip
SECONDS = 2.0
MOST_FRAMES = 64  # of a mutant that is run


def places(data: bytes) -> list[tuple[int, str]]:
    """Return position and format of every scalar that the reader takes out of a file."""
    found: dict[int, str] = {}
    honest = flatbuffers.encode.Get

    def noting(packer: struct.Struct, buffer: Any, head: int) -> Any:
        if len(buffer) == len(data):
            found[int(head)] = packer.format
        return honest(packer, buffer, head)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flatbuffers.encode, "Get", noting)
        read.parse(data, "good")
    return sorted(found.items())


def changed(rng: np.random.Generator, form: str, old: Any, size: int) -> bytes:
    """Return another value of a scalar, as bytes."""
    width = struct.calcsize(form)
    if form[-1] in "fd":
        values = [0.0, -1.0, np.nan, np.inf, 1e-45, 3e38, float(old) * 1.001, -float(old)]
        return struct.pack(form, np.float32(values[rng.integers(len(values))]))
    near = int(old) + int(rng.integers(-8, 9))
    values = [0, 1, 2, -1, 127, -128, size, size // 4, 2**31 - 1, -(2**31), near, near, near,
              int(rng.integers(0, 2**31))]  # fmt: skip
    value = values[rng.integers(len(values))] % (1 << 8 * width)
    return value.to_bytes(width, "little")


def twisted(rng: np.random.Generator, value: Any) -> Any:
    """Return JSON with one value somewhere in it replaced, dropped or nested."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = list(value)[rng.integers(len(value))]
        result = dict(value)
        if rng.random() < 0.1:
            del result[key]
        else:
            result[key] = twisted(rng, value[key])
        return result
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = int(rng.integers(len(value)))
        return [*value[:at], twisted(rng, value[at]), *value[at + 1 :]]
    if rng.random() < 0.05:
        deep: Any = value
        for _ in range(int(rng.integers(1, 500))):
            deep = [deep]
        return deep
    return HOSTILE[rng.integers(len(HOSTILE))]


def random_graphs() -> Iterator[Model]:
    """Yield graphs of kinds at random, with plans of all sorts."""
    for seed, plan in enumerate((None, "window") * 10):
        graph = graphs.graph(seed, Wish(breaks=(0.0, 0.1, 0.3)[seed % 3], moves=4))
        yield Model("g", graph, {"version": 1} | ({"plan": plan} if plan else {}))


def models() -> Iterator[Model]:
    """Yield networks of every kind of layer."""
    yield random_model(3, units=12, ratio=2, inputs=5, layers=2, frames=6)
    yield from (network(seed, layers=1, gain=1.0) for seed in (1, 2, 4, 5))
    yield from (chained(1).model({}), branched(1).model({"plan": "window"}))
    yield streaming(1).model({})


def mutants(seed: int, honest: Iterable[Model]) -> Iterator[bytes]:
    """Yield mutants of networks for ever."""
    rng = np.random.default_rng(seed)
    goods = [(write.serialize(model), model.metadata) for model in honest]
    scalars = [places(data) for data, _ in goods]
    while True:
        which = int(rng.integers(len(goods)))
        data = bytearray(goods[which][0])
        if rng.random() < 0.25:
            yield with_metadata(bytes(data), twisted(rng, goods[which][1]))
            continue
        for _ in range(int(rng.integers(1, 4))):
            at, form = scalars[which][rng.integers(len(scalars[which]))]
            (old,) = struct.unpack_from(form, data, at)
            data[at : at + struct.calcsize(form)] = changed(rng, form, old, len(data))
        yield bytes(data)


def with_metadata(data: bytes, metadata: Any) -> bytes:
    """Return a file with other metadata in the place of its own, cut to its length if need be."""
    start = data.index(b'{"')
    end = data.index(b"}", start) + 1
    text = json.dumps(metadata).encode()[: end - start]
    return data[:start] + text.ljust(end - start) + data[end:]


def judge(data: bytes) -> tuple[str, float]:
    """Return what became of a mutant, "model", which runs, or "refused", and how long that took."""
    started = time.process_time()
    try:
        model = read.parse(data, "mutant")
        model_c.model_context(model)
        if model.frames <= MOST_FRAMES:
            reference.run(model, random_inputs(0, model, 1, model.frames))
        found = "model"
    except GhostError as error:
        assert str(error) and "\n" not in str(error)
        found = "refused"
    return found, time.process_time() - started


def run(
    count: int, seed: int, honest: Callable[[], Iterable[Model]] = models
) -> tuple[Counter[str], float]:
    """Judge mutants; return what became of them, and the longest that one took."""
    found: Counter[str] = Counter()
    longest = 0.0
    for _, data in zip(range(count), mutants(seed, honest()), strict=False):
        became, seconds = judge(data)
        found[became] += 1
        longest = max(longest, seconds)
    return found, longest


if __name__ == "__main__":
    results, slowest = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(dict(results), f"the slowest took {slowest:.2f} s")
