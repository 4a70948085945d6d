# SPDX-License-Identifier: Apache-2.0
"""The C front end, compiled for this machine, equals pymicro-features for every value."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.sound import audio
from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.front_end import _logarithm
from tests.sound.front_end.host import FORMULA, HostFrontEnd
from tests.sound.front_end.oracle import WHEEL, original_logarithms, wheel
from tests.sound.front_end.signals import SIGNALS, speech, squares

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


class _Constants(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint16) for name in ("window", "hop", "history", "points", "channels")),
        *((name, ctypes.c_uint16) for name in ("first_bin", "headroom", "snr_shift")),
        *((name, ctypes.c_int16) for name in ("multiplier", "shift")),
        ("zero_point", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in ("coefficients", "places", "twiddles")),
        *((name, ctypes.c_void_p) for name in ("real_twiddles", "widths", "weights")),
        *((name, ctypes.c_void_p) for name in ("gains", "logarithms")),
    ]


def test_roots_are_exact(host: HostFrontEnd, folder: Path) -> None:
    numbers, want = squares()
    # One channel each: 4096 times one bin, and another bin once.
    energies = np.array([divmod(x, 4096) for x in numbers], np.uint32)
    widths = np.array([0] + [2] * len(numbers), np.uint16)
    weights = np.array([4096, 1] * len(numbers), np.uint32)
    constants = _Constants(
        channels=len(numbers), widths=widths.ctypes.data, weights=weights.ctypes.data
    )
    got = np.zeros(len(numbers), np.uint32)
    library = ctypes.CDLL(str(folder / "firmware_True.so"))
    library.ghost_filter_bank(
        ctypes.byref(constants),
        ctypes.c_void_p(energies.ctypes.data),
        0,
        ctypes.c_void_p(got.ctypes.data),
    )
    assert got.tolist() == want


def test_logarithms_are_exact(host: HostFrontEnd, folder: Path) -> None:
    """A segment's slope moves a logarithm by 2^-16 at most, which features seldom show."""
    rng = np.random.default_rng(3)
    signal = (2 ** rng.uniform(0, 29, 60000)).astype(np.uint32)
    table = tables.logarithms()
    constants = _Constants(channels=len(signal), headroom=3, logarithms=table.ctypes.data)
    got = np.zeros(len(signal), np.uint16)
    library = ctypes.CDLL(str(folder / "firmware_True.so"))
    library.ghost_log(
        ctypes.byref(constants),
        ctypes.c_void_p(signal.ctypes.data),
        ctypes.c_void_p(got.ctypes.data),
    )
    want = original_logarithms(signal, 3)
    assert np.array_equal(got, want)
    assert np.array_equal(_logarithm(signal.astype(np.int64) << 3), want)
