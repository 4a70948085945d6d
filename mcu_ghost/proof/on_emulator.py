# SPDX-License-Identifier: Apache-2.0
"""Runs a freshly built `stream` image on an emulator and verifies it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.build.build import Built
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.proof import verify
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.messages import Stats


@dataclass(frozen=True)
class Emulated:
    """What an emulator said of an image.

    Attributes:
        emulator: The engine.
        report: Every output compared with the reference.
        instructions_per_frame: Emulated instructions from entry to return of the generated step
            function, the mean over all frames.
        stack_used: Bytes of stack touched since reset.
        stack_size: Bytes of stack.
    """

    emulator: str
    report: verify.Report
    instructions_per_frame: float
    stack_used: int
    stack_size: int


def run(
    built: Built,
    board: Board,
    model: Model,
    work: list[verify.Sequence],
    engine: str | None = None,
    progress: verify.Progress = lambda done: None,
) -> Emulated:
    """Verify a `stream` image on one of the board's emulators.

    Args:
        built: The image.
        board: The board it was built for.
        model: The network it was built from.
        work: Sequences to run.
        engine: An emulator's name; the board's first available one if None.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: No emulator, or the image crashed, hung, or answered nonsense.
    """
    step = f"{model.name}_step"
    engine = emulate.choose(board, engine)
    with contextlib.closing(emulate.start(board, built.elf, engine, watch=(step,))) as machine:
        # Where the board's own counter counts, no byte may arrive and interrupt a frame.
        window = None if engine == "unicorn" else 1
        link = Link(machine, patience(board, model, engine), attempts=2, window=window)
        report = verify.run(link, model, work, progress)
        stats = link.stats()
        counts = machine.counts()
        if counts is not None:
            calls = counts.functions[step]
            per_frame = calls.total / calls.calls
        else:
            per_frame = _from_counter(board, engine, stats)
        return Emulated(engine, report, per_frame, stats.stack_used, stats.stack_size)


def patience(board: Board, model: Model, engine: str) -> float:
    """Return the seconds without a byte after which an image must be hung.

    They are the board's own on unicorn and the PC's elsewhere.
    """
    own_time = verify.longest(board, model)
    return own_time if engine == "unicorn" else 5.0 + own_time


def _from_counter(board: Board, engine: str, stats: Stats) -> float:
    """Turn the image's own counter into instructions, as the engine's clock relates them."""
    if not stats.frames:
        raise GhostError("The image reports no frames: its counter does not run.")
    ratio = 1.0
    if engine == "qemu" and board.emulators.qemu is not None:
        ratio = board.emulators.qemu.counter_ratio
    return stats.step_total * ratio / stats.frames
