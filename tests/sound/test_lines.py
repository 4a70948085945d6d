# SPDX-License-Identifier: Apache-2.0
"""The lines of the kws app: what is one, and what only looks like it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost.sound import lines
from mcu_ghost.sound.lines import Busy, Overrun, Stack, Start, Status, Word

START = {
    "event": "start", "app": "kws", "version": "1", "model": "m", "hash": "ab", "rate": 16000,
    "hop_ms": 10, "counter_hz": 64_000_000, "words": ["go", "größe"],
}  # fmt: skip
WORD = {"event": "word", "word": "go", "ms": 1240, "score": 0.912, "sum": 1868}
OVERRUN = {"event": "overrun", "ms": 1300, "hops": 2}
STATUS = {
    "event": "status", "ms": 10000, "overruns": 0, "busy": {"min": 1, "mean": 2, "max": 3},
    "stack": {"used": 4, "size": 5}, "crc": "4757df6b",
}  # fmt: skip
ALL = (START, WORD, OVERRUN, STATUS)
CLIPPED = WORD | {"clip": {"first": 1084, "hops": 200, "hop_ms": 10}}


def test_lines_are_read_and_written_back() -> None:
    found = [lines.read(json.dumps(line)) for line in ALL]
    assert found[1:] == [
        Word(word="go", ms=1240, score=0.912, sum=1868),
        Overrun(ms=1300, hops=2),
        Status(ms=10000, overruns=0, busy=Busy(1, 2, 3), stack=Stack(4, 5), crc="4757df6b"),
    ]
    assert isinstance(found[0], Start) and found[0].words == ("go", "größe")
    assert [lines.plain(line) for line in found] == [
        {**line, "words": ("go", "größe")} if line is START else line for line in ALL
    ]


def test_a_word_with_the_sound_around_it() -> None:
    found = lines.read(json.dumps(CLIPPED))
    assert isinstance(found, Word) and found.clip == lines.Clip(1084, 200, 10)
    assert lines.plain(found) == CLIPPED
    for clip in ({"hops": 0}, {"hops": 10**5}, {"hop_ms": 0}, {"first": -1}, {"first": 2**32}):
        wrong = CLIPPED | {"clip": {"first": 1084, "hops": 200, "hop_ms": 10} | clip}
        assert lines.read(json.dumps(wrong)) is None


def test_a_status_that_says_how_loud_it_was() -> None:
    line = STATUS | {"sound": {"bits": 11, "clipped": 0}}
    found = lines.read(json.dumps(line))
    assert isinstance(found, Status) and found.sound == lines.Sound(11, 0)
    assert lines.plain(found) == line
    for wrong in ({"bits": 16}, {"bits": -1}, {"clipped": -1}, {"clipped": 2**32}):
        assert lines.read(json.dumps(line | {"sound": {"bits": 1, "clipped": 0} | wrong})) is None


def test_a_later_version_may_say_more() -> None:
    for line in ALL:
        more = json.dumps({**line, "new": {"deep": [1]}})
        assert lines.read(more) == lines.read(json.dumps(line))
        assert json.loads(lines.as_json(more) or "")["new"] == {"deep": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"score": "0.9"}, {"score": 1.5}, {"score": -1}, {"ms": None}, {"ms": -1}, {"ms": 0.5},
        {"ms": 10**400}, {"ms": 2**60}, {"word": 7}, {"word": ["go"]}, {"sum": True},
        {"sum": "9" * 5000}, {"ms": {}},
    ],
)  # fmt: skip
def test_a_word_that_is_not_whole(change: dict[str, Any]) -> None:
    text = json.dumps(WORD | change)
    assert lines.read(text) is None and lines.as_json(text) is None
    (key,) = change
    text = json.dumps({k: v for k, v in WORD.items() if k != key})
    assert lines.read(text) is None and lines.as_json(text) is None


@pytest.mark.parametrize(
    "change",
    [
        {"busy": None}, {"busy": {"min": 1, "mean": 2}}, {"busy": [1, 2, 3]}, {"stack": 4},
        {"stack": {"used": -1, "size": 5}}, {"crc": "xyz"}, {"crc": 1}, {"crc": "4757df6b\n"},
    ],
)  # fmt: skip
def test_a_status_that_is_not_whole(change: dict[str, Any]) -> None:
    assert lines.read(json.dumps(STATUS | change)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "mcu-ghost 0.1.0 stream", '{"event":', '{"event":3}', "[1]", '{"a":1}', "null",
        '{"event":"word","word":"go","ms":NaN,"score":0.9,"sum":9}', '{"event":"x","a":1e999}',
        '{"event":"x","a":' + "[" * 100_000 + "]" * 100_000 + "}", "\udcff", '{"event":"\\ud800"}',
        '{"event":"x","a":-Infinity}',
    ],
)  # fmt: skip
def test_text_is_no_event(text: str) -> None:
    assert lines.read(text) is None and lines.as_json(text) is None


def test_an_event_of_code_that_was_added_to_the_app() -> None:
    assert json.loads(lines.as_json('{"event":"lamp","on":true,"who":"ö"}') or "") == {
        "event": "lamp", "on": True, "who": "ö",
    }  # fmt: skip
    assert lines.read('{"event":"lamp","on":true}') is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(deadline=None)
@given(st.sampled_from(ALL), st.dictionaries(st.sampled_from([*START, *WORD, *STATUS]), VALUES))
def test_any_values_make_a_line_or_none(line: dict[str, Any], changes: dict[str, Any]) -> None:
    text = json.dumps(line | changes)
    found, event = lines.read(text), lines.as_json(text)
    assert found is None or event is not None
    assert event is None or event.isascii() and json.loads(event)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_make_a_line_or_none(data: bytes) -> None:
    assert lines.read(data) is None and lines.as_json(data) is None
