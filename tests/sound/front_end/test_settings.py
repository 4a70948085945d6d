# SPDX-License-Identifier: Apache-2.0
"""What a model's metadata may say of its front end, and the tables for all of it."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.sound import audio
from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.audio import Formula
from mcu_ghost.sound.front_end import FrontEndSettings
from tests.sound.front_end.host import generated


def test_what_follows_from_them() -> None:
    s = FrontEndSettings(16000, 30, 10, 40, 125, 7500, 2)
    assert s == audio.KEYWORDS
    assert (s.window, s.hop, s.history, s.points) == (480, 160, 320, 256)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window_ms": 12, "hop_ms": 15}, "hop_ms must be at most window_ms, not 15."),
        ({"sample_rate": 8000}, "high_hz must be at most half of sample_rate, not 7500."),
        ({"low_hz": 7500.0}, "high_hz must be further above low_hz = 7500, not 7500."),
        ({"high_hz": 126.0}, "high_hz must be further above low_hz = 125, not 126."),
    ],
)
def test_two_that_do_not_go_together(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dataclasses.replace(audio.KEYWORDS, **change)


def test_a_formula_fits_in_32_bits() -> None:
    with pytest.raises(ValueError, match="^multiplier is 32767 and shift is 30; with both halved"):
        Formula(32767, 30, 0)
    assert Formula(16384, 29, 0).shift == 29


@given(
    st.sampled_from([8000, 16000]),
    st.integers(8, 64),
    st.floats(0, 1000),
    st.floats(2000, 4000),
    st.integers(10, 64),
)
def test_tables_of_any_settings(
    rate: int, channels: int, low: float, high: float, window_ms: int
) -> None:
    s = FrontEndSettings(rate, window_ms, 10, channels, low, min(high, rate / 2))
    bands, weights = tables.bands(s), tables.weights(s)
    assert (np.diff(bands) >= 0).all() and bands[0] >= 0 and bands[-1] <= channels
    assert tables.first_bin(s) >= 1 and tables.first_bin(s) + len(bands) <= s.points + 1
    assert (abs(weights.sum(axis=1) - 4096) <= 1).all() and (weights >= 0).all()
    assert sorted(tables.order(s.points)) == list(range(s.points))
    assert s.window <= 2 * s.points < 2 * s.window
    window = tables.window(s.window)
    assert window.min() >= 0 and window.max() <= 4096


def test_the_header_says_what_an_app_needs() -> None:
    texts = generated(FrontEndSettings(8000, 30, 16, 24, 125, 3800, 3, 4))
    assert list(texts) == ["front_end.h", "front_end_data.h", "front_end.c"]
    defined = dict(re.findall(r"#define FRONT_END_(\w+) (\d+)u", texts["front_end.h"]))
    assert defined == {"HOP": "128", "CHANNELS": "24", "STEP": "3", "STACK": "4", "RATE": "8000"}


@pytest.mark.parametrize("headroom", [1, 2, 3, 4])
def test_gains_stay_in_16_bits(headroom: int) -> None:
    """The C computes them in 32 bits and takes them for positive."""
    value, slope, curvature, _ = tables.gains(headroom).astype(np.int64).T[..., None]
    fraction = np.arange(1024)
    product = ((curvature * fraction >> 5) + (slope << 5)) * fraction + (1 << 14)
    gain = value + (product >> 15)
    assert abs(product).max() < 1 << 31
    assert gain.min() >= 0 and gain.max() <= 32767


def test_the_logarithm_is_that_of_c_libraries() -> None:
    """Where it is not the nearest float32: which one comes out decides over weights."""
    hz = np.array([187.5, 406.25, 468.75, 968.75, 1750, 3062.5], np.float32)
    known = (
        "1.e60c5p-3",
        "1.d4a26cp-2",
        "1.0674c8p-1",
        "1.bcccc4p-1",
        "1.40b514p+0",
        "1.ae87bcp+0",
    )
    got = tables._log1p(hz / np.float32(700))
    assert got.tolist() == [float.fromhex(value) for value in known]
    nearest = np.log1p((hz / np.float32(700)).astype(np.float64)).astype(np.float32)
    assert (got != nearest).all()
