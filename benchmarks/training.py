# SPDX-License-Identifier: Apache-2.0
"""How fast layers train beside `tf_keras.layers.GRU`: `python -m benchmarks.training`."""

import math
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

BATCH, FRAMES, INPUTS, UNITS, CLASSES = 64, 75, 40, 154, 12
ROUNDS = 10
PAGE = Path(__file__).with_name("training.md")

HEAD = f"""# How fast a layer trains

`python -m benchmarks.training` measures and writes this file: steps of training (forward, backward,
Adam) of one recurrent layer and a Dense one with softmax, {BATCH} sequences of {FRAMES} frames of
{INPUTS}, on one core. Each kind takes one step in turn, {ROUNDS} times, in one process, whose CPU
time counts. A number says how many times as fast as `tf_keras.layers.GRU({UNITS})` a kind is: by
the medians, and by the fastest steps of both. Only such ratios hold on another machine.

"""
FOOT = """
The plain loop is the same layer differentiated by TensorFlow, as layers with masks, `unroll=True`
or activations other than linear, relu, sigmoid and tanh are. All others take the loop of
`mcu_ghost/layers/sequence.py`: the outputs are the same bits, the gradients those of the plain
loop (tests compare them, in float64 to 1e-12 of the largest, and rounded).
"""

Product = tuple[int, int, int]
_M = UNITS // 2
# A GRU's of each frame, a GhostGRU's two, and their ways back.
PRODUCTS: tuple[Product, ...] = (
    (BATCH, UNITS, 3 * UNITS),
    (BATCH, UNITS, 4 * _M),
    (BATCH, _M, UNITS - _M),
    (BATCH, 3 * UNITS, UNITS),
    (BATCH, 4 * _M, UNITS),
)
BOUND = """
What bounds it: a GhostGRU has fewer multiplications, but small products cost TensorFlow more for
each. The first row is the product of a frame of the GRU, the next two are those of the GhostGRU,
the last two what their gradients multiply besides (the ghosts' is as large as it is forwards).

"""
SPLIT = """
Cutting these products another way does not help: the state without ghosts times [gates | ghosts] in
one, and the ghosts times the gates in another (64 × 77 × 385 and 64 × 77 × 308 in place of
64 × 154 × 308 and 64 × 77 × 77). Both were measured in turn in one process, on one core, in a loop
of 200 frames; these are medians of 30:

| products of a frame | forwards | backwards |
|---|---|---|
| the GRU's | 1.00 | 1.00 |
| the GhostGRU's two | 0.86 | 0.83 |
| cut another way | 0.92 | 0.82 |

So with nothing but products left a GhostGRU-154/2 could train about 1.18 times as fast as the GRU
at most; 1.3 is out of reach on this path.
"""


def steps() -> dict[str, Callable[[], Any]]:
    """Return a function for each kind that takes one step."""
    import numpy as np
    import tensorflow as tf
    import tf_keras as keras

    from mcu_ghost import layers
    from mcu_ghost.layers import sequence

    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (BATCH, FRAMES, INPUTS)).clip(-4, 4).astype(np.float32)
    data = tf.data.Dataset.from_tensors((x, rng.integers(0, CLASSES, BATCH))).repeat()

    def network(layer: Any) -> Any:
        dense = keras.layers.Dense(CLASSES, activation="softmax")
        return keras.Sequential([keras.layers.Input((FRAMES, INPUTS)), layer, dense])

    def rounded(layer: Any) -> Any:
        return layers.quantize_model(network(layer), (-4, 4), calibration=x)

    def step(model: Any) -> Callable[[], Any]:
        model.compile("adam", "sparse_categorical_crossentropy")
        function, batches = model.make_train_function(), iter(data)
        function(batches)  # traces it
        return lambda: float(function(batches)["loss"])

    ours = layers.GhostGRU
    found = {
        f"tf_keras GRU-{UNITS}": step(network(keras.layers.GRU(UNITS))),
        f"GhostGRU-{UNITS}/1": step(network(ours(UNITS, 1))),
        f"GhostGRU-{UNITS}/2": step(network(ours(UNITS, 2))),
        f"GhostGRU-{UNITS}/2 under QAT": step(rounded(ours(UNITS, 2))),
    }
    with mock.patch.object(sequence, "differentiates", return_value=False):
        found[f"GhostGRU-{UNITS}/2, plain loop"] = step(network(ours(UNITS, 2)))
        found[f"GhostGRU-{UNITS}/2 under QAT, plain loop"] = step(rounded(ours(UNITS, 2)))
    return found


def measure() -> dict[str, list[float]]:
    """Return the seconds of each kind's steps."""
    found = steps()
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, step in found.items():
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return times


def products() -> dict[Product, list[float]]:
    """Return the seconds of products of matrices, as often as frames are in a step."""
    import tensorflow as tf

    def run(rows: int, inner: int, columns: int) -> Callable[[], Any]:
        pairs = [
            (tf.random.normal((rows, inner)), tf.random.normal((inner, columns)))
            for _ in range(FRAMES)
        ]
        function = tf.function(lambda: [tf.matmul(x, w) for x, w in pairs])
        function()
        return function

    found = {shape: run(*shape) for shape in PRODUCTS}
    times: dict[Product, list[float]] = {shape: [] for shape in PRODUCTS}
    for _ in range(10 * ROUNDS):
        for shape, function in found.items():
            start = time.process_time()
            function()
            times[shape].append(time.process_time() - start)
    return times


def page(times: dict[str, list[float]], others: dict[Product, list[float]], versions: str) -> str:
    """Return the file's text."""
    first = next(iter(times.values()))
    rows = "".join(
        f"| {name} | {statistics.median(first) / statistics.median(found):.2f} "
        f"| {min(first) / min(found):.2f} |\n"
        for name, found in times.items()
    )
    table = f"| layer | medians | fastest |\n|---|---|---|\n{rows}"
    whole = PRODUCTS[0]
    parts = "".join(
        f"| {' × '.join(map(str, shape))} | {math.prod(shape) / math.prod(whole):.2f} "
        f"| {statistics.median(found) / statistics.median(others[whole]):.2f} |\n"
        for shape, found in others.items()
    )
    bound = f"{BOUND}| product | multiplications | time |\n|---|---|---|\n{parts}{SPLIT}"
    return f"{HEAD}{table}\nMeasured with {versions}.\n{FOOT}{bound}"


def main() -> None:
    """Measure on one core, and write the page."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.simplefilter("ignore")
    times, others = measure(), products()
    import tensorflow as tf
    import tf_keras as keras

    versions = (
        f"TensorFlow {tf.__version__}, tf_keras {keras.__version__}, Python "
        f"{platform.python_version()} on {platform.machine()}"
    )
    PAGE.write_text(page(times, others, versions), "utf-8")


if __name__ == "__main__":
    main()
