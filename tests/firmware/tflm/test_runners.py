# SPDX-License-Identifier: Apache-2.0
"""One truth, many runners: the same vectors through everything that runs on this machine.

The NumPy reference is the judge. The C kernels and the stock tflite-micro interpreter must agree
with it in every byte; tf.lite rounds its own operators once where TFLM rounds twice, so there the
fused operator is exact and what follows it may differ by 2.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host import resources
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tflite import options, read, write
from mcu_ghost.sound.keywords import need_task
from tests.conftest import ROOT, compile_host, kernel_sources
from tests.firmware.tflm import wheel
from tests.host_kernels import HostModel
from tests.networks import network, rebuilt, with_head

NETWORKS = 240
OPERATOR = ROOT / "firmware" / "tflm" / "ghost_gru_operator.c"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Return the kernels, the operator and the glue for both interpreters."""
    sources = [Path(__file__).with_name("glue.c"), OPERATOR, *kernel_sources()]
    out = tmp_path_factory.mktemp("glue") / "glue.so"
    compile_host(out, sources, f"-I{OPERATOR.parent}", "-Wno-conversion", "-Wno-pedantic")
    return ctypes.CDLL(str(out), ctypes.RTLD_GLOBAL)


@pytest.fixture(scope="module")
def micro(library: ctypes.CDLL) -> Any:
    """Return a function from a `.tflite` to the stock tflite-micro interpreter of it."""
    return wheel.micro(library)


@pytest.fixture(scope="module")
def lite(library: ctypes.CDLL) -> Any:
    """Return a function from a `.tflite` to a tf.lite interpreter of it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf
    from tensorflow.lite.python.interpreter import InterpreterWithCustomOps

    whole = ctypes.CDLL(str(Path(tf.__file__).parent / "libtensorflow_cc.so.2"))
    name = "_ZN6tflite17MutableOpResolver9AddCustomEPKcPK18TfLiteRegistrationi"
    add_custom = ctypes.cast(whole[name], ctypes.c_void_p)

    def register(resolver: int) -> None:
        library.register_with_tf_lite(ctypes.c_void_p(resolver), add_custom)

    def start(data: bytes) -> Any:
        interpreter = InterpreterWithCustomOps(custom_op_registerers=[register], model_content=data)
        interpreter.allocate_tensors()
        return interpreter

    return start


def micro_run(interpreter: Any, x: np.ndarray) -> np.ndarray:
    """Invoke tflite-micro with a whole sequence."""
    interpreter.set_input(x[None], 0)
    interpreter.invoke()
    return interpreter.get_output(0)[0]


def lite_run(interpreter: Any, x: np.ndarray) -> np.ndarray:
    """Invoke tf.lite with a whole sequence."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[None])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def networks() -> Iterator[tuple[Model, bytes, np.ndarray]]:
    """Yield networks as they come back from their files, the files, and two sequences each."""
    for seed in range(NETWORKS):
        data = write.serialize(network(seed))
        model = read.parse(data, f"network {seed}")
        yield model, data, random_inputs(seed, model, 2, model.frames)


@pytest.mark.toolchain
def test_c_kernels_equal_the_reference(library: ctypes.CDLL) -> None:
    for seed, (model, _, sequences) in enumerate(networks()):
        host = HostModel(library, model)
        for x in sequences:
            wanted = reference.run(model, x)
            np.testing.assert_array_equal(host.run(x), wanted, f"network {seed}")


@pytest.mark.toolchain
def test_stock_tflite_micro_equals_the_reference(micro: Any) -> None:
    for seed, (model, data, sequences) in enumerate(networks()):
        interpreter = micro(data)
        for x in sequences:
            wanted = reference.run(model, x)
            np.testing.assert_array_equal(micro_run(interpreter, x), wanted, f"network {seed}")


@pytest.mark.train
def test_tf_lite_equals_the_reference(lite: Any) -> None:
    """The last layer's output is exact; behind it, at most 2 steps."""
    for seed, (model, _, sequences) in enumerate(networks()):
        bare = rebuilt(model, head=[])
        for part, allowed in ((bare, 0), (_soft(model), 2)):
            interpreter = lite(write.serialize(part))
            for x in sequences:
                got = lite_run(interpreter, x).astype(int)
                worst = np.abs(got - reference.run(part, x)).max()
                assert worst <= allowed, f"network {seed}: off by {worst}"


def _soft(model: Model) -> Model:
    """Return the recurrent layers with one operator behind them."""
    rng = np.random.default_rng(0)
    while True:
        made = with_head(rebuilt(model, head=[]), rng)
        if len(made.head) == 1:
            return made


@pytest.mark.toolchain
def test_the_bundled_model_on_every_runner(library: ctypes.CDLL, micro: Any) -> None:
    """The trained network, on random frames and on the clips that it ships with."""
    path = resources.default_model()
    model = read.load(path)
    assert model.frames == 1 and model.layers[0].stateful
    sequences = list(random_inputs(0, model, 4, 75))
    sequences += [need_task(model).features(clip) for clip in resources.demo_clips()]
    assert len(sequences) > 8
    host = HostModel(library, model)
    for x in sequences:
        wanted = reference.run(model, x)
        np.testing.assert_array_equal(host.run(x), wanted)
        interpreter = micro(path.read_bytes())  # a new one: the state lives on between frames
        got = np.concatenate([micro_run(interpreter, frame[None]) for frame in x])
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.toolchain
@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_frame_by_frame_equals_the_whole_sequence(micro: Any, ratio: int) -> None:
    """Stateful operators of one frame, invoked again and again, against one invocation."""
    shape = dict(units=23, ratio=ratio, inputs=7, layers=2, head_per_frame=True)
    whole = random_model(5, frames=30, **shape)
    single = random_model(5, frames=1, stateful=True, **shape)
    (x,) = random_inputs(5, whole, 1, 30)
    wanted = micro_run(micro(write.serialize(whole)), x)
    interpreter = micro(write.serialize(single))
    got = np.concatenate([micro_run(interpreter, frame[None]) for frame in x])
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.toolchain
def test_an_operator_that_is_not_stateful_starts_from_zero(micro: Any) -> None:
    model = random_model(5, units=23, ratio=2, inputs=7, frames=4)
    (x,) = random_inputs(5, model, 1, 4)
    interpreter = micro(write.serialize(model))
    np.testing.assert_array_equal(micro_run(interpreter, x), micro_run(interpreter, x))


@pytest.mark.toolchain
def test_the_operator_refuses_damaged_options(library: ctypes.CDLL) -> None:
    """Every truncation and thousands of flipped bytes: an answer, never a crash."""
    model = random_model(1, units=10, ratio=2, inputs=3)
    good = options.encode(model.layers[0].options(5))
    op = ctypes.create_string_buffer(512)
    parse = library.ghost_gru_operator_parse
    parse.restype = ctypes.c_bool
    assert parse(good, ctypes.c_size_t(len(good)), op)
    for length in range(len(good)):
        parse(good[:length], ctypes.c_size_t(length), op)
    rng = np.random.default_rng(0)
    for _ in range(5000):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), rng.integers(1, 4)):
            bad[at] = rng.integers(256)
        parse(bytes(bad), ctypes.c_size_t(len(bad)), op)
    assert not parse(b"", ctypes.c_size_t(0), op)
