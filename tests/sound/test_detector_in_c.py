# SPDX-License-Identifier: Apache-2.0
"""The detector in C, compiled for this machine, equals the specification for any scores."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost.host import resources
from mcu_ghost.sound import detector
from tests.conftest import compile_host

pytestmark = pytest.mark.toolchain


class Word(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("refractory", ctypes.c_uint32),
        ("threshold", ctypes.c_uint16),
        ("output", ctypes.c_uint16),
    ]


class Params(ctypes.Structure):
    _fields_ = [
        ("words", ctypes.POINTER(Word)),
        ("count", ctypes.c_uint32),
        ("window", ctypes.c_uint32),
    ]


class Memory(ctypes.Structure):
    _fields_ = [
        ("history", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("oldest", ctypes.c_void_p),
        ("silent", ctypes.c_void_p),
    ]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    firmware = resources.folder("firmware")
    out = tmp_path_factory.mktemp("detector") / "detector.so"
    source = firmware / "sound" / "ghost_detector.c"
    return ctypes.CDLL(str(compile_host(out, [source], f"-I{firmware}")))


def events(
    library: ctypes.CDLL, outputs: np.ndarray, chosen: detector.DetectorSettings
) -> list[detector.Event]:
    count = len(chosen.words)
    words = (Word * count)(
        *(Word(w.label.encode(), w.refractory, w.threshold, w.index) for w in chosen.words)
    )
    params = Params(words, count, chosen.window)
    history, sums = np.zeros(count * chosen.window, np.uint8), np.zeros(count, np.uint16)
    oldest, silent = np.zeros(1, np.uint32), np.zeros(1, np.uint32)
    memory = Memory(*(a.ctypes.data for a in (history, sums, oldest, silent)))
    found = []
    for number, frame in enumerate(outputs):
        at = ctypes.c_void_p(frame.ctypes.data)
        heard = library.ghost_detector_step(ctypes.byref(params), ctypes.byref(memory), at)
        if heard >= 0:
            found.append(detector.Event(number, chosen.words[heard].label, int(sums[heard])))
    return found


@st.composite
def streams(draw: st.DrawFn) -> tuple[np.ndarray, detector.DetectorSettings]:
    classes = draw(st.integers(1, 9))
    labels = [f"w{i}" for i in range(classes)]
    chosen = draw(st.lists(st.sampled_from(labels), min_size=1, unique=True))
    words = {
        label: detector.GivenWord(
            threshold=draw(st.floats(0, 1)),
            refractory_ms=draw(st.sampled_from([0, 20, 60, 400])),
        )
        for label in chosen
    }
    window = draw(st.integers(1, 64))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    frames = draw(st.integers(0, 200))
    # Few values, so that sums tie often, and runs of the extremes.
    outputs = rng.choice([-128, -128, 0, 127, 127], (frames, classes)).astype(np.int8)
    outputs[:, rng.random(classes) < 0.3] = 127
    return outputs, detector.settings(detector.Given(window, words), labels, 20)


@settings(max_examples=200, deadline=None)
@given(streams())
def test_any_stream_gives_the_specified_events(
    library: ctypes.CDLL, case: tuple[np.ndarray, detector.DetectorSettings]
) -> None:
    outputs, chosen = case
    assert events(library, outputs, chosen) == detector.events(outputs, chosen)


def test_the_comparison_can_fail(library: ctypes.CDLL, tmp_path: Path) -> None:
    """A detector that prefers the last of equals is noticed."""
    source = (resources.folder("firmware") / "sound" / "ghost_detector.c").read_text()
    assert "sum > memory->sums[best]" in source
    (tmp_path / "wrong.c").write_text(
        source.replace("sum > memory->sums[best]", "sum >= memory->sums[best]")
    )
    flags = f"-I{resources.folder('firmware')}"
    wrong = ctypes.CDLL(str(compile_host(tmp_path / "wrong.so", [tmp_path / "wrong.c"], flags)))
    outputs = np.full((3, 2), 127, np.int8)
    word = detector.GivenWord(threshold=0.5, refractory_ms=0)
    chosen = detector.settings(detector.Given(1, {"a": word, "b": word}), ["a", "b"], 20)
    assert events(library, outputs, chosen) == detector.events(outputs, chosen)
    assert events(wrong, outputs, chosen) != detector.events(outputs, chosen)
