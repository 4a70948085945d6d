# SPDX-License-Identifier: Apache-2.0
"""The arithmetic equals that of TensorFlow's own operator, given its tables.

The operator computes window and mel scale in double precision, where the library for
microcontrollers takes single precision; a few weights differ by 1 of 4096 for that.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.front_end import FrontEndSettings, features
from tests.sound.front_end.signals import SIGNALS, speech

pytestmark = pytest.mark.train


def _mel(hz: np.ndarray) -> np.ndarray:
    return (1127.0 * np.log1p(hz.astype(np.float64) / 700.0)).astype(np.float32)


def _window(size: int) -> np.ndarray:
    step = float(np.float32(2 * np.pi / size))
    values = (0.5 - 0.5 * np.cos(step * (np.arange(size) + 0.5))).astype(np.float32)
    return np.floor(values.astype(np.float64) * 4096 + 0.5).astype(np.int16)


@pytest.fixture
def other_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Return what gives the front end the operator's tables; they are kept for no other test."""

    def replace() -> None:
        tables._filter_bank.cache_clear()
        monkeypatch.setattr(tables, "_mel", _mel)
        monkeypatch.setattr(tables, "window", _window)

    yield replace
    tables._filter_bank.cache_clear()


@pytest.mark.parametrize(
    "s",
    [
        FrontEndSettings(16000, 30, 10, 40, 125, 7500),
        FrontEndSettings(16000, 25, 10, 32, 125, 7500),
        FrontEndSettings(16000, 64, 20, 64, 0, 7900),
        FrontEndSettings(8000, 20, 20, 20, 60, 3800),
        FrontEndSettings(8000, 32, 8, 13, 300, 3400),
    ],
)
def test_equals_the_operator(s: FrontEndSettings, other_tables: Callable[[], None]) -> None:
    import tensorflow as tf
    from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

    samples = np.concatenate([speech(), *(signal() for signal in SIGNALS.values())])
    want = audio_microfrontend_op.audio_microfrontend(
        tf.constant(samples),
        sample_rate=s.sample_rate,
        window_size=s.window_ms,
        window_step=s.hop_ms,
        num_channels=s.channels,
        lower_band_limit=float(s.low_hz),
        upper_band_limit=float(s.high_hz),
        enable_pcan=True,
        enable_log=True,
        out_scale=1,
        out_type=tf.uint16,
    ).numpy()
    ours = features(samples, s)
    assert (ours != want[: len(ours)]).mean() < 0.01
    other_tables()
    assert np.array_equal(features(samples, s), want[: len(ours)])
