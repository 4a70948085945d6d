# SPDX-License-Identifier: Apache-2.0
"""Single keys of a terminal, for who does something else meanwhile."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

END = "\x04"
"""What Ctrl-D gives, and a terminal that has gone away."""

ENTER = "\n"


@contextlib.contextmanager
def pressed() -> Iterator[Callable[[], str]]:
    """Yield what returns the key that was pressed, and at once "" where none was.

    What is typed is not shown meanwhile; Ctrl-C does what it always does. Of a key that sends
    several characters the first counts.
    """
    if sys.platform == "win32":
        import msvcrt

        def key() -> str:
            typed = [msvcrt.getwch() for _ in iter(msvcrt.kbhit, False)]
            return "".join(typed[:1]).replace("\r", ENTER)

        yield key
        return
    import select
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def key() -> str:
        if not select.select([terminal], [], [], 0)[0]:
            return ""
        typed = os.read(terminal, 1024).decode("utf-8", "replace")
        return typed[:1].replace("\r", ENTER) or END

    try:
        tty.setcbreak(terminal)
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
