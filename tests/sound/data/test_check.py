# SPDX-License-Identifier: Apache-2.0
"""`data check`: each trouble is found, named, and nothing else is."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli import data as verb
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.data import check, facts, folder
from tests.sound.data.sets import put, tone, two_classes


def member(split: str, root: Path, label: str = "go") -> Path:
    """Return a recording of a split."""
    return next(i.path for i in folder.scan(root, [label]) if i.split == split)


def test_a_good_set(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "_background_noise_" / "fan.wav", tone(9, seconds=2))
    report = check.check(tmp_path)
    assert not report.errors and not report.warnings
    assert [one.label for one in report.classes] == ["go", "stop"]
    assert sum(report.classes[0].counts.values()) == 20
    assert report.classes[0].seconds == pytest.approx((0.3, 0.3, 0.3, 6.0))
    assert report.rates == {16000: 40} and report.noise_seconds == 2


def test_the_same_samples_in_two_splits_are_an_error(tmp_path: Path) -> None:
    """Also as another kind of file."""
    two_classes(tmp_path)
    train, test = member("train", tmp_path), member("test", tmp_path)
    test.unlink()
    put(test.with_suffix(".wav"), tone(2 * int(train.stem[1:-2])))
    report = check.check(tmp_path)
    assert report.leaks and set(report.leaks[0]) == {f"go/{train.name}", f"go/{test.stem}.wav"}
    assert report.errors[0].startswith("1 recording is in several splits (go/")
    assert not report.duplicates


def test_the_same_samples_in_one_split_are_remarked(tmp_path: Path) -> None:
    two_classes(tmp_path)
    train = member("train", tmp_path)
    shutil.copy(train, train.with_name(f"{train.stem}_again.flac"))
    report = check.check(tmp_path)
    assert len(report.duplicates) == 1 and not report.leaks and not report.errors
    assert "there several times" in report.warnings[0]


def test_silence_is_not_a_duplicate(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for split in ("train", "test"):
        put(member(split, tmp_path), np.zeros(4000, np.int16))
    report = check.check(tmp_path)
    assert len(report.silent) == 2 and not report.leaks and not report.errors


def test_what_is_wrong_with_recordings(tmp_path: Path) -> None:
    two_classes(tmp_path)
    loud = np.clip(tone(1).astype(np.int32) * 30, -32768, 32767).astype(np.int16)
    put(tmp_path / "go" / "p100_0.wav", loud)
    put(tmp_path / "go" / "p101_0.wav", tone(101) + np.int16(900))
    put(tmp_path / "go" / "p102_0.wav", tone(102, 8000, 2), 8000)
    (tmp_path / "go" / "p103_0.wav").write_bytes(b"RIFF")
    report = check.check(tmp_path)
    assert report.clipped == ("go/p100_0.wav",) and report.offset == ("go/p101_0.wav",)
    assert [name for name, _ in report.unreadable] == ["go/p103_0.wav"]
    assert report.rates == {8000: 1, 16000: 42} and not report.errors
    go = report.classes[0]
    assert (go.clipped, go.offset, go.stereo, go.unreadable, go.silent) == (1, 1, 1, 1, 0)
    told = "\n".join(report.warnings)
    for words in ("1 file cannot be read", "clipped", "DC offset", "channels"):
        assert words in told


def test_a_peak_is_not_clipping() -> None:
    samples = np.zeros(1000, np.int16)
    samples[[5, 6, 300]] = 32767
    assert facts.clipped(samples) == 0
    samples[700:710] = -32768
    assert facts.clipped(samples) == 0.01


def test_classes_that_cannot_be_used(tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "empty").mkdir()
    put(tmp_path / "one" / "p0_0.wav", tone(70))
    put(tmp_path / "broken" / "p0_0.wav", tone(71))
    for i in (1, 2):
        (tmp_path / "broken" / f"p{i}_0.wav").write_bytes(b"RIFF")
    report = check.check(tmp_path)
    assert any("'empty' holds no WAV" in e for e in report.errors)
    assert any("'broken': 2 of 3 recordings cannot be read" in e for e in report.errors)
    assert any("'one' has a single recording" in e for e in report.errors)
    assert any("has 20 recordings, 'broken' only 1" in w for w in report.warnings)
    with pytest.raises(GhostError, match="no folders of recordings"):
        check.check(tmp_path / "go")


def test_lists(tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "go" / "p3_1.flac", tone(60))
    (tmp_path / "testing_list.txt").write_text("go/p3_0.flac\nstop/p3_0.flac\ngo/p77_0.flac\n")
    (tmp_path / "validation_list.txt").write_text("go/p4_0.flac\nstop/p4_0.flac\n")
    report = check.check(tmp_path)
    assert report.speakers == ("p3",)
    told = "\n".join(report.warnings)
    assert "testing_list.txt names 1 file that is not there, such as go/p77_0.flac" in told
    assert "1 name before the first _ are in several splits" in told


def test_what_is_no_file_is_unreadable_and_nothing_waits(tmp_path: Path) -> None:
    two_classes(tmp_path)
    os.mkfifo(tmp_path / "go" / "pipe.wav")
    (tmp_path / "go" / "folder.wav").mkdir()
    (tmp_path / "go" / "gone.flac").symlink_to("nowhere")
    (tmp_path / "go" / "loop.wav").symlink_to("loop.wav")
    (tmp_path / "go" / "zero.WAV").symlink_to("/dev/zero")
    begun = time.monotonic()
    report = check.check(tmp_path)
    assert time.monotonic() - begun < 20
    assert {name: reason.split(" (")[0] for name, reason in report.unreadable} == {
        "go/pipe.wav": "is a pipe, no file.", "go/folder.wav": "is a folder, no file.",
        "go/gone.flac": "a link to nothing.", "go/loop.wav": "cannot be read",
        "go/zero.WAV": "is a device, no file.",
    }  # fmt: skip
    assert report.classes[0].unreadable == 5 and not report.errors


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    two_classes(tmp_path)
    label, name = os.fsdecode(b"g\xe9"), os.fsdecode(b"\xe9t\xe9_0.wav")
    (tmp_path / label).mkdir()
    for person in range(9):
        content = recording.encode(tone(200 + person)[:, 0], "wav")
        (tmp_path / label / f"{person}{name}").write_bytes(content)
    (tmp_path / "validation_list.txt").write_bytes(os.fsencode(f"{label}/0{name}\n"))
    assert folder.listed(tmp_path, "validation") == {f"{label}/0{name}"}
    assert [item.split for item in folder.scan(tmp_path, [label])].count("validation") == 1
    (tmp_path / "validation_list.txt").unlink()
    shutil.copy(tmp_path / label / f"0{name}", tmp_path / label / f"again_{name}")
    report = check.check(tmp_path)
    assert not report.unreadable and [one.label for one in report.classes] == sorted(
        ["go", "stop", label]
    )
    for words in (["check", str(tmp_path)], ["check", str(tmp_path), "--json"]):
        result = CliRunner().invoke(verb.command, words)
        assert (
            result.exit_code in (0, 1)
            and result.exception is None
            or isinstance(result.exception, SystemExit)
        )
        assert "\\udce9" in result.output


def test_a_recording_that_has_lost_its_end_is_remarked(tmp_path: Path) -> None:
    two_classes(tmp_path)
    path = put(tmp_path / "go" / "p3_0.wav", tone(77))
    path.write_bytes(path.read_bytes()[:-4000])
    report = check.check(tmp_path)
    assert [name for name, _ in report.cut_off] == ["go/p3_0.wav"] and not report.errors
    assert any("1 recording ends before what the header promises" in w for w in report.warnings)
    result = CliRunner().invoke(verb.command, ["check", str(tmp_path)])
    assert "go/p3_0.wav: ends after 0.17 s, its header promises 0.30 s" in result.stdout


def test_many_troubles_are_a_few_lines(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for number in range(100):
        (tmp_path / "go" / f"x{number}_0.wav").write_bytes(b"nothing")
        (tmp_path / f"empty{number}").mkdir()
    result = CliRunner().invoke(verb.command, ["check", str(tmp_path)])
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if "go/x" in line or "error" in line]
    assert len(lines) < 50 and "… and 80 more; --json has all of them" in result.stdout
