# SPDX-License-Identifier: Apache-2.0
"""More than an hour of people speaking equals pymicro-features, as one stream and file by file."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.sound.front_end import Samples, features
from tests.conftest import ROOT
from tests.sound.front_end.host import HostFrontEnd
from tests.sound.front_end.oracle import WHEEL, wheel

RECORDINGS = Path(os.environ.get("MCU_GHOST_RECORDINGS", ROOT.parent / "shared" / "data"))
HINT = "needs hours of 16 kHz .flac files in ../shared/data, or MCU_GHOST_RECORDINGS=FOLDER"
pytestmark = [pytest.mark.toolchain, pytest.mark.skipif(not RECORDINGS.is_dir(), reason=HINT)]


HOUR = 3600 * 16000


@pytest.fixture(scope="module")
def recordings() -> list[Samples]:
    """Return all files, those of people saying sentences first."""
    found = [soundfile.read(file, dtype="int16") for file in sorted(RECORDINGS.rglob("*.flac"))]
    assert all(rate == 16000 for _, rate in found)
    return [samples for samples, _ in found]


@pytest.fixture(scope="module")
def first(recordings: list[Samples]) -> int:
    """Return how many files make up an hour."""
    count = int(np.searchsorted(np.cumsum([len(r) for r in recordings]), HOUR)) + 1
    assert count < len(recordings), "less than an hour of recordings"
    return count


def test_an_hour_as_one_stream(recordings: list[Samples], first: int, tmp_path: Path) -> None:
    stream = np.concatenate(recordings[:first])
    assert len(stream) >= HOUR
    want = wheel(stream)
    assert np.array_equal(HostFrontEnd(WHEEL, tmp_path, sanitize=False).hops(stream), want)
    assert np.array_equal(features(stream, WHEEL), want)


def test_every_other_file(recordings: list[Samples], first: int, tmp_path: Path) -> None:
    host = HostFrontEnd(WHEEL, tmp_path, sanitize=False)
    for number, samples in enumerate(recordings[first:], first):
        host.reset()
        assert np.array_equal(host.hops(samples), wheel(samples)), number
