# SPDX-License-Identifier: Apache-2.0
"""Files as people have them, and as disks leave them."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable
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


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_louder_than_full_scale_is_clipped_and_never_wraps(tmp_path: Path, subtype: str) -> None:
    wave = np.sign(np.sin(np.arange(48000) / 25))
    soundfile.write(tmp_path / "a.ogg", wave, 48000, subtype=subtype)
    assert np.abs(soundfile.read(tmp_path / "a.ogg")[0]).max() > 1.2
    got = recording.decode(tmp_path / "a.ogg").samples[:, 0] / 32768
    assert np.abs(got - wave)[np.abs(wave) > 0].mean() < 0.2


@pytest.mark.parametrize("rate", [8000, 11025, 15999, 16000, 22050, 44100, 48000, 96000])
def test_a_stream_is_resampled_as_the_whole(rate: int) -> None:
    rng = np.random.default_rng(rate)
    wave = rng.integers(-32768, 32768, rate + 77).astype(np.int16)
    for pieces in ([wave], np.split(wave, [1, 2, 500, 501, 3000]), [wave[:5]], [wave[:0]]):
        resampler = recording.Resampler(rate)
        made = np.concatenate([*map(resampler.feed, pieces), resampler.finish()])
        whole = np.concatenate(pieces)
        want = recording.resample(whole, rate) if len(whole) else whole
        np.testing.assert_array_equal(made, want)


def test_rates_nobody_records_at(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1), 7)
    with pytest.raises(GhostError, match="7 Hz"):
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


def wav(rate: int = 16000, channels: int = 1, data: bytes = bytes(640), says: int = -1) -> bytes:
    """Return a WAV file of 16 bits whose header says what it is told to."""
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    says = len(data) if says < 0 else says
    body = (
        b"WAVE" + b"fmt " + struct.pack("<I", 16) + fmt + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    )
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + body + b"data" + struct.pack("<I", says) + data


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8", "FLOAT", "ULAW"])
def test_a_file_that_has_lost_its_end_says_so(subtype: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.tile(tone(1, seconds=1.0), 2), 16000, subtype=subtype)
    assert recording.decode(path).missing == 0 and recording.decode(path).cut_off == ""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = recording.decode(path)
    assert len(found.samples) + found.missing == 16000 and abs(found.missing - 8000) < 60
    assert "ends after 0.50 s, its header promises 1.00 s" in found.cut_off


@pytest.mark.parametrize("says", [0x7FFF0000, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_nobody_knew_when_it_was_written_promises_nothing(says: int) -> None:
    found = recording.decode(io.BytesIO(wav(data=bytes(640), says=says)), "x")
    assert len(found.samples) == 320 and found.missing == 0


def test_a_header_that_promises_hours() -> None:
    found = recording.decode(io.BytesIO(wav(data=bytes(640), says=0x7FFE0000)), "x")
    assert len(found.samples) == 320 and found.missing == 0x7FFE0000 // 2 - 320


def peak(work: Callable[[], object]) -> int:
    """Return the bytes that something needs at once."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_rates_and_channels_of_a_header_do_not_cost_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    refused = 0
    for rate in (383_999, 96_001, 50_021, 49_999, 44_101, 44_100, 96_000, 192_000, 384_000):
        path.write_bytes(wav(rate))

        def read() -> None:
            nonlocal refused
            try:
                recording.read(path)
            except GhostError as error:
                refused += 1
                assert f"({rate} Hz)" in str(error)  # noqa: B023 - called at once

        assert peak(read) < 60_000_000
    assert refused == 3
    path.write_bytes(wav(channels=1000, data=bytes(4000)))
    assert peak(lambda: recording.decode(path)) < 20_000_000


def test_a_small_file_of_many_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_LONGEST", 3 << 20)
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(3 << 20, np.int16), 16000)
    assert len(recording.read(path)) == 3 << 20
    soundfile.write(path, np.zeros((3 << 20) + 1, np.int16), 16000)
    assert path.stat().st_size < 100_000
    with pytest.raises(GhostError, match=r"a\.flac: is longer than 0\.1 hours. Cut it"):
        recording.read(path)


def test_encoding_is_the_same_bytes_and_back() -> None:
    wave = tone(3)[:, 0]
    for kind in ("wav", "flac"):
        content = recording.encode(wave, kind)
        assert content == recording.encode(wave, kind)
        assert np.array_equal(recording.decode(io.BytesIO(content), "x").mono(), wave)
