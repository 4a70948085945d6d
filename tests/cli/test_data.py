# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost data` as a user meets it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.in_process import ghost, refusal
from tests.conftest import ROOT, need
from tests.sound.data.sets import put, tone, two_classes


def test_check_says_what_to_do(tmp_path: Path) -> None:
    two_classes(tmp_path)
    result = ghost("data", "check", str(tmp_path))
    assert result.returncode == 0 and "The set can be used." in result.stdout
    (tmp_path / "go" / "p4_0.flac").write_bytes(b"broken")
    result = ghost("data", "check", str(tmp_path))
    assert result.returncode == 0
    assert "go/p4_0.flac: not a readable recording" in result.stdout
    put(tmp_path / "go" / "p1_1.wav", tone(2 * 3))  # what p3 said
    put(tmp_path / "go" / "p1_2.wav", tone(1))  # `stop` of p0
    (tmp_path / "testing_list.txt").write_text("go/p1_1.wav\n")
    result = ghost("data", "check", str(tmp_path), "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 1 and found["leaks"] == [["go/p1_1.wav", "go/p3_0.flac"]]
    assert found["duplicates"] == [["go/p1_2.wav", "stop/p0_0.flac"]]
    assert found["classes"][0]["counts"] == {"train": 20, "validation": 0, "test": 1}


def test_check_of_nothing(tmp_path: Path) -> None:
    assert "no folders of recordings" in refusal("data", "check", str(tmp_path / "none"))


def test_fetch_of_an_unknown_name(tmp_path: Path) -> None:
    told = refusal("data", "fetch", "speech_command", "--out", str(tmp_path / "set"))
    assert "Did you mean 'speech_commands_v2'" in told


def test_fetch_of_a_file_that_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "archive.tar.gz"
    file.write_bytes(b"not it")
    words = ("speech_commands_v2", "--out", str(tmp_path / "set"), "--archive", str(file))
    assert "is not the archive that was published" in refusal("data", "fetch", *words)
    assert [p.name for p in tmp_path.iterdir()] == ["archive.tar.gz"]


def test_synth_of_words_that_cannot_be(tmp_path: Path) -> None:
    out = tmp_path / "set"
    assert "'st0p' is not a word" in refusal("data", "synth", "--words", "st0p", "--out", str(out))
    assert not out.exists()


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.slow
def test_a_killed_synth_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    need("espeak-ng", "espeak-ng")
    words = ["data", "synth", "--words", "go", "--per-word", "60", "--unknown", "10", "--out"]
    command = [sys.executable, "-m", "mcu_ghost", *words, str(tmp_path / "set"), "--jobs", "2"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 120
    while len(list((tmp_path / "set" / "go").glob("*.flac"))) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    running.send_signal(number)
    _, told = running.communicate(timeout=60)
    assert running.returncode and b"Traceback" not in told
    made = content(tmp_path / "set")
    assert 5 <= sum(name.startswith("go/") for name in made) < 60
    if number != signal.SIGKILL:
        assert not any("/." in name for name in made)
    assert ghost(*words, str(tmp_path / "set")).returncode == 0
    after = content(tmp_path / "set")
    assert len(after) == 60 + 10 + 18 + 3
    assert all(after[n] == data for n, data in made.items() if "/." not in n)
    result = ghost("data", "check", str(tmp_path / "set"))
    assert result.returncode == 0, result.stderr
    shutil.rmtree(tmp_path / "set")
