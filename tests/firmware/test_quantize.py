# SPDX-License-Identifier: Apache-2.0
"""Real numbers to int8 and back in C: equal to NumPy's, and in fixed point to exact fractions."""

from __future__ import annotations

import ctypes
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network.ends import End
from mcu_ghost.network.tensor import Tensor
from tests.conftest import compile_host

pytestmark = pytest.mark.toolchain

# Of a softmax, a sensor, an awkward one, one of halves, and what a file may have at most.
ENDS = [
    (1 / 256, -128),
    (0.0314, 3),
    (125 / 255, -128),
    (0.5, 0),
    (7.0, 127),
    (1e-30, 5),
    (9e29, 9),
]
FRACTIONS = (0, 1, 7, 14, 16, 31)
SOURCE = """
#include "ghost_quantize.h"
void quantize(const float *x, int8_t *y, int n, float scale, int32_t zero_point) {
  for (int i = 0; i < n; i++) y[i] = ghost_quantize(x[i], scale, zero_point);
}
void dequantize(const int8_t *x, float *y, int n, float scale, int32_t zero_point) {
  for (int i = 0; i < n; i++) y[i] = ghost_dequantize(x[i], scale, zero_point);
}
void quantize_fixed(const int32_t *x, int8_t *y, int n, uint32_t fraction, uint32_t mantissa,
                    int32_t exponent, int32_t zero_point) {
  for (int i = 0; i < n; i++)
    y[i] = ghost_quantize_fixed(x[i], fraction, mantissa, exponent, zero_point);
}
void quantize_above(const int32_t *x, int8_t *y, int n, uint32_t fraction, float offset,
                    float scale, int32_t zero_point) {
  for (int i = 0; i < n; i++)
    y[i] = ghost_quantize_fixed_above(x[i], fraction, offset, scale, zero_point);
}
void dequantize_fixed(const int8_t *x, int32_t *y, int n, uint32_t fraction, uint32_t mantissa,
                      int32_t exponent, int32_t zero_point) {
  for (int i = 0; i < n; i++)
    y[i] = ghost_dequantize_fixed(x[i], fraction, mantissa, exponent, zero_point);
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("quantize")
    (folder / "loops.c").write_text(SOURCE)
    return ctypes.CDLL(str(compile_host(folder / "loops.so", [folder / "loops.c"])))


def through(
    function: ctypes._NamedFuncPointer, x: np.ndarray, dtype: type, *rest: object
) -> np.ndarray:
    """Run values through one of the loops."""
    y = np.zeros(len(x), dtype)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, y)]
    function(*pointers, len(x), *rest)
    return y


def tensor(scale: float, zero_point: int) -> Tensor:
    return Tensor("x", (1,), "int8", float(np.float32(scale)), zero_point)


def around(values: np.ndarray) -> np.ndarray:
    """Return float32 values and their neighbours."""
    near = values.astype(np.float32)
    below, above = (np.nextafter(near, np.float32(to)) for to in (-np.inf, np.inf))
    return np.concatenate([near, below, above])


def rounded(x: Fraction, low: int, high: int) -> int:
    """Return the nearest whole number, halves away from zero, saturated."""
    nearest = math.floor(abs(x) + Fraction(1, 2))
    return max(low, min(high, nearest if x >= 0 else -nearest))


@pytest.mark.parametrize(("scale", "zero_point"), ENDS)
def test_floats(library: ctypes.CDLL, scale: float, zero_point: int) -> None:
    t = tensor(scale, zero_point)
    every = np.arange(-128, 128).astype(np.int8)
    real = t.dequantize(every)
    c_scale = ctypes.c_float(t.scale)
    found = through(library.dequantize, every, np.float32, c_scale, zero_point)
    np.testing.assert_array_equal(found, real)
    np.testing.assert_array_equal(t.quantize(real), every)  # there and back
    with np.errstate(over="ignore"):
        halves = around((np.arange(-300, 300) + 0.5) * t.scale)
    patterns = (np.arange(1 << 16, dtype=np.uint32) << 16 | 0x5555).view(np.float32)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], np.float32)
    x = np.concatenate([real, halves, patterns, special])
    want = t.quantize(x)
    found = through(library.quantize, x, np.int8, c_scale, zero_point)
    np.testing.assert_array_equal(found, want)
    assert {-128, 127, zero_point} <= set(want.tolist())
    assert want[-5:].tolist() == [zero_point, zero_point, 127, -128, zero_point]


def test_halves_go_away_from_zero() -> None:
    assert tensor(0.5, 10).quantize([0.25, -0.25, 0.24999999, 0.75]).tolist() == [11, 9, 10, 12]


@pytest.mark.parametrize(("scale", "zero_point"), ENDS)
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_fixed_point(library: ctypes.CDLL, scale: float, zero_point: int, fraction: int) -> None:
    t = tensor(scale, zero_point)
    mantissa, exponent = End(t, (), ()).fixed_scale
    step = Fraction(t.scale)
    assert step == Fraction(mantissa) * Fraction(2) ** exponent and 1 << 23 <= mantissa < 1 << 24
    edges = [math.floor((2 * i + 1) * step * 2**fraction / 2) for i in range(-260, 260)]
    wild = np.random.default_rng(1).integers(-(2**31), 2**31, 200).tolist()
    x = [v + d for v in edges for d in (-1, 0, 1)] + wild + [0, 1, -1, 2**31 - 1, -(2**31)]
    x = [v for v in x if -(2**31) <= v < 2**31]
    want = [rounded(Fraction(v, 1 << fraction) / step, -512, 512) + zero_point for v in x]
    rest = (fraction, mantissa, exponent, zero_point)
    found = through(library.quantize_fixed, np.array(x, np.int32), np.int8, *rest)
    np.testing.assert_array_equal(found, np.clip(want, -128, 127))
    every = np.arange(-128, 128)
    back = [rounded((q - zero_point) * step * 2**fraction, -(2**31), 2**31 - 1)
            for q in every.tolist()]  # fmt: skip
    found = through(library.dequantize_fixed, every.astype(np.int8), np.int32, *rest)
    np.testing.assert_array_equal(found, back)


# Degrees, hectopascals beside hertz, and what a file may have at most.
CHANNELS = [
    (0.0625, 12.5),
    (0.3, -1013.25),
    (1e-5, 3e-4),
    (0.0314, 0.0),
    (0.0314, 1e-42),
    (2e7, 2.2e9),
    (1e-30, 1e-30),
    (1e-30, 1e30),
    (9e29, -9e29),
    (1e22, 3e23),
]


@pytest.mark.parametrize(("scale", "offset"), CHANNELS)
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_fixed_point_above_an_offset(
    library: ctypes.CDLL, scale: float, offset: float, fraction: int
) -> None:
    """Exact, so no float of a value comes closer; at a distance from halves both are the same."""
    one, zero_point = End(tensor(0, -3), (), (), scales=(scale,), offsets=(offset,)), -3
    step, start = Fraction(float(np.float32(scale))), Fraction(float(np.float32(offset)))
    start = start if abs(start) >= Fraction(1, 2**126) else Fraction(0)  # what has fewer bits
    edges = [math.floor(((2 * i + 1) * step / 2 + start) * 2**fraction) for i in range(-260, 260)]
    wild = np.random.default_rng(2).integers(-(2**31), 2**31, 200).tolist()
    x = [v + d for v in edges for d in (-1, 0, 1)] + wild + [0, 1, -1, 2**31 - 1, -(2**31)]
    x = [v for v in x if -(2**31) <= v < 2**31]
    steps = [(Fraction(v, 1 << fraction) - start) / step for v in x]
    want = np.clip([rounded(s, -512, 512) + zero_point for s in steps], -128, 127)
    rest = (fraction, ctypes.c_float(offset), ctypes.c_float(scale), zero_point)
    found = through(library.quantize_above, np.array(x, np.int32), np.int8, *rest)
    np.testing.assert_array_equal(found, want)
    clear = np.array([abs(s) > 512 or abs(s % 1 - Fraction(1, 2)) > 0.01 for s in steps])
    reals = np.array(x, np.float64) / 2**fraction
    np.testing.assert_allclose(found[clear], one.quantize(reals)[clear], atol=abs(offset) > 1e9)
