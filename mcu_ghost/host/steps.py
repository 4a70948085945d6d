# SPDX-License-Identifier: Apache-2.0
"""Says on stderr what is being done and, while that lasts, that it still is.

A process of its own speaks: no thread of this one can while a library is loaded, which may hold the
interpreter for seconds. It is this file, run by its path; so only the standard library is imported
here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PATIENCE = 1.0  # seconds without a word


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Yield what takes each step, in words; each is said at once, and again every second.

    It is heard while `mcu_ghost.host.quiet` keeps others off stderr, if it was there before. Where
    something took stderr's place in Python, each step is said there, once.
    """
    from mcu_ghost.host.text import printable

    try:
        handle = os.dup(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        yield lambda step: print(f"{printable(step)} …", file=sys.stderr)
        return
    command = [sys.executable, "-I", str(Path(__file__).resolve())]
    with open(handle, "wb") as stderr:  # noqa: PTH123  (a descriptor)
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=stderr)
    assert child.stdin is not None
    pipe = child.stdin

    def tell(step: str) -> None:
        with contextlib.suppress(OSError):  # nobody is there to hear it
            pipe.write(f"{printable(step)}\n".encode())
            pipe.flush()

    try:
        yield tell
    finally:
        with contextlib.suppress(OSError):
            pipe.close()
        child.wait()


def _speak() -> None:
    """Say what comes on stdin, and say it again until something else comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer; it closes stdin
    heard: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            heard.put(line.decode("utf-8", "replace").strip())
        heard.put(None)

    threading.Thread(target=listen, daemon=True).start()
    what, since, same_line = "", 0.0, sys.stderr.isatty()
    while True:
        try:
            step = heard.get(timeout=_PATIENCE)
        except queue.Empty:
            line = f"{what} … {time.monotonic() - since:.0f} s" if what else ""
        else:
            if step is None:
                break
            what, since = step, time.monotonic()
            line = f"{what} …"
        if line:
            text = f"\r\x1b[K{line}" if same_line else f"{line}\n"
            sys.stderr.buffer.write(text.encode())
            sys.stderr.buffer.flush()
    if same_line:
        sys.stderr.buffer.write(b"\r\x1b[K")
        sys.stderr.buffer.flush()


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # the terminal is gone
        _speak()
