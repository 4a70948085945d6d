# SPDX-License-Identifier: Apache-2.0
"""The C front end, compiled for this machine, equals pymicro-features and NumPy for every value."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcu_ghost import audio
from mcu_ghost.errors import GhostError
from mcu_ghost.frontend import Settings, features
from tests.frontend.host import FORMULA, HostFrontEnd
from tests.frontend.oracle import WHEEL, wheel
from tests.frontend.signals import SIGNALS, speech

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("front_end")


@pytest.fixture
def host(folder: Path) -> HostFrontEnd:
    return HostFrontEnd(WHEEL, folder)


@pytest.mark.parametrize("name", SIGNALS)
def test_equals_the_wheel(host: HostFrontEnd, name: str) -> None:
    samples = SIGNALS[name]()
    assert np.array_equal(host.hops(samples), wheel(samples))


def test_speech_equals_the_wheel_again_after_reset(host: HostFrontEnd) -> None:
    samples = speech()
    want = wheel(samples)
    assert np.array_equal(host.hops(samples), want)
    host.reset()
    assert np.array_equal(host.hops(samples), want)


def test_two_streams_side_by_side(host: HostFrontEnd, folder: Path) -> None:
    other = HostFrontEnd(WHEEL, folder)
    other.scratch = host.scratch
    a, b = speech()[:32000], SIGNALS["noise"]()[:24000]
    got: tuple[list, list] = ([], [])
    for start in range(0, 24000, 160):
        for front_end, samples, frames in ((host, a, got[0]), (other, b, got[1])):
            frames += [*front_end.hops(samples[start : start + 160])]
    assert np.array_equal(got[0], wheel(a[:24000]))
    assert np.array_equal(got[1], wheel(b))


def test_quantizes_as_training_does(host: HostFrontEnd) -> None:
    values = np.random.default_rng(0).integers(0, 1420, 40).astype(np.uint16)
    for row in (values, np.full(40, 65535, np.uint16), np.arange(40, dtype=np.uint16)):
        assert np.array_equal(host.quantize(row), audio.to_int8(row, FORMULA))


@st.composite
def front_ends(draw: st.DrawFn) -> Settings:
    rate = draw(st.sampled_from([8000, 16000]))
    window = draw(st.integers(10, 64))
    low = draw(st.one_of(st.integers(0, 1000), st.floats(0, 1000)))
    values = {
        "sample_rate": rate,
        "window_ms": window,
        "hop_ms": draw(st.integers(5, min(20, window))),
        "channels": draw(st.integers(8, 64)),
        "low_hz": low,
        "high_hz": draw(st.one_of(st.just(rate // 2), st.integers(2000, rate // 2))),
    }
    try:
        return Settings(**values)
    except GhostError:  # too narrow for any bin
        return Settings(**values | {"high_hz": rate / 2})


@given(front_ends(), st.integers(0, 2**32), st.floats(0, 15.1))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_settings_equal_numpy(folder: Path, s: Settings, seed: int, bits: float) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 2**bits, 60 * s.hop + 7)
    samples = np.clip(np.rint(noise), -32768, 32767).astype(np.int16)
    samples[rng.integers(0, len(samples), 5)] = -32768
    got = HostFrontEnd(s, folder).hops(samples)
    want = features(samples, s)
    assert len(want) == 60 - s.history // s.hop
    assert np.array_equal(got, want)
