# SPDX-License-Identifier: Apache-2.0
"""Runs a freshly built `stream` image on an emulator and verifies it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.build.build import Built
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import verify
from mcu_ghost.proof.link.link import Link

if TYPE_CHECKING:
    from mcu_ghost.proof.enhancement import HopCost
    from mcu_ghost.proof.keywords import Listened
    from mcu_ghost.proof.live import Live


@dataclass(frozen=True)
class Proof:
    """What an emulator said of an image.

    Attributes:
        built: The image.
        emulator: The engine.
        comparison: What was compared with the reference, and what differs.
        instructions_per_frame: Emulated instructions from entry to return of the generated step
            function, the mean over all frames.
        instructions_per_answer: Likewise of the head of a network of windows, which runs at the end
            of each; None of others, and where the engine counts whole steps only.
        hop: What a hop of sound costs, by an app that cleans it, the frame's instructions among
            it; None of others.
        stack_used: Bytes of stack touched since reset.
        stack_size: Bytes of stack.
        sound: What was heard, by an app that listens; None of others.
    """

    built: Built
    emulator: str
    comparison: verify.Comparison
    instructions_per_frame: float
    stack_used: int
    stack_size: int
    sound: Listened | None = None
    instructions_per_answer: float | None = None
    hop: HopCost | None = None
    live: Live | None = None

    def _of_a_window(self) -> dict[str, int]:
        window, answer = self.built.model.window, self.instructions_per_answer
        if window is None or answer is None:
            return {}
        return {
            "instructions_per_answer": round(answer),
            "instructions_per_window": round(window * self.instructions_per_frame + answer),
        }

    @property
    def instructions(self) -> str:
        """How many there were, in words."""
        if self.hop is not None:
            return f"{self.hop} (emulated)"
        often = f"{text.count(self.instructions_per_frame, 'instruction')} per frame"
        found = self._of_a_window()
        if not found:
            return f"{often} (emulated)"
        return (
            f"{often}, {text.count(found['instructions_per_answer'])} for the answer at a window's"
            f" end: {text.count(found['instructions_per_window'])} per window (emulated)"
        )

    @property
    def instructions_per_hop(self) -> int | None:
        """Of an app that hears, all that a hop of sound takes, the mean; None of others."""
        if self.hop is not None:
            return round(self.hop.mean)
        return round(self.sound.cpu_load.instructions) if self.sound is not None else None

    @property
    def ram_used(self) -> int:
        """Bytes of RAM, of the stack only what was used."""
        return self.built.ram_bytes - self.stack_size + self.stack_used

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts."""
        return {
            "board": self.built.board.name,
            "emulator": self.emulator,
            "cases": self.comparison.cases,
            "mismatches": self.comparison.mismatches,
            "instructions_per_frame": round(self.instructions_per_frame),
            **self._of_a_window(),
            **({"hop": self.hop.as_json()} if self.hop else {}),
            **({"overruns": self.live.overruns} if self.live else {}),
            "audio": [vars(heard) for heard in self.comparison.recognised],
        }


def run(
    built: Built,
    work: list[verify.Sequence],
    engine: str | None = None,
    progress: verify.Progress = lambda done: None,
) -> Proof:
    """Verify a `stream` image on one of the board's emulators.

    Args:
        built: The image.
        work: Sequences to run.
        engine: An emulator's name; the board's first available one if None.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: No emulator, or the image crashed, hung, or answered nonsense.
    """
    board, model = built.board, built.model
    step, head = f"{model.name}_step", f"{model.name}_head_now"
    watch = (step, head) if model.window else (step,)
    engine = emulate.choose(board, engine)
    with contextlib.closing(emulate.start(board, built.elf, engine, watch=watch)) as machine:
        # Where the board's own counter counts, no byte may arrive and interrupt a frame.
        window = None if engine == "unicorn" else 1
        delay = patience(built, engine)
        link = Link(machine, delay, attempts=2, window=window, clock=machine.clock)
        report = verify.run(link, model, work, progress)
        stats = link.stats()
        counts = machine.counts()
        answer = None
        if counts is not None:
            calls = counts.functions[step]
            per_frame = calls.total / calls.calls
            heads = counts.functions.get(head)
            answer = heads.total / heads.calls if heads else None
        else:
            per_frame = from_counter(board, engine, stats.step_total, stats.frames)
        return Proof(built, engine, report, per_frame, stats.stack_used, stats.stack_size,
                     instructions_per_answer=answer)  # fmt: skip


def patience(built: Built, engine: str) -> float:
    """Return the seconds without a byte after which an image must be hung.

    They are the board's own on unicorn and the PC's elsewhere.
    """
    own_time = verify.longest(built.board, built.model)
    return own_time if engine == "unicorn" else 5.0 + own_time


def from_counter(board: Board, engine: str, ticks: int, frames: int) -> float:
    """Turn what an image's own counter counted into instructions per frame.

    Raises:
        GhostError: It counted no frames.
    """
    if not frames:
        raise GhostError("The image reports no frames: its counter does not run.")
    ratio = 1.0
    if engine == "qemu" and board.emulators.qemu is not None:
        ratio = board.emulators.qemu.counter_ratio
    return ticks * ratio / frames
