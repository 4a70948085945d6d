# SPDX-License-Identifier: Apache-2.0
"""Random graphs of TFLite Micro's own kinds, whole: NumPy gives what the stock interpreter does.

python -m tests.firmware.tflm.test_graphs 2000
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import write
from tests import graphs
from tests.grower import Wish

GRAPHS = 150  # by hand, 2 000
STOCK = Wish(own=False, breaks=0.2, moves=9)


def check(seed: int) -> int:
    """Compare one graph; return its operators."""
    from tflite_micro.python.tflite_micro import runtime

    graph = graphs.graph(seed, STOCK)
    data = write.serialize(Model("g", graph))
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    xs = graphs.values(seed, graph)
    for number, x in enumerate(xs):
        interpreter.set_input(x, number)
    interpreter.invoke()
    every = reference.whole(graph, xs)
    for number, index in enumerate(graph.outputs):
        got = np.asarray(interpreter.get_output(number))
        np.testing.assert_array_equal(got, every[index], f"graph {seed}, output {number}")
    return len(graph.operators)


@pytest.mark.toolchain
def test_stock_tflite_micro_equals_the_reference() -> None:
    assert sum(map(check, range(GRAPHS))) > 4 * GRAPHS


if __name__ == "__main__":
    count = int(sys.argv[1])
    print(f"{sum(map(check, range(count)))} operators of {count} graphs are right")
