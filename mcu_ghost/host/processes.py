# SPDX-License-Identifier: Apache-2.0
"""Starts every other program: each has a limit, and none outlives this one.

A child runs in a process group of its own, so a Ctrl-C is for us, and we end the child with all
that it has started. What ends us so that we cannot, such as SIGKILL, a watcher sees: a shell that
waits for its standard input to end and then ends the groups that were named to it. Windows has
neither groups nor that shell; there a child ends with us only when we end in good order.
"""

from __future__ import annotations

import _thread
import contextlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_ghost.host.errors import GhostError

MOMENT = 30.0
"""Seconds for a program that only says something about itself."""

_log = logging.getLogger("mcu_ghost")
_KIND = 3.0  # seconds for ending in good order
_GROUPS = os.name == "posix"
_WATCHER = r"""
trap '' HUP INT QUIT TERM
all=
while read -r what group; do
  kept=
  for other in $all; do [ "$other" = "$group" ] || kept="$kept $other"; done
  all=$kept
  [ "$what" = end ] || all="$all $group"
done
for group in $all; do kill -s TERM -- "-$group"; done
[ -z "$all" ] || sleep 1
for group in $all; do kill -s KILL -- "-$group"; done
"""

_running: set[subprocess.Popen[bytes]] = set()
_unbroken: dict[object, Callable[[], None]] = {}  # what no handler may break off, and how it ends
_late: list[signal.Signals] = []  # a signal that came meanwhile
_watcher: tuple[int, subprocess.Popen[bytes]] | None = None  # and whose it is
_watcher_lock = threading.Lock()


@dataclass(frozen=True)
class Ended:
    """What a program left behind.

    Attributes:
        code: Its exit code.
        out: What it wrote to standard output.
        err: To standard error, as text.
    """

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return _text(self.out)


def run(
    command: Sequence[str | Path], limit: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end and return what it said.

    Args:
        command: Program and arguments; it reads nothing.
        limit: Seconds after which it is ended.
        environment: All of its variables; this process's own if left out.

    Raises:
        GhostError: It cannot be run, or did not end in time.
    """
    process = start(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as error:
        stop(process)
        raise GhostError(f"{command[0]} did not end in {limit:.0f} s, and was ended.") from error
    finally:
        end(process)
    _log.debug("%s ended with %d\n%s%s", command[0], process.returncode, _text(out[-2000:]),
               _text(err[-2000:]))  # fmt: skip
    return Ended(process.returncode, out, _text(err))


def start(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program that ends with us; `end` must be called in any case.

    Args:
        command: Program and arguments.
        options: Of `subprocess.Popen`.

    Raises:
        GhostError: It cannot be run.
    """
    words = [str(word) for word in command]
    _log.debug("run %s", shlex.join(words))
    try:
        with unbroken():  # else a program is left behind that nobody knows
            process = subprocess.Popen(words, start_new_session=_GROUPS, **options)
            _running.add(process)
            _tell_watcher(f"begin {process.pid}")
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        why = error.strerror if isinstance(error, OSError) else error
        raise GhostError(f"{words[0]} cannot be run: {why}.") from error
    return process


@contextlib.contextmanager
def unbroken(stop: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Do what a signal's handler must not break off by raising: it comes when that is through.

    Args:
        stop: Called by the handler, so that it is through soon.
    """
    key = object()
    _unbroken[key] = stop
    try:
        yield
    finally:
        del _unbroken[key]
        _send_again()


def later(number: signal.Signals) -> bool:
    """Return whether a signal comes amid what is unbroken; if so it is sent again behind it."""
    _late[:] = [number]  # before the question: what ends now sees it
    for stop in list(_unbroken.values()):
        stop()
    return bool(_unbroken) or not _taken()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it has started, first kindly; harmless when it has ended."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(_KIND)
        except subprocess.TimeoutExpired:
            kill(process)
            process.wait()
    if process in _running:
        _running.discard(process)
        _tell_watcher(f"end {process.pid}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a program, and all that it has started, to end; who waits for it sees it end."""
    _signal(process, signal.SIGTERM)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a program, and all that it has started, at once; who waits for it sees it end."""
    _signal(process, signal.SIGKILL if _GROUPS else signal.SIGTERM)


def stop_all() -> None:
    """Ask all programs to end; takes no lock, for signal handlers."""
    for process in list(_running):
        stop(process)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        if _GROUPS:
            os.killpg(process.pid, number)
        else:
            process.terminate()


def _taken() -> list[signal.Signals]:
    """Return the signal that came meanwhile, to one who asks alone."""
    with contextlib.suppress(IndexError):
        return [_late.pop()]
    return []


def _send_again() -> None:
    """Send what came meanwhile, to the main thread: it may wait, and only a signal wakes it."""
    for number in _taken() if _late and not _unbroken else ():
        if _GROUPS:
            ident = threading.main_thread().ident
            assert ident is not None
            signal.pthread_kill(ident, number)
        else:
            _thread.interrupt_main(number)


def _tell_watcher(line: str) -> None:
    """Say to the watcher which group has begun or ended; start it where there is none."""
    global _watcher
    shell = shutil.which("sh") if _GROUPS else None
    if shell is None:
        return
    with _watcher_lock, contextlib.suppress(OSError):
        if _watcher is None or _watcher[0] != os.getpid() or _watcher[1].poll() is not None:
            watcher = subprocess.Popen(
                [shell, "-c", _WATCHER],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
                cwd="/",
            )
            _watcher = os.getpid(), watcher
        stream = _watcher[1].stdin
        assert stream is not None
        stream.write(f"{line}\n".encode())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
