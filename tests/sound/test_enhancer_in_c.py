# SPDX-License-Identifier: Apache-2.0
"""The generated C around a network, compiled for this machine, equals the specification."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build import enhancer_c
from mcu_ghost.host import resources
from mcu_ghost.network.model import Model
from mcu_ghost.network.reference import Runner
from mcu_ghost.sound.enhancement import Enhancer, Transform, need_task
from tests.conftest import compile_host
from tests.sound.enhancers import random_enhancer, sound

pytestmark = pytest.mark.toolchain

TRANSFORMS = [Transform(frame=f, hop=f // part) for f in (256, 512, 1024) for part in (2, 4)]
_GUARD = 8  # bytes behind each buffer
_SIZES = (
    '#include "enhancer.h"\n'
    "const unsigned stream_size = sizeof(enhancer_stream_t);"
    "const unsigned work_size = sizeof(enhancer_work_t);"
)


class HostEnhancer:
    """The generated C of a model around its network in Python, with guarded memory."""

    def __init__(self, model: Model, common: Path, folder: Path) -> None:
        self.task = need_task(model)
        self._runner = Runner(model)
        firmware = resources.folder("firmware")
        folder.mkdir(exist_ok=True)
        for name, text in enhancer_c.sources(enhancer_c.context(self.task)).items():
            (folder / name).write_text(text)
        (folder / "sizes.c").write_text(_SIZES)
        flags = [f"-I{folder}", f"-I{firmware}", "-fsanitize=undefined", "-fno-sanitize-recover"]
        sources = [folder / "enhancer.c", folder / "sizes.c", common]
        self._c = ctypes.CDLL(str(compile_host(folder / "enhancer.so", sources, *flags)))
        self._stream, self._work = (self._memory(size) for size in ("stream_size", "work_size"))
        self._c.enhancer_start(self._at(self._stream))

    def _memory(self, size: str) -> np.ndarray:
        return np.full(ctypes.c_uint.in_dll(self._c, size).value + _GUARD, 0xA5, np.uint8)

    @staticmethod
    def _at(array: np.ndarray) -> ctypes.c_void_p:
        return ctypes.c_void_p(array.ctypes.data)

    @contextmanager
    def _guarded(self, size: int) -> Iterator[np.ndarray]:
        """Yield bytes to write, and look at all guards afterwards."""
        buffer = np.full(size + _GUARD, 0xA5, np.uint8)
        yield buffer
        for memory in (buffer, self._stream, self._work):
            assert (memory[-_GUARD:] == 0xA5).all(), "wrote past the end"

    def hop(self, samples: np.ndarray) -> np.ndarray:
        streams = self._at(self._stream), self._at(self._work)
        with self._guarded(self.task.bands) as frame:
            self._c.enhancer_analyse(*streams, self._at(samples), self._at(frame))
        outputs = self._runner.answers(frame[: self.task.bands].view(np.int8)[None])[0]
        outputs = np.ascontiguousarray(outputs)
        with self._guarded(samples.nbytes) as clean:
            clean[: samples.nbytes] = samples.view(np.uint8)  # in place, as boards do it
            self._c.enhancer_synthesise(*streams, self._at(outputs), self._at(clean))
        return clean[: samples.nbytes].view(np.int16).copy()

    def feed(self, samples: np.ndarray) -> np.ndarray:
        hop = self.task.transform.hop
        hops = samples[: len(samples) // hop * hop].reshape(-1, hop)
        return np.concatenate([self.hop(np.ascontiguousarray(x)) for x in hops])


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What does not change with the model."""
    firmware = resources.folder("firmware")
    sources = [firmware / name for name in enhancer_c.SOURCES]
    flags = ["-fsanitize=undefined", "-fno-sanitize-recover"]
    return compile_host(tmp_path_factory.mktemp("common") / "common.so", sources, *flags)


def hard_sound() -> np.ndarray:
    """Return speech, what is loudest, a click and silence."""
    rng = np.random.default_rng(1)
    loud = rng.integers(0, 2, 3000) * 65535 - 32768
    click = np.where(np.arange(3000) == 1500, 32767, 0)
    return np.concatenate([sound()[:9000], loud, click, np.zeros(2000)]).astype(np.int16)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: f"{t.frame}-{t.hop}")
def test_every_sample_equals(common: Path, tmp_path: Path, transform: Transform) -> None:
    samples, bins = hard_sound(), transform.settings.bins
    for number, (bands, exponent) in enumerate(((2, 1.0), (20, 2.5), (64, 0.5), (bins, 1.5))):
        model = random_enhancer(number, bands, transform=transform, exponent=exponent)
        made = HostEnhancer(model, common, tmp_path / f"{number}").feed(samples)
        wanted = Enhancer(model).feed(samples)
        np.testing.assert_array_equal(made, wanted, f"{bands} bands")
        assert len(np.unique(made)) > 1000


def test_streams_side_by_side_share_nothing_but_work(common: Path, tmp_path: Path) -> None:
    model, hop = random_enhancer(bands=64), Transform().hop
    one, other = (HostEnhancer(model, common, tmp_path / name) for name in "ab")
    other._work = one._work
    sounds = [sound(0.5, seed) for seed in (1, 2)]
    made: list[list[np.ndarray]] = [[], []]
    for at in range(0, len(sounds[0]) - hop + 1, hop):
        for enhancer, samples, out in zip((one, other), sounds, made, strict=True):
            out.append(enhancer.hop(samples[at : at + hop].copy()))
    for samples, out in zip(sounds, made, strict=True):
        np.testing.assert_array_equal(np.concatenate(out), Enhancer(model).feed(samples))
