# SPDX-License-Identifier: Apache-2.0
"""Bands of a spectrum: NumPy in floats, and the C."""

from __future__ import annotations

import ctypes
from ctypes import c_uint16, c_void_p
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.sound import bands, front_end_tables
from mcu_ghost.sound.bands import Bands
from tests.sound import compiled

SIZES = [(64, 257, 16000), (22, 257, 16000), (2, 129, 8000), (129, 129, 16000), (100, 513, 16000)]


def spectra(bins: int) -> np.ndarray:
    """Return frames of noise at all levels, of the extremes, of one bin, and of nothing."""
    rng = np.random.default_rng(bins)
    x = rng.normal(0, 1, (60, bins, 2)) * 2.0 ** rng.uniform(0, 29, (60, 1, 1))
    x = x.clip(-(2**31) + 1, 2**31 - 1)
    x[0], x[1], x[2], x[3] = 0, 2**31 - 1, -(2**31) + 1, 1
    x[4], x[5] = 0, 0
    x[4, bins // 2], x[5, 0, 0] = -1, 2**30
    return x.astype(np.int32)


def weights(count: int, bins: int, rate: int) -> np.ndarray:
    lower, share = bands.shares(count, bins, rate)
    found, places = np.zeros((bins, count)), np.arange(bins)
    found[places, lower] += share / 32768
    found[places, lower + 1] += 1 - share / 32768
    return found


@pytest.mark.parametrize("size", SIZES)
def test_bands_are_triangles_that_add_up_to_one(size: tuple[int, int, int]) -> None:
    count, bins, rate = size
    middle, found = bands.centres(*size), weights(*size)
    assert middle[0] == 0 and middle[-1] == pytest.approx(bins - 1)
    assert np.diff(middle).min() > 0.999 * min(1, (bins - 1) / (count - 1))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)
    for band in range(count):
        exact = np.interp(np.arange(bins), middle, np.eye(count)[band])
        np.testing.assert_allclose(found[:, band], exact, atol=1e-4)


@pytest.mark.parametrize("count", [1, 258])
def test_too_few_and_too_many_bands_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"bands must be 2 to 257, not {count}"):
        Bands(count, 257, 16000)


@pytest.mark.parametrize("size", SIZES)
def test_logarithms_are_those_of_energies(size: tuple[int, int, int]) -> None:
    x = spectra(size[1])
    found = Bands(*size).logarithms(x) / 1024
    energy = (x.astype(np.float64) ** 2).sum(axis=2) @ weights(*size) * 2**15
    loud = energy > np.abs(x).max(axis=(1, 2))[:, None] ** 2.0 * 2**15 / 2**17
    assert loud.any() and np.abs(found - np.log2(np.maximum(energy, 1)))[loud].max() < 0.1
    assert (found[0] == -32).all() and (found[1] > 70).all()


def test_gains_are_interpolated() -> None:
    size = (64, 257, 16000)
    x, rng = spectra(257), np.random.default_rng(3)
    gains = rng.integers(0, 32768, (len(x), 64)).astype(np.int16)
    wanted = x * (gains / 32768 @ weights(*size).T)[..., None] / 2
    found = Bands(*size).apply(gains, x)
    assert np.abs(found - wanted).max() <= 2**30 / 2**16 + 1  # gains have 15 bits
    alike = Bands(*size).apply(np.full_like(gains, 32767), x)
    assert np.abs(alike - x / 2).max() <= 2**31 / 2**16 + 1


class Constants(ctypes.Structure):
    _fields_ = [
        ("count", c_uint16),
        ("bins", c_uint16),
        ("widths", c_void_p),
        ("shares", c_void_p),
        ("logarithms", c_void_p),
    ]


@pytest.mark.toolchain
def test_c_equals_numpy(tmp_path: Path) -> None:
    library = compiled.library(tmp_path, "ghost_bands.c")
    for count, bins, rate in SIZES:
        lower, share = bands.shares(count, bins, rate)
        widths = np.bincount(lower, minlength=count - 1).astype(np.uint16)
        tables = [widths, share, front_end_tables.logarithms()]
        c = Constants(count, bins, *(c_void_p(table.ctypes.data) for table in tables))
        x, model = spectra(bins), Bands(count, bins, rate)
        gains = np.random.default_rng(1).integers(0, 32768, (len(x), count)).astype(np.int16)
        logs, quieter = model.logarithms(x), model.apply(gains, x)
        for frame, gain, log, quiet in zip(x, gains, logs, quieter, strict=True):
            frame, found = frame.copy(), np.full(count + 1, 99, np.int32)
            given = [c_void_p(a.ctypes.data) for a in (frame, found, gain)]
            library.ghost_bands_logarithms(ctypes.byref(c), given[0], given[1])
            np.testing.assert_array_equal(found[:-1], log)
            assert found[-1] == 99
            library.ghost_bands_apply(ctypes.byref(c), given[2], given[0])
            np.testing.assert_array_equal(frame, quiet)


def test_centres_of_low_bands_lie_upon_bins() -> None:
    """So that a last bit of a logarithm cannot move a bin to another band."""
    found = bands.centres(64, 257, 16000)
    low = np.flatnonzero(np.diff(found) < 1.5)
    assert len(low) > 5 and (np.abs(found * 2**20 - np.rint(found * 2**20)) == 0).all()
    exact = bands.centres(257, 257, 16000)
    np.testing.assert_array_equal(exact, np.arange(257))
