# SPDX-License-Identifier: Apache-2.0
"""What a board prints, line by line."""

from __future__ import annotations

from itertools import islice

from mcu_ghost.proof import monitor


class Script:
    """A port from which these bytes come; b"" is a pause."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = iter(parts)

    def write(self, data: bytes) -> None:
        raise AssertionError("a monitor only listens")

    def read(self, timeout: float) -> bytes:
        assert timeout > 0
        return next(self.parts, b"")


def lines(count: int, *parts: bytes) -> list[str]:
    return list(islice(monitor.lines(Script(*parts)), count))


def test_lines_come_when_they_are_complete() -> None:
    assert lines(3, b"one\r\ntw", b"o\n", b"thr", b"ee\n") == ["one", "two", "three"]


def test_an_unfinished_line_comes_after_a_pause() -> None:
    assert lines(2, b"> ", b"", b"next\n") == ["> ", "next"]
    assert len(lines(1, b"x" * 5000)[0]) == 5000


def test_nothing_reaches_the_terminal_but_text() -> None:
    assert lines(1, b"\x1b[2J\x07caf\xc3\xa9\xff\0\n") == ["\\x1b[2J\\x07café\\xff\\x00"]


def test_events_are_told_from_text() -> None:
    assert monitor.event('{"event":"word","word":"go","ms":10}') == {
        "event": "word", "word": "go", "ms": 10,
    }  # fmt: skip
    for text in ("mcu-ghost 0.1.0 stream", '{"event":', '{"event":3}', "[1]", '{"a":1}', ""):
        assert monitor.event(text) is None


def test_noise_is_noticed() -> None:
    (noise,) = lines(1, bytes(range(128, 192)) + b"\n")
    assert monitor.garbled(noise)
    assert not monitor.garbled("a file C:\\x and text around it")
    assert not monitor.garbled("")
