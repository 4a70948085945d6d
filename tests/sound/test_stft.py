# SPDX-License-Identifier: Apache-2.0
"""Spectra and back: NumPy's transform, what comes back, and the C."""

from __future__ import annotations

import ctypes
from ctypes import c_uint8, c_uint16, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.sound import stft
from mcu_ghost.sound.front_end_tables import order
from mcu_ghost.sound.stft import Analysis, StftSettings, Synthesis
from tests.sound import compiled

ALL = [StftSettings(f, f // part) for f in (256, 512, 1024) for part in (2, 4)]
LENGTH = 9000


def sounds() -> dict[str, np.ndarray]:
    rng, time = np.random.default_rng(0), np.arange(LENGTH)
    voice = sum(np.sin(time * hertz * 2 * np.pi / 16000) / k for k, hertz in enumerate(
        np.linspace(140, 5000, 30), 1))  # fmt: skip
    return {
        "a voice": np.round(4000 * voice).clip(-32768, 32767).astype(np.int16),
        "hardly any": rng.integers(-2, 3, LENGTH).astype(np.int16),
        "the loudest": (rng.integers(0, 2, LENGTH) * 65535 - 32768).astype(np.int16),
        "a constant": np.full(LENGTH, -32768, np.int16),
        "a click": np.where(time == 5000, -32768, 0).astype(np.int16),
    }


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_spectra_are_those_of_the_windowed_samples(settings: StftSettings) -> None:
    s = settings
    for name, samples in sounds().items():
        found = Analysis(s).feed(samples)
        padded = np.concatenate([np.zeros(s.frame - s.hop), samples])
        views = np.lib.stride_tricks.sliding_window_view(padded, s.frame)[:: s.hop][: len(found)]
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(s.frame) / s.frame)
        wanted = np.fft.rfft(views * np.sqrt(hann))
        got = (found[..., 0] + 1j * found[..., 1]) / 2**s.fraction
        loudest = np.abs(wanted).max()
        assert np.abs(got - wanted).max() < max(2e-4 * loudest, 64 / 2**s.fraction), name


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_what_went_in_comes_back(settings: StftSettings) -> None:
    """`frame - hop` samples late, exactly but for a step where it is loud, a few of the loudest."""
    s = settings
    for name, samples in sounds().items():
        back = Synthesis(s).feed(Analysis(s).feed(samples))
        late = np.zeros(s.frame - s.hop, np.int16)
        wanted = np.concatenate([late, samples])[: len(back)]
        wrong = np.abs(back.astype(int) - wanted).max()
        assert wrong <= {"hardly any": 0, "a voice": 1}.get(name, 4), name


def test_how_a_stream_is_cut_makes_no_difference() -> None:
    s, rng = StftSettings(), np.random.default_rng(1)
    samples = rng.integers(-9000, 9000, LENGTH).astype(np.int16)
    spectra = Analysis(s).feed(samples)
    whole = Synthesis(s).feed(spectra)
    analysis, synthesis = Analysis(s), Synthesis(s)
    parts = [analysis.feed(part) for part in np.split(samples, [1, 255, 256, 700, 8000])]
    np.testing.assert_array_equal(np.concatenate(parts), spectra)
    again = [synthesis.feed(part) for part in np.split(spectra, [1, 5, 5, 20])]
    np.testing.assert_array_equal(np.concatenate(again), whole)
    assert len(whole) == len(spectra) * s.hop


def test_gains_of_one_half_halve() -> None:
    s = StftSettings()
    samples = sounds()["a voice"]
    back = Synthesis(s).feed(Analysis(s).feed(samples) >> 1)[s.frame - s.hop :]
    assert np.abs(back - samples[: len(back)] / 2).max() <= 1


def test_other_hops_are_refused() -> None:
    with pytest.raises(ValueError, match="hop must be 256 or 128, not 100"):
        StftSettings(512, 100)


class Constants(ctypes.Structure):
    _fields_ = [
        ("frame", c_uint16),
        ("hop", c_uint16),
        ("points", c_uint16),
        ("window_shift", c_uint8),
        ("output_shift", c_uint8),
        ("window", c_void_p),
        ("places", c_void_p),
        ("twiddles", c_void_p),
        ("real_twiddles", c_void_p),
    ]


def run_c(library: Any, s: StftSettings, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the C's spectra and what it makes of them again."""
    points = s.points
    tables = [stft.window(s.frame), np.argsort(order(points)).astype(np.uint16),
              stft.twiddles(points), stft.real_twiddles(points)]  # fmt: skip
    pointers = [c_void_p(table.ctypes.data) for table in tables]
    c = ctypes.byref(Constants(s.frame, s.hop, points, s.window_shift, s.output_shift, *pointers))
    history = np.zeros(s.frame - s.hop, np.int16)
    overlap = np.zeros(s.frame - s.hop, np.int32)
    x, out = np.zeros((points + 2, 2), np.int32), np.zeros(s.hop + 2, np.int16)
    x[-1], out[-2:] = 99, 99
    spectra, back = [], []
    for start in range(0, len(samples) - s.hop + 1, s.hop):
        hop = np.ascontiguousarray(samples[start : start + s.hop])
        given = [c_void_p(a.ctypes.data) for a in (history, hop, overlap, x, out)]
        library.ghost_stft_analyse(c, given[0], given[1], given[3])
        spectra.append(x[:-1].copy())
        library.ghost_stft_synthesise(c, given[2], given[3], given[4])
        back.append(out[:-2].copy())
        assert (x[-1] == 99).all() and (out[-2:] == 99).all(), "written beyond the end"
    return np.array(spectra), np.concatenate(back)


@pytest.mark.toolchain
def test_c_equals_numpy(tmp_path: Path) -> None:
    library = compiled.library(tmp_path, "ghost_stft.c")
    for s in ALL:
        for name, samples in sounds().items():
            spectra, back = run_c(library, s, samples)
            wanted = Analysis(s).feed(samples)
            np.testing.assert_array_equal(spectra, wanted, f"{name}, {s}")
            np.testing.assert_array_equal(back, Synthesis(s).feed(wanted), f"{name}, {s}")
