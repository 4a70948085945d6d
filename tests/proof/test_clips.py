# SPDX-License-Identifier: Apache-2.0
"""The `kws_clips` app on Unicorn: words as of `kws`, and the sound around each of them."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.build.apps import APPS
from mcu_ghost.cli.monitor import _View
from mcu_ghost.emulate import unicorn
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import clips, keywords
from mcu_ghost.proof.clips import Clip, Clips, Folder
from mcu_ghost.proof.keywords import Part
from mcu_ghost.proof.monitor import Hop, split
from mcu_ghost.sound import lines
from mcu_ghost.sound.lines import Start, Status, Word
from tests.listeners import LABELS, listener, noise
from tests.proof.board.test_monitor import End, Finite, packet

BOARD = boards.load("nrf52840")
MODEL = listener()
HOP = 160


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "kws_clips", tmp_path_factory.mktemp("clips") / "b")


def sent(built: build.Built, sound: np.ndarray) -> bytes:
    """Return all that an image sends while a sound is played."""
    data = b""
    with contextlib.closing(unicorn.start(built.board, built.elf)) as machine:
        machine.outside.sound.play(sound)
        while machine.outside.sound.taken < len(sound):
            data += machine.read(0.01)
    return data


@pytest.fixture(scope="module")
def wire(image: build.Built) -> tuple[np.ndarray, bytes]:
    """Return what was played to the image, and all bytes that it sent meanwhile."""
    sound = noise(7000)
    return sound, sent(image, sound)


def put_together(data: bytes) -> list[Clip]:
    found, rest = split(data)
    assert b"\0" not in rest[1:]
    made, collector = list[Clip](), Clips()
    for one in found:
        if isinstance(one, Hop):
            complete = collector.hop(one)
            assert complete is not None  # nothing else is sent
            made += complete
        elif (event := lines.read(one)) is not None:
            made += collector.line(event)
    return made


@pytest.mark.emulator
@pytest.mark.toolchain
def test_words_and_outputs_are_those_of_kws(image: build.Built) -> None:
    """And every hop that is sent is the one of that number, as `run` checks."""
    heard = keywords.run(image, [Part("", noise(3500))])
    assert heard.differences == () and heard.overruns == 0
    assert len(heard.parts[0].words) > 3
    assert all(word.clip is not None for word in heard.parts[0].words)
    plain = listener(labels=["go", "other"])
    assert APPS["kws_clips"].validate(plain, BOARD) is None


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_clip_around_a_word_is_the_sound_played(wire: tuple[np.ndarray, bytes]) -> None:
    sound, data = wire
    made = put_together(data)
    assert len(made) >= 5
    for clip in made:
        end = clip.word.ms * 16 + 8000
        start = max(0, clip.word.ms * 16 - 24_000)  # 1.5 s up to the word's end
        assert clip.lost == 0
        np.testing.assert_array_equal(clip.samples, sound[start:end])
    # Some overlap, and share hops that were sent once.
    assert any(b.word.ms - a.word.ms < 2000 for a, b in pairwise(made))


@pytest.mark.emulator
@pytest.mark.toolchain
def test_hops_that_the_board_loses_are_silent_in_a_clip(tmp_path: Path) -> None:
    slow = dataclasses.replace(BOARD, cpu=dataclasses.replace(BOARD.cpu, clock_hz=5_500_000))
    built, sound = build.build(MODEL, slow, "kws_clips", tmp_path / "b"), noise(6000)
    heard = keywords.run(built, [Part("", sound)])
    assert heard.differences == () and heard.overruns > 5
    made = put_together(sent(built, sound))
    assert sum(clip.lost for clip in made) > 0
    for clip in made:
        assert clip.word.clip is not None
        played = sound[clip.word.clip.first * HOP :][: len(clip.samples)].reshape(-1, HOP)
        hops = clip.samples.reshape(-1, HOP)
        right = (hops == played).all(axis=1)
        assert not hops[~right].any() and HOP * np.count_nonzero(~right) <= clip.lost


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_line_that_spoils_one_byte_in_a_thousand(wire: tuple[np.ndarray, bytes]) -> None:
    """No sample is wrong: each is the one that was played, or silent and counted."""
    sound, data = wire
    rng = np.random.default_rng(2)
    spoilt = bytearray(data)
    for at in np.flatnonzero(rng.random(len(data)) < 0.001):
        spoilt[at] ^= rng.integers(1, 256)
    folder = _Kept()
    with pytest.raises(End), contextlib.redirect_stdout(io.StringIO()):
        _View(False, None, folder).follow(Finite(bytes(spoilt), b""))  # type: ignore[arg-type]
    lost = 0
    for clip in folder.clips:
        assert clip.word.clip is not None
        played = sound[clip.word.clip.first * HOP :][: len(clip.samples)]
        wrong = np.flatnonzero(clip.samples[: len(played)] != played)
        assert not clip.samples[wrong].any() and len(wrong) <= clip.lost
        lost += clip.lost
    assert len(folder.clips) > 3 and 0 < lost < 0.6 * sum(len(c.samples) for c in folder.clips)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_wrong_image_is_noticed(image: build.Built, tmp_path: Path) -> None:
    rare = {"threshold": 0.3, "refractory_ms": 3000}  # a second more than a clip takes
    model = listener(detector={"window": 4, "words": dict.fromkeys(LABELS[:-1], rare)})

    def differences(right: str, wrong: str) -> tuple[str, ...]:
        folder = tmp_path / f"{len(wrong)}"
        built = build.build(model, BOARD, "kws_clips", folder)
        source = folder / "apps" / "kws_clips.c"
        assert right in source.read_text()
        source.write_text(source.read_text().replace(right, wrong))
        elf = toolchain.build(folder, "kws_clips", toolchain.find())
        return keywords.run(
            dataclasses.replace(built, elf=elf), [Part("", noise(4000))]
        ).differences

    late = differences("oldest] = number", "oldest] = number + 1u")
    assert late[0].endswith("is not what was played")
    assert "is around no word" in differences("due = (int32_t)(end - number) > 0", "due = 1")[-1]


def test_boards_that_cannot_send_what_is_around_words() -> None:
    app = APPS["kws_clips"]
    with pytest.raises(GhostError, match="takes 374 kbit/s, the console of nrf52840 has 115"):
        app.validate(MODEL, boards.with_baud(BOARD, 115_200))
    with pytest.raises(GhostError, match="microbit has no microphone"):
        app.validate(MODEL, boards.load("microbit"))
    small = dataclasses.replace(BOARD, ram=dataclasses.replace(BOARD.ram, size=32 << 10))
    assert "#define CLIP_KEPT 50u" in app.generate(MODEL, small).texts["clip.h"]
    less = dataclasses.replace(BOARD, ram=dataclasses.replace(BOARD.ram, size=31 << 10))
    with pytest.raises(GhostError, match="31.0 KiB of RAM: .* too little to keep 500 ms of sound"):
        app.validate(MODEL, less)
    texts = app.generate(MODEL, BOARD).texts["clip.h"]
    assert "#define CLIP_KEPT 150u" in texts and "#define CLIP_AFTER 50u" in texts


# On the PC


class _Kept:
    """A folder that keeps clips in memory."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.written = 0

    def write(self, clip: Clip, now: datetime) -> Path:
        self.clips.append(clip)
        return Path(f"{len(self.clips)}.wav")


def word(ms: int, first: int, hops: int, text: str = "go", hop_ms: int = 10) -> Word:
    return Word(word=text, ms=ms, score=0.5, sum=9, clip=lines.Clip(first, hops, hop_ms))


def hop(number: int, size: int = HOP) -> Hop:
    return Hop(number, number % 256, np.full(size, number + 1, np.int16))


def feed(events: Sequence[Word | Status | Start | Hop]) -> list[Clip]:
    made, collector = list[Clip](), Clips()
    for event in events:
        made += (collector.hop(event) or ()) if isinstance(event, Hop) else collector.line(event)
    return [*made, *collector.rest()]


def shape(made: list[Clip]) -> list[tuple[str, list[int], int]]:
    """Return words, the first sample of each hop, and what is lost."""
    return [(c.word.word, c.samples[::HOP].tolist(), c.lost) for c in made]


def status(ms: int) -> Status:
    return msgspec.convert(
        {"event": "status", "ms": ms, "overruns": 0, "busy": {"min": 0, "mean": 0, "max": 0},
         "stack": {"used": 0, "size": 1}, "crc": "00000000"}, Status,
    )  # fmt: skip


START = Start(app="kws_clips", version="", model="", hash="", rate=16000, hop_ms=10, counter_hz=0)


def test_clips_are_put_together() -> None:
    assert shape(feed([word(50, 2, 4), *map(hop, range(2, 6))])) == [("go", [3, 4, 5, 6], 0)]
    gone = feed([word(50, 2, 4), hop(3), hop(5)])
    assert shape(gone) == [("go", [0, 4, 0, 6], 2 * HOP)]
    both = [word(50, 2, 4), hop(2), hop(3), word(70, 4, 3, "stop"), hop(4), hop(5), hop(6)]
    assert shape(feed(both)) == [("go", [3, 4, 5, 6], 0), ("stop", [5, 6, 7], 0)]
    wraps = feed([word(50, 2**32 - 1, 2), hop(2**32 - 1 - (1 << 32)), hop(0)])
    assert shape(wraps) == [("go", [0, 1], 0)]


def test_a_clip_whose_end_is_lost_is_given_up_in_time() -> None:
    events = [word(50, 2, 4), hop(2), status(3090), status(3091), hop(4)]
    assert shape(feed(events)) == [("go", [3, 0, 0, 0], 3 * HOP)]
    assert shape(feed([word(50, 2, 4), hop(2), START])) == [("go", [3, 0, 0, 0], 3 * HOP)]
    # The monitor ends before the board has sent all: what is not there is not lost.
    assert shape(feed([word(50, 2, 4), hop(2), hop(3)])) == [("go", [3, 4], 0)]
    assert feed([word(50, 2, 4)]) == []


def test_hops_of_no_clip_are_not_taken() -> None:
    collector = Clips()
    assert collector.hop(hop(2)) is None
    list(collector.line(word(50, 2, 4)))
    assert collector.hop(hop(1)) is None and collector.hop(hop(6)) is None
    assert collector.hop(hop(3, 256)) is None and collector.hop(hop(3)) is not None
    list(collector.line(word(9000, 900, 6001)))  # longer than any
    assert collector.hop(hop(950)) is None


def test_memory_does_not_grow() -> None:
    collector, made = Clips(), 0
    for number in range(100):
        made += len(list(collector.line(word(50, number, 1000))))
        assert collector.hop(hop(number)) is not None
    assert made + len(list(collector.rest())) == 100 and made > 80


@settings(deadline=None)
@given(
    st.lists(
        st.builds(word, st.integers(0, 9000), st.integers(0, 20), st.integers(1, 30))
        | st.builds(hop, st.integers(0, 40))
        | st.builds(status, st.integers(0, 90_000)),
        max_size=60,
    )
)
def test_clips_hold_what_came_or_silence(events: list[Word | Status | Hop]) -> None:
    for clip in feed(events):
        assert clip.word.clip is not None
        hops = clip.samples.reshape(-1, HOP)
        for place, samples in enumerate(hops):
            assert set(samples.tolist()) in ({0}, {clip.word.clip.first + place + 1})
        assert HOP * np.count_nonzero(~hops.any(axis=1)) == clip.lost < len(clip.samples)


NOW = datetime(2026, 11, 30, 10, 15, 2, tzinfo=UTC)


def test_a_folder_of_clips(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "b")
    samples = np.arange(320, dtype=np.int16)
    names = [
        folder.write(Clip(word(50, 2, 2, text), samples, lost), NOW).name
        for text, lost in (("hey_lamp", 0), ("hey_lamp", 160), ("../größe [/]\x1b", 0), ("…", 0))
    ]
    assert names == [
        "hey_lamp-20261130-101502-1.wav",
        "hey_lamp-20261130-101502-2.wav",
        "größe-20261130-101502-1.wav",
        "word-20261130-101502-1.wav",
    ]
    found, rate = soundfile.read(folder.path / names[0], dtype="int16")
    assert rate == 16000 and (found == samples).all() and folder.written == 4
    listed = [json.loads(one) for one in (folder.path / clips.LIST).read_text().splitlines()]
    assert [one["file"] for one in listed] == names
    assert listed[1] == {"file": names[1], "word": "hey_lamp", "score": 0.5, "sum": 9, "ms": 50,
                         "time": "2026-11-30T10:15:02+00:00", "lost": 160}  # fmt: skip
    again = Folder(folder.path)
    assert again.write(Clip(word(50, 2, 2), samples, 0), NOW).name == "go-20261130-101502-1.wav"
    assert len((folder.path / clips.LIST).read_text().splitlines()) == 5


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GhostError, match="file/a: cannot be made a folder"):
        Folder(tmp_path / "file" / "a")
    folder = Folder(tmp_path / "b")
    (folder.path / clips.LIST).mkdir()
    with pytest.raises(GhostError, match=r"clips.jsonl: cannot be written \(Is a directory\)"):
        folder.write(Clip(word(50, 2, 2), np.zeros(320, np.int16), 0), NOW)


def said(entries: dict[str, object]) -> bytes:
    return json.dumps(entries).encode() + b"\n"


GO = {"event": "word", "word": "go", "ms": 50, "score": 0.5, "sum": 9}
CLIP = said(GO | {"clip": {"first": 2, "hops": 3, "hop_ms": 10}})


def follow(data: bytes, as_json: bool, folder: Folder | None) -> tuple[str, str]:
    """Return what a monitor prints until the end, on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        view = _View(as_json, None, folder)
        with pytest.raises(End):
            view.follow(Finite(data, b""))  # type: ignore[arg-type]
        view.end()
    return out.getvalue(), err.getvalue()


def test_the_monitor_tells_of_clips(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "c")
    data = CLIP + packet(2, *[7] * HOP) + packet(4, *[8] * HOP) + CLIP + packet(2, *[9] * HOP)
    out, _ = follow(data, True, folder)
    events = [json.loads(one) for one in out.splitlines()]
    assert [one["event"] for one in events] == ["word", "clip", "word", "clip"]
    files = [Path(one["file"]) for one in events[1::2]]
    assert [one["lost"] for one in events[1::2]] == [HOP, 0] and events[1]["word"] == "go"
    assert [sorted(set(soundfile.read(f, dtype="int16")[0])) for f in files] == [[0, 7, 8], [9]]
    out, err = follow(data, False, folder)
    assert "go" in out and "0.03 s, 160 samples lost, silent there" in err
    assert folder.written == 4 and " dB " not in out
    out, err = follow(data, False, None)  # nobody wants them
    assert " dB " not in out and "lost" not in err and folder.written == 4


def test_the_monitor_says_once_that_no_clips_come(tmp_path: Path) -> None:
    told = "sends no sound around words. The app kws_clips does"
    _, err = follow(said(GO) + said(GO), False, Folder(tmp_path))
    assert " ".join(err.split()).count(told) == 1
    assert told not in " ".join(follow(said(GO), False, None)[1].split())
