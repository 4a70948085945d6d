# SPDX-License-Identifier: Apache-2.0
"""What a model's metadata may say of its front end, and the tables for all of it."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.build.front_end_c import frontend_sources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import audio
from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.front_end import Settings
from tests.sound.front_end.host import FORMULA

GOOD = audio.FRONT_END


def test_reads_what_a_model_says() -> None:
    s = Settings.read(GOOD)
    assert s == Settings(16000, 30, 10, 40, 125, 7500, 2)
    assert (s.window, s.hop, s.history, s.points) == (480, 160, 320, 256)
    assert Settings.read({k: v for k, v in GOOD.items() if k != "step"}).step == 1


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("kind", "mfcc", "'micro_features'"),
        ("kind", None, "'micro_features'"),
        ("sample_rate", 44100, "8000 or 16000"),
        ("sample_rate", "16000", "8000 or 16000"),
        ("window_ms", 9, "a whole number from 10 to 64"),
        ("window_ms", 30.0, "a whole number from 10 to 64"),
        ("hop_ms", 4, "a whole number from 5 to 20"),
        ("hop_ms", 21, "a whole number from 5 to 20"),
        ("channels", 7, "a whole number from 8 to 64"),
        ("channels", True, "a whole number from 8 to 64"),
        ("step", 0, "a whole number from 1 to 100"),
        ("low_hz", -1, "a number from 0 to 8000"),
        ("low_hz", float("nan"), "a number from 0 to 8000"),
        ("high_hz", 8001, "a number from 125 to 8000"),
        ("high_hz", "7500", "a number from 125 to 8000"),
        ("high_hz", 126, "further above low_hz = 125"),
    ],
)
def test_a_bad_value_is_named(key: str, value: Any, wanted: str) -> None:
    with pytest.raises(GhostError) as error:
        Settings.read(GOOD | {key: value})
    assert str(error.value) == f"The model's front_end has {key} = {value!r}; it must be {wanted}."


def test_a_hop_is_no_longer_than_the_window() -> None:
    with pytest.raises(GhostError, match=r"hop_ms = 15; it must be a whole number from 5 to 12\."):
        Settings.read(GOOD | {"window_ms": 12, "hop_ms": 15})


def test_missing_keys_are_named() -> None:
    with pytest.raises(GhostError, match="front_end has no channels; convert"):
        Settings.read({k: v for k, v in GOOD.items() if k != "channels"})
    with pytest.raises(GhostError, match="front_end must be an object, not None"):
        Settings.read(None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"multiplier": 0}, "multiplier = 0; it must be a whole number from 1 to 32767"),
        ({"shift": 0}, "shift = 0; it must be a whole number from 1 to 30"),
        ({"zero_point": 1.5}, "zero_point = 1.5; it must be a whole number from -32768 to 32768"),
        ({"multiplier": 32767, "shift": 30}, "with both halved it fits in 32 bits"),
    ],
)
def test_a_bad_formula_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(GhostError, match=message):
        frontend_sources({"front_end": GOOD, "features_to_int8": FORMULA | change})
    with pytest.raises(GhostError, match="has no features_to_int8"):
        frontend_sources({"front_end": GOOD})


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
    s = Settings(rate, window_ms, 10, channels, low, min(high, rate / 2))
    bands, weights = tables.bands(s), tables.weights(s)
    assert (np.diff(bands) >= 0).all() and bands[0] >= 0 and bands[-1] <= channels
    assert tables.first_bin(s) >= 1 and tables.first_bin(s) + len(bands) <= s.points + 1
    assert (abs(weights.sum(axis=1) - 4096) <= 1).all() and (weights >= 0).all()
    assert sorted(tables.order(s.points)) == list(range(s.points))
    assert s.window <= 2 * s.points < 2 * s.window
    window = tables.window(s.window)
    assert window.min() >= 0 and window.max() <= 4096


def test_the_header_says_what_an_app_needs() -> None:
    changes = {"sample_rate": 8000, "hop_ms": 16, "channels": 24, "high_hz": 3800, "step": 3}
    texts = frontend_sources({"front_end": GOOD | changes, "features_to_int8": FORMULA})
    assert list(texts) == ["front_end.h", "front_end.c"]
    defined = dict(re.findall(r"#define FRONT_END_(\w+) (\d+)u", texts["front_end.h"]))
    assert defined == {"HOP": "128", "CHANNELS": "24", "STEP": "3", "RATE": "8000"}


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
