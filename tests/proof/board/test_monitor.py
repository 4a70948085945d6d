# SPDX-License-Identifier: Apache-2.0
"""What a board prints, line by line."""

from __future__ import annotations

import contextlib
import io
import json
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcu_ghost.cli.monitor import _follow
from mcu_ghost.proof import monitor
from tests.host.test_text import harmless
from tests.sound.test_lines import ALL, VALUES


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


def test_noise_is_noticed() -> None:
    (noise,) = lines(1, bytes(range(128, 192)) + b"\n")
    assert monitor.garbled(noise)
    assert not monitor.garbled("a file C:\\x and text around it")
    assert not monitor.garbled("")


class End(Exception):
    """Nothing more comes."""


class Finite(Script):
    """A port that ends."""

    def read(self, timeout: float) -> bytes:
        for part in self.parts:
            return part
        raise End

    def status(self) -> str:
        return "The port is /dev/tty[/]\x1b."


def follow(data: bytes, as_json: bool) -> tuple[str, str]:
    """Return what a monitor prints, on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(End):
        _follow(Finite(data, b""), as_json)  # type: ignore[arg-type]
    return out.getvalue(), err.getvalue()


def line(entries: object) -> bytes:
    return json.dumps(entries, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


EVENTS = st.builds(
    lambda known, changes: line(known | changes),
    st.sampled_from(ALL),
    st.dictionaries(st.sampled_from([key for known in ALL for key in known]), VALUES, max_size=2),
)


@settings(deadline=None)
@given(st.lists(st.binary() | EVENTS, max_size=6).map(b"\n".join))
@example(line(ALL[0] | {"counter_hz": 0}) + line(ALL[3]))
@example(line(ALL[0] | {"model": "[/]\x1b]0;x\x07", "words": ["[red]", "\u202e"]}))
@example(line(ALL[1] | {"word": "\x1b]0;x\x07"}))
@example(b'{"event":"word","word":"\\u001b]0;x","ms":1,"score":0.5,"sum":1}\n')
@example(line(ALL[1] | {"ms": 10**400}) + line(ALL[1] | {"ms": None, "score": "1"}))
@example(b'{"event":' + b"[" * 3000 + b"\n")
@example(b"\xff\xfe\xfd\n" * 4 + "\u202e\u200b\n".encode())
def test_whatever_a_board_sends_is_shown_and_harmless(data: bytes) -> None:
    out, err = follow(data, as_json=False)
    assert harmless(out) and harmless(err)
    out, err = follow(data, as_json=True)
    assert out.isascii() and harmless(err)
    assert all(isinstance(json.loads(one)["event"], str) for one in out.splitlines())


def test_a_board_without_a_counter_is_not_timed() -> None:
    out, _ = follow(line(ALL[0] | {"counter_hz": 0}) + line(ALL[3]), as_json=False)
    assert "listens for: go, größe" in out and "10.00 s  0 hops lost" in out
    out, _ = follow(line(ALL[0]) + line(ALL[3]), as_json=False)
    assert "a hop of 10 ms took 0.0 ms at most" in out
