# SPDX-License-Identifier: Apache-2.0
"""Files as people have them, and as disks leave them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from tests.sound.data.sets import tone


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "PCM_U8"])
def test_every_kind_of_sample_has_the_same_level(tmp_path: Path, subtype: str) -> None:
    wave = tone(1)[:, 0]
    soundfile.write(tmp_path / "a.wav", wave / 32768, 16000, subtype=subtype)
    got = recording.read(tmp_path / "a.wav").astype(int)
    assert np.abs(got - wave).max() <= (256 if subtype == "PCM_U8" else 1)


def test_floats_beyond_full_scale_and_not_numbers(tmp_path: Path) -> None:
    wave = np.array([0.5, np.nan, 3.0, -3.0, np.inf, -np.inf])
    soundfile.write(tmp_path / "a.wav", wave, 16000, subtype="FLOAT")
    assert recording.read(tmp_path / "a.wav").tolist() == [16384, 0, 32767, -32768, 32767, -32768]


def test_stereo_is_the_mean(tmp_path: Path) -> None:
    both = np.array([[100, 300], [-7, -7], [32767, 32767]], np.int16)
    soundfile.write(tmp_path / "a.flac", both, 16000)
    assert recording.read(tmp_path / "a.flac").tolist() == [200, -7, 32767]


def test_rates_nobody_records_at(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1), 7)
    with pytest.raises(GhostError, match="7 samples per second"):
        recording.read(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_broken_bytes_are_one_clear_error_or_readable(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    whole = recording.encode(tone(1)[:, 0], kind)
    path = tmp_path / f"a.{kind}"
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(0, rng.choice([60, len(data)]), 3):
            data[at] = rng.integers(256)
        path.write_bytes(data[: int(rng.integers(len(data) // 2, len(data) + 1))])
        try:
            assert recording.read(path).dtype == np.int16
        except GhostError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")
    assert 50 < refused <= 300


def test_a_header_that_promises_more_than_memory(tmp_path: Path) -> None:
    data = bytearray(recording.encode(tone(1)[:, 0], "flac"))
    data[21] |= 0x0F  # the upper bits of STREAMINFO's 36-bit number of samples
    path = tmp_path / "a.flac"
    path.write_bytes(data)
    assert soundfile.info(path).frames > 1 << 34
    with pytest.raises(GhostError, match="not a readable recording"):
        recording.read(path)


def test_encoding_is_the_same_bytes_and_back() -> None:
    wave = tone(3)[:, 0]
    for kind in ("wav", "flac"):
        content = recording.encode(wave, kind)
        assert content == recording.encode(wave, kind)
        assert np.array_equal(recording.decode(io.BytesIO(content), "x").mono(), wave)
