# SPDX-License-Identifier: Apache-2.0
"""Keys of a terminal, by one that is made for the purpose."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from mcu_ghost.host import keys

pty = pytest.importorskip("pty", reason="terminals of POSIX")
termios = pytest.importorskip("termios")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give this process a terminal for its input; return the end where keys are pressed."""
    outside, inside = pty.openpty()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: inside))
    yield outside
    for end in (outside, inside):
        os.close(end)


def wait(key: Callable[[], str]) -> str:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if found := key():
            return found
    return "none"


def test_keys_come_without_enter_and_are_not_shown(terminal: int) -> None:
    before = termios.tcgetattr(sys.stdin.fileno())
    with keys.pressed() as key:
        assert key() == ""
        for typed, means in (
            (b"p", "p"),
            (b"\r", keys.ENTER),
            ("ü".encode(), "ü"),
            (b"\x04", "\x04"),
        ):
            os.write(terminal, typed)
            assert wait(key) == means
        os.write(terminal, b"\x1b[A")  # an arrow
        assert wait(key) == "\x1b" and key() == ""
    assert termios.tcgetattr(sys.stdin.fileno()) == before
    os.write(terminal, b"seen\n")
    assert os.read(terminal, 100) == b"seen\r\n"  # nothing of what was typed before


def test_a_terminal_is_as_before_after_an_error(terminal: int) -> None:
    before = termios.tcgetattr(sys.stdin.fileno())
    with pytest.raises(KeyboardInterrupt), keys.pressed():
        assert termios.tcgetattr(sys.stdin.fileno()) != before
        raise KeyboardInterrupt
    assert termios.tcgetattr(sys.stdin.fileno()) == before
