# SPDX-License-Identifier: Apache-2.0
"""More than an hour of people speaking equals pymicro-features, as one stream and file by file."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.frontend import Samples, features
from tests.frontend.host import HostFrontEnd
from tests.frontend.oracle import WHEEL, wheel

RECORDINGS = Path(
    os.environ.get("MCU_GHOST_RECORDINGS", Path(__file__).parents[3] / "shared" / "data")
)
HINT = "needs hours of 16 kHz .flac files in ../shared/data, or MCU_GHOST_RECORDINGS=FOLDER"
pytestmark = [pytest.mark.toolchain, pytest.mark.skipif(not RECORDINGS.is_dir(), reason=HINT)]


@pytest.fixture(scope="module")
def recordings() -> list[Samples]:
    """Return all files: those of people saying sentences come first."""
    found = [soundfile.read(file, dtype="int16") for file in sorted(RECORDINGS.rglob("*.flac"))]
    assert all(rate == 16000 for _, rate in found)
    return [samples for samples, _ in found]


def test_one_stream_of_more_than_an_hour(recordings: list[Samples], tmp_path: Path) -> None:
    lengths = np.cumsum([len(samples) for samples in recordings])
    files = int(np.searchsorted(lengths, 3600 * 16000)) + 1
    stream = np.concatenate(recordings[:files])
    assert len(stream) > 3600 * 16000
    want = wheel(stream)
    assert np.array_equal(HostFrontEnd(WHEEL, tmp_path, sanitize=False).hops(stream), want)
    assert np.array_equal(features(stream, WHEEL), want)


def test_every_file_from_a_fresh_start(recordings: list[Samples], tmp_path: Path) -> None:
    host = HostFrontEnd(WHEEL, tmp_path, sanitize=False)
    different = values = 0
    for samples in recordings:
        want = wheel(samples)
        host.reset()
        different += int((host.hops(samples) != want).sum())
        values += want.size
    assert values > 40 * 360000 and different == 0
