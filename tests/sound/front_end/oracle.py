# SPDX-License-Identifier: Apache-2.0
"""The front end that ours must equal, as pymicro-features packages it.

Its Python class knows one setting; the library below it, whose C functions it exports, knows all.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
from types import ModuleType

import numpy as np
import pytest

from mcu_ghost.sound.front_end import Features, FrontEndSettings, Samples

WHEEL = FrontEndSettings(16000, 30, 10, 40, 125, 7500)
"""The settings of the wheel's class."""


class _Config(ctypes.Structure):
    _fields_ = [
        ("window_ms", ctypes.c_size_t),
        ("hop_ms", ctypes.c_size_t),
        ("channels", ctypes.c_int),
        ("high_hz", ctypes.c_float),
        ("low_hz", ctypes.c_float),
        ("unused", ctypes.c_int),
        ("smoothing_bits", ctypes.c_int),
        ("even_smoothing", ctypes.c_float),
        ("odd_smoothing", ctypes.c_float),
        ("remaining", ctypes.c_float),
        ("enable_pcan", ctypes.c_int),
        ("strength", ctypes.c_float),
        ("offset", ctypes.c_float),
        ("gain_bits", ctypes.c_int),
        ("enable_log", ctypes.c_int),
        ("scale_shift", ctypes.c_int),
    ]


class _Output(ctypes.Structure):
    _fields_ = [("values", ctypes.POINTER(ctypes.c_uint16)), ("size", ctypes.c_size_t)]


def _need(module: str) -> ModuleType:
    """Return a module of pymicro-features; skip where it is not installed, but never in CI."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        reason = f"needs pymicro-features, which has no wheel for every system: {error}"
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (pip install 'mcu-ghost[dev]')")
    pytest.skip(reason)


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(_need("micro_features_cpp").__file__))
    library.FrontendProcessSamples.restype = _Output
    return library


def wheel(samples: Samples) -> Features:
    """Run the wheel's own class over all whole hops of a recording."""
    front_end, frames = _need("pymicro_features").MicroFrontend(), []
    data = np.ascontiguousarray(samples, "<i2").tobytes()
    for start in range(0, len(data) - 319, 320):
        if found := front_end.process_samples(data[start : start + 320]).features:
            frames.append(found)
    values = np.array(frames).reshape(-1, 40) / 0.0390625
    assert np.array_equal(values, np.rint(values))
    return values.astype(np.uint16)


def library(samples: Samples, s: FrontEndSettings) -> Features | None:
    """Run the wheel's library with any settings; None where it refuses them.

    Returns:
        A frame for every window that is complete, (frames, channels).
    """
    calls, config = _library(), _Config()
    calls.FrontendFillConfigWithDefaults(ctypes.byref(config))
    for name in ("window_ms", "hop_ms", "channels", "low_hz", "high_hz"):
        setattr(config, name, getattr(s, name))
    config.enable_pcan = 1
    state = ctypes.create_string_buffer(1024)  # more than its struct takes
    if not calls.FrontendPopulateState(ctypes.byref(config), state, s.sample_rate):
        calls.FrontendFreeStateContents(state)
        return None
    data = np.ascontiguousarray(samples)
    at, frames, read = 0, [], ctypes.c_size_t()
    while at < len(data):
        start = ctypes.c_void_p(data.ctypes.data + 2 * at)
        left = ctypes.c_size_t(len(data) - at)
        out = calls.FrontendProcessSamples(state, start, left, ctypes.byref(read))
        at += read.value
        if out.size:
            frames.append(out.values[: out.size])
    calls.FrontendFreeStateContents(state)
    return np.array(frames, np.uint16).reshape(-1, s.channels)


def original_logarithms(signal: np.ndarray, headroom: int) -> Features:
    """Return the library's logarithms of uint32 values shifted left by the headroom."""
    state, values = (ctypes.c_int * 2)(1, 6), signal.copy()
    apply = _library().LogScaleApply
    apply.restype = ctypes.c_void_p
    pointer = apply(state, ctypes.c_void_p(values.ctypes.data), len(values), headroom)
    found = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_uint16))
    return np.ctypeslib.as_array(found, (len(values),)).copy()
