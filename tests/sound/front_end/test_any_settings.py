# SPDX-License-Identifier: Apache-2.0
"""With any settings, NumPy equals the library below pymicro-features, and C equals NumPy."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost.sound.front_end import FrontEndSettings, Samples, features
from tests.sound.front_end.host import HostFrontEnd
from tests.sound.front_end.oracle import library


@st.composite
def front_ends(draw: st.DrawFn, *, nyquist: bool) -> FrontEndSettings:
    """Return any settings; the library refuses bands that reach half the sample rate."""
    rate = draw(st.sampled_from([8000, 16000]))
    window = draw(st.integers(10, 64))
    highest = rate / 2 if nyquist else rate / 2 - 100
    return FrontEndSettings(
        sample_rate=rate,
        window_ms=window,
        hop_ms=draw(st.integers(5, min(20, window))),
        channels=draw(st.integers(8, 64)),
        low_hz=draw(st.one_of(st.integers(0, 1000), st.floats(0, 1000))),
        high_hz=draw(st.one_of(st.just(highest), st.floats(2000, highest))),
    )


def some(s: FrontEndSettings, seed: int, bits: float) -> Samples:
    """Return 60 hops and a bit of noise of any loudness, with a few extremes."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 2**bits, 60 * s.hop + 7)
    samples = np.clip(np.rint(noise), -32768, 32767).astype(np.int16)
    samples[rng.integers(0, len(samples), 5)] = -32768
    return samples


SEEDS, LOUDNESS = st.integers(0, 2**32), st.floats(0, 15.1)


@given(front_ends(nyquist=False), SEEDS, LOUDNESS)
@settings(max_examples=60, deadline=None)
def test_numpy_equals_the_library(s: FrontEndSettings, seed: int, bits: float) -> None:
    samples = some(s, seed, bits)
    want, got = library(samples, s), features(samples, s)
    assert want is not None
    assert len(got) == 60 - s.history // s.hop
    assert np.array_equal(got, want[: len(got)])


@pytest.mark.toolchain
@settings(max_examples=40, deadline=None)
@given(front_ends(nyquist=True), SEEDS, LOUDNESS)
def test_c_equals_numpy(
    tmp_path_factory: pytest.TempPathFactory, s: FrontEndSettings, seed: int, bits: float
) -> None:
    samples = some(s, seed, bits)
    folder: Path = tmp_path_factory.getbasetemp()
    assert np.array_equal(HostFrontEnd(s, folder).hops(samples), features(samples, s))
