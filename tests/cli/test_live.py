# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost listen --live`, with sound cards that play recordings."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from mcu_ghost.cli import live
from mcu_ghost.host import console, resources
from mcu_ghost.network.tflite import read, write
from mcu_ghost.sound import audio, keywords, lines, recording
from tests.cli.in_process import ghost, refusal
from tests.listeners import listener, noise
from tests.sound.cards import Card, library

CLIPS = resources.demo_clips()[:3]


def pc(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> Any:
    module = library(*cards)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def spoken(rate: int = 16000) -> np.ndarray:
    """Return the clips, each with silence behind it as `listen` plays them."""
    parts = [np.pad(audio.read(clip), (0, 16000)) for clip in CLIPS]
    return recording.resample(np.concatenate(parts), 16000, rate)


def reports(*words: str) -> list[dict[str, Any]]:
    told = ghost("listen", "--live", "--json", *words)
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


@pytest.mark.parametrize("rate", [16000, 48000])
def test_words_are_reported(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    pc(monkeypatch, Card(sound=spoken(rate), rate=rate))
    found = reports("--seconds", "5")
    sound = recording.resample(spoken(rate), rate)[: 5 * 16000]
    want = keywords.expected(read.load(resources.default_model()), sound)
    assert found == list(lines.plain(want.words)) and {one["word"] for one in found} >= {"alexa"}


@pytest.mark.emulator
@pytest.mark.toolchain
def test_reports_are_those_of_an_emulated_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which hears the same samples."""
    clip = CLIPS[0]
    board = json.loads(ghost("listen", "-b", "nrf52840", clip, "--json").stdout)
    (part,) = board["parts"]
    pc(monkeypatch, Card(sound=audio.read(clip)))
    found = [{k: v for k, v in one.items() if k != "event"} for one in reports("--seconds", "3")]
    want = [{k: v for k, v in one.items() if k != "event"} for one in part["words"]]
    assert found == want and len(want) == 1 and board["differences"] == []


def test_for_people_each_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pc(monkeypatch, Card("Webcam", spoken()))
    told = ghost("listen", "--live", "--seconds", "3.05")
    first, second = told.stdout.splitlines()
    assert first.split()[2] == second.split()[2] == "alexa"
    assert "Webcam is heard, for: alexa, computer" in told.stderr
    assert told.stderr.endswith("3.0 s of sound, none lost, 2 words\n")


def test_lost_sound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pc(monkeypatch, Card(sound=noise(2000), overflows={2: 480, 3: 160, 9: 320}))
    found = [one for one in reports("--seconds", "1.5") if one["event"] == "lost"]
    assert [one["samples"] for one in found] == [640, 320]
    assert [one["ms"] for one in found] == [540, 1160]
    told = ghost("listen", "--live", "--seconds", "1.5").stderr
    assert "40 ms of sound were lost: this PC, or its microphone, is too slow" in told
    assert "1.5 s of sound, 60 ms lost" in told


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = pc(monkeypatch, Card(sound=spoken()))

    real = module.InputStream

    def interrupted(**options: Any) -> Any:
        stream = real(**options)
        take, left = stream._callback, iter(range(15))

        def callback(*rest: Any) -> None:
            take(*rest)
            if next(left, None) is None:
                raise KeyboardInterrupt

        stream._callback = callback
        return stream

    module.InputStream = interrupted
    told = ghost("listen", "--live")
    assert told.returncode == 0 and "alexa" in told.stdout
    assert told.stderr.endswith("1.5 s of sound, none lost, 1 word\n")
    assert module.streams[0].closed


def test_what_cannot_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pc(monkeypatch, Card())
    assert "`mcu-ghost denoise`" in refusal("listen", "--live", "-m", "clean_speech")
    write.write(listener(detector=None), tmp_path / "m.tflite")
    told = refusal("listen", "--live", "-m", tmp_path / "m.tflite", "--json")
    assert "does not say how its scores become words" in told
    assert "0  Built-in Microphone" in refusal("listen", "--live", "--device", "webcam")
    for words, told in (
        (("--live", "a.wav"), "FILE and --live exclude each other"),
        (("--live", "-b", "nrf52840"), "--board and --live exclude each other"),
        (("--live", "--kernels", "plain"), "--kernels and --live exclude each other"),
        (("-b", "nrf52840", "--device", "0"), "--device is of use with --live only"),
        (("--live", "--seconds", "nan"), "'--seconds': 'nan' is no number"),
        ((), "Missing option '--board'"),
    ):
        result = ghost("listen", *words)
        assert result.returncode == 2 and told in result.stderr


def test_a_project_needs_no_board_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """But its model is the one that hears."""
    pc(monkeypatch, Card(sound=noise(1000)))
    write.write(listener(), tmp_path / "m.tflite")
    (tmp_path / "ghost.toml").write_text('boards = ["nrf52840"]\nmodel = "m.tflite"\n')
    told = ghost("listen", "--live", "--seconds", "1", cwd=tmp_path)
    assert told.returncode == 0 and 'for: alexa, the "door" \\, größe' in told.stderr


def terminal(monkeypatch: pytest.MonkeyPatch, colours: bool, width: int = 50) -> io.StringIO:
    out = io.StringIO()
    system = "truecolor" if colours else None
    made = Console(file=out, force_terminal=True, color_system=system, width=width, height=40,
                   legacy_windows=False, _environ={})  # fmt: skip
    monkeypatch.setattr(console, "stderr", lambda: made)
    return out


def test_a_terminal_shows_what_the_network_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, colours=True)
    pc(monkeypatch, Card(sound=spoken()))
    told = ghost("listen", "--live", "--seconds", "1.6")
    assert told.returncode == 0
    shown = out.getvalue()
    assert "▀" in shown and "\x1b[38;2;255;251;192" in shown  # the loudest
    assert re.search(r"\x1b\[1;32malexa +[01]\.\d\d", shown)  # above its threshold


def test_a_terminal_without_colours_shows_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, colours=False)
    pc(monkeypatch, Card(sound=spoken()))
    ghost("listen", "--live", "--seconds", "1.6")
    shown = out.getvalue()
    assert "@" in shown and "▀" not in shown and "\x1b[38" not in shown


def test_it_rolls(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcu_ghost.sound.listener import Listener

    terminal(monkeypatch, colours=False, width=30)
    view = live._View(Listener(listener()), lambda word: None)
    seen = []
    for block in noise(2000).reshape(-1, 1600):
        view.take(block, 0)
        assert view._frames is not None and len(view._frames) <= 28
        seen.append(view._frames)
    np.testing.assert_array_equal(seen[-1][:20], seen[-2][-23:-3] if len(seen) > 2 else [])
    drawn = view._picture(view._console).plain.splitlines()
    assert len(drawn) == 10 + 1 + 3 and all(len(line) == 28 for line in drawn[:10])


def test_shades() -> None:
    frames = np.full((3, 40), -128, np.int8)
    frames[1, 0], frames[2, 39] = 127, 0
    found = live.shades(frames, 10, 20)
    assert found.shape == (20, 3) and found.sum() == 9 + 5
    assert found[19, 1] == 9 and found[0, 2] == 5  # low at the bottom
    assert live.shades(np.full((2, 9), 127, np.int8), 11, 8).shape == (8, 2)
