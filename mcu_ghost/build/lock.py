# SPDX-License-Identifier: Apache-2.0
"""A build folder belongs to one program at a time: who comes second waits, and is told so.

The lock is the system's, so it ends with the program that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from mcu_ghost.build import manifest
from mcu_ghost.host import console
from mcu_ghost.host.errors import GhostError

NAME = ".mcu-ghost.lock"
"""The lock's file; empty, and it stays."""

Tell = Callable[[str], None]


def _say(sentence: str) -> None:
    console.stderr().print(sentence, markup=False)


@contextlib.contextmanager
def hold(folder: Path, tell: Tell = _say) -> Iterator[None]:
    """Have a build folder for oneself; within a thread it may be held again.

    Hold it from a build to the last use of its image, or another build may replace it meanwhile.

    Args:
        folder: The build folder; made if it is not there.
        tell: Called with a sentence if it is another's, before waiting for it.

    Raises:
        GhostError: The folder holds anything else than an earlier build, or cannot be written.
    """
    manifest.own(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.resolve() / NAME, is_singleton=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell(f"{folder}: another build in this folder is under way; waiting for it …")
            lock.acquire(poll_interval=0.2)
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or error
        raise GhostError(f"{folder}: not a folder that can be written ({why}).") from error
    try:
        manifest.own(folder)
        yield
    finally:
        lock.release()
