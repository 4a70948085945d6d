# SPDX-License-Identifier: Apache-2.0
"""Sound that is written piece by piece: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording, sound_file
from tests.sound.data.sets import tone


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "A.WAV"])
def test_pieces_are_the_whole(tmp_path: Path, name: str) -> None:
    wave = tone(1)[:, 0]
    with sound_file.writing(tmp_path / name, 8000) as write:
        for piece in np.split(wave, [0, 1, 700]):
            write(piece)
    assert np.array_equal(recording.decode(tmp_path / name).samples[:, 0], wave)
    info = soundfile.info(tmp_path / name)
    assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_what_is_not_finished_leaves_what_was(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"older")
    with pytest.raises(error), sound_file.writing(path) as write:
        write(tone(1)[:, 0])
        raise error
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


def test_more_than_a_wav_file_can_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_file, "_LONGEST_WAV", 2000)
    for name in ("a.flac", "a.wav"):
        with sound_file.writing(tmp_path / name) as write:
            write(np.zeros(1000, np.int16))
            if name == "a.flac":
                write(np.zeros(1000, np.int16))
                continue
            with pytest.raises(GhostError, match=r"a\.wav: is too long .* Name a \.flac file"):
                write(np.zeros(1, np.int16))


def test_blocks_are_no_longer_than_asked_for(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1), 16000)
    with sound_file.reading(tmp_path / "a.wav") as reading:
        blocks = list(reading.blocks(700))
    assert {len(block) for block in blocks[:-1]} == {700} and reading.found == len(tone(1))
