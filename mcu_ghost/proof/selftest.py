# SPDX-License-Identifier: Apache-2.0
"""Lets an image with golden cases run on an emulator, and reads what it says of them.

Its lines stand in docs/format.md.
"""

from __future__ import annotations

import contextlib
import re

from mcu_ghost import emulate
from mcu_ghost.build.build import Built
from mcu_ghost.emulate import Machine
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import on_emulator, verify
from mcu_ghost.proof.on_emulator import Proof

_LONGEST_TEXT = 16384
_VERDICT = re.compile(r"^(PASS|FAIL (\d+) of) (\d+)$", re.MULTILINE)
_COUNTER = re.compile(r"^counter (\d+) (\d+) ", re.MULTILINE)
_STACK = re.compile(r"^stack (\d+) (\d+)$", re.MULTILINE)
_WRONG = re.compile(r"^case \d+ output .*$", re.MULTILINE)


def run(built: Built, engine: str | None = None) -> Proof:
    """Run a `selftest` image on one of its board's emulators.

    Args:
        built: The image.
        engine: An emulator's name; the board's first available one if None.

    Returns:
        A proof whose `mismatches` are the cases that came out wrong.

    Raises:
        GhostError: No emulator, or the image crashed, hung, or ended without a verdict.
    """
    step = f"{built.model.name}_step"
    engine = emulate.choose(built.board, engine)
    with contextlib.closing(
        emulate.start(built.board, built.elf, engine, watch=(step,))
    ) as machine:
        text = _text(machine, on_emulator.patience(built, engine))
        counts = machine.counts()
    verdict, counter, stack = (p.search(text) for p in (_VERDICT, _COUNTER, _STACK))
    if verdict is None or counter is None or stack is None:
        raise GhostError(f"The image ended without a verdict; it printed {text.strip()[-1000:]!r}.")
    ticks, frames = (int(number) for number in counter.groups())
    if counts is not None:
        calls = counts.functions[step]
        per_frame = calls.total / calls.calls
    else:
        per_frame = on_emulator.from_counter(built.board, engine, ticks, frames)
    wrong = _WRONG.search(text)
    report = verify.Comparison(
        cases=int(verdict[3]),
        frames=frames,
        mismatches=int(verdict[2] or 0),
        first=wrong[0] if wrong else "",
        recognised=(),
    )
    used, size = (int(number) for number in stack.groups())
    return Proof(built, engine, report, per_frame, used, size)


def _text(machine: Machine, patience: float) -> str:
    """Return what an image prints up to its verdict, or until it has stopped or babbles."""
    text = ""
    while not _VERDICT.search(text.rpartition("\n")[0]):
        data = machine.read(patience)
        if not data or len(text) > _LONGEST_TEXT:
            break
        text += data.decode("ascii", "replace").replace("\r", "")
    return text
