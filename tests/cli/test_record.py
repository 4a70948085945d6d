# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost data record` as a user meets it, with sound cards that play what people say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.data import folder, session, sounds
from mcu_ghost.sound.data.sections import Words
from mcu_ghost.train.recipe import Recipe
from tests.cli.in_process import ghost, refusal
from tests.conftest import ROOT
from tests.sound.cards import Card, library
from tests.sound.data.people import RATE, noise, said

PEOPLE = {"anna": "train", "ida": "validation", "finn": "test"}
WORDS = ("data", "record", "--words", "hey lamp,stop", "--yes", "--per-word", "2")


def pc(monkeypatch: pytest.MonkeyPatch, *cards: Card, **options: Any) -> Any:
    module = library(*cards, **options)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_what_three_people_record_can_be_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By cards of any kind; `data check` and the reader of `train` take the folder."""
    out = tmp_path / "lamp"
    kinds: list[dict[str, Any]] = [{}, {"inputs": 2, "only": 2}, {"rate": 48000}]
    for number, ((person, split), kind) in enumerate(zip(PEOPLE.items(), kinds, strict=True)):
        sound = said(4, seed=number + 1)
        sound = recording.resample(sound, RATE, kind.get("rate", RATE))
        pc(monkeypatch, Card(sound=sound, **kind))
        told = ghost(*WORDS, "--out", out, "--person", person.title(), "--room", "hall", "--json")
        assert told.returncode == 0, told.stderr
        found = json.loads(told.stdout)
        assert found["person"] == person and found["split"] == split and not found["stopped"]
        assert found["recorded"] == found["there"] == found["wanted"] == {"hey_lamp": 2, "stop": 2}
        assert found["repeated"] == {} and found["microphone"] == "Built-in Microphone"
    checked = json.loads(ghost("data", "check", out, "--json").stdout)
    assert checked["errors"] == [] and checked["clipped"] == [] and checked["speakers"] == []
    assert [one["counts"] for one in checked["classes"]] == [
        {"train": 2, "validation": 2, "test": 2}
    ] * 2
    found = sounds.load(Recipe("lamp", Words(("lamp",))), tmp_path)
    assert found.labels == ("hey_lamp", "stop") and found.skipped == ()
    assert {use: {word.speaker for word in pool.words} for use, pool in found.pools.items()} == {
        split: {person} for person, split in PEOPLE.items()
    }
    lengths = [len(word.samples) / RATE for pool in found.pools.values() for word in pool.words]
    assert len(lengths) == 12 and all(0.5 < seconds < 0.7 for seconds in lengths)


def test_the_same_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(sound=said(4), ends=60)  # pulled out after two words
    pc(monkeypatch, card)
    words = (*WORDS, "--out", tmp_path, "--person", "anna")
    told = ghost(*words)
    assert told.returncode == 1 and "sends no sound any more" in told.stderr
    there = {path: path.read_bytes() for path in tmp_path.rglob("*.flac")}
    assert len(there) == 2
    pc(monkeypatch, Card(sound=said(4, seed=2)))
    told = ghost(*words)
    assert told.returncode == 0 and "2 new recordings of anna; hey_lamp 2 of 2" in told.stdout
    assert {path: path.read_bytes() for path in there} == there
    module = pc(monkeypatch, Card())
    told = ghost(*words)
    assert "all is there" in told.stderr and "0 new recordings" in told.stdout
    assert module.streams == []


def test_who_is_alone_begins_with_made_voices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "my lamp"
    pc(monkeypatch, Card(sound=said(4, seed=2)))
    told = ghost(*WORDS, "--out", out, "--person", "anna").stderr
    assert f"`mcu-ghost data synth --words 'hey lamp,stop' --out '{out}'`" in told.replace(
        "\n", " "
    )
    pc(monkeypatch, Card(sound=said(4, seed=2)))
    told = ghost(*WORDS, "--out", out, "--person", "ida").stderr
    assert "Alone?" not in told  # somebody is there already
    with pytest.raises(GhostError, match="put voices of `mcu-ghost data synth` beside them"):
        sounds.load(Recipe("lamp", Words(("my lamp",))), tmp_path)


def test_overflows_are_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.concatenate([said(1), said(4, seed=2)])
    card = Card(sound=sound, overflows={20: RATE})  # and so the second word comes too early
    pc(monkeypatch, card)
    told = ghost(*WORDS, "--out", tmp_path, "--person", "anna", "--json")
    assert json.loads(told.stdout)["repeated"]["lost"] == 1
    assert "1000 ms of it were lost on the way" in told.stderr


def test_the_room_is_noise_of_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pc(monkeypatch, Card(sound=noise(5)))
    words = ("data", "record", "--words", "stop", "--per-word", "0", "--background", "5", "--yes")
    told = ghost(*words, "--out", tmp_path, "--person", "anna", "--room", "Hall 1")
    assert told.returncode == 0 and "5 s of the room" in told.stdout
    assert [p.name for p in folder.files(tmp_path / folder.NOISE)] == ["hall-1_0000.flac"]


def test_who_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*WORDS, "--out", tmp_path / "set", "--person", "anna")
    pc(monkeypatch)
    assert "There is no microphone on this PC" in refusal(*words)
    pc(monkeypatch, Card(), Card("Webcam"))
    assert "0  Built-in Microphone (ALSA" in refusal(*words, "--device", "headset")
    told = ghost(*words)
    assert told.returncode == 1 and told.stdout == ""
    *_, last, more = told.stderr.splitlines()
    assert more.endswith("#the-microphone-of-this-pc")
    assert last.startswith("error: '") and "the microphone gives silence: look whether it" in last
    assert "'stop' is what is said" in refusal(*words[:-1], "Stop")
    pc(monkeypatch, Card(refuses="Device unavailable"))
    told = ghost(*words, "--json")
    assert told.returncode == 1
    assert "cannot be opened (Device unavailable)" in json.loads(told.stdout)["error"]["message"]
    assert not (tmp_path / "set").exists()


def test_a_wrong_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pc(monkeypatch, Card())
    told = ghost(*WORDS, "--out", tmp_path)
    assert told.returncode == 2 and "'--person', which --yes needs" in told.stderr
    told = ghost(*WORDS, "--out", tmp_path, "--person", "anna", "--snr", "nan")
    assert told.returncode == 2 and "'--snr': 'nan' is no number" in told.stderr
    told = ghost("data", "record", "--words", "stop", "--out", tmp_path, "--person", "anna")
    assert told.returncode == 1 and "there is no terminal: --yes goes on without" in told.stderr


def test_lists_decide_where_there_are_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "testing_list.txt").write_text("stop/ben_0.flac\n")
    pc(monkeypatch, Card(sound=said(4)))
    told = ghost(*WORDS, "--out", tmp_path, "--person", "anna")
    assert "who is in none of them is for training" in told.stdout


SCRIPT = """
import sys
from mcu_ghost.cli import main, microphone, record
from tests.sound.data.people import Room

room, show = Room(), record._Screen.show

def shown(screen, view):
    room.show(view)  # so that the person speaks when that is asked for, however long keys take
    show(screen, view)

record._Screen.show = shown
microphone.choose = lambda *which: room
sys.argv = ["mcu-ghost", *sys.argv[1:]]
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
def test_on_a_terminal_it_asks_and_waits_for_keys(tmp_path: Path) -> None:
    import pty

    out, (outside, inside) = tmp_path / "lamp", pty.openpty()
    words = ["data", "record", "--words", "hey lamp,stop", "--per-word", "1", "--out", str(out)]
    running = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words], stdin=inside, stdout=inside, stderr=inside,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(inside)
    shown = b""

    def see(what: bytes) -> None:
        nonlocal shown
        end = time.monotonic() + 60
        while what not in shown and time.monotonic() < end:
            try:
                shown += os.read(outside, 65536)
            except OSError:
                break
        assert what in shown, shown.decode()
        shown = shown.partition(what)[2]

    for question, answer in ((b"Who speaks", b"Anna\n"), (b"In which room [room]", b"hall\n"),
                             (b"in metres [0.5]", b"1\n")):  # fmt: skip
        see(question)
        os.write(outside, answer)
    see(b"enter begins")
    os.write(outside, b"\n")
    see(b"speak")
    see(b"enter: the next")
    os.write(outside, b"q")
    see(b"goes on with what is missing")
    assert running.wait(60) == 0
    os.close(outside)
    assert len(list(out.rglob("*.flac"))) == 1
    line = session.last_line(out)
    assert (line.person, line.room, line.distance_m) == ("anna", "hall", 1.0)
