# SPDX-License-Identifier: Apache-2.0
"""Verifies images on a real board, of frames or of sound, and takes the times that it measured."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_ghost.boards import Board, with_baud
from mcu_ghost.boards.board import COUNTERS
from mcu_ghost.boards.port import usb
from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.model import Model
from mcu_ghost.proof import enhancement, verify
from mcu_ghost.proof.keywords import Part
from mcu_ghost.proof.link.line import Wire
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.messages import Hello, Stats
from mcu_ghost.sound.enhancement import task_of

UNITS = dict(COUNTERS.values())
"""What a board's counter counts, by `Hello.counter`."""

_ATTEMPTS = 20  # of a request that meets with silence
_LIMIT = 20.0  # seconds to get a request and its reply through a line that damages them


@dataclass(frozen=True)
class Times:
    """How long something took on the board, in units of its counter.

    Attributes:
        mean: Over all.
        min: The shortest.
        max: The longest.
    """

    mean: float
    min: int
    max: int


@dataclass(frozen=True)
class Measured:
    """What a board said of its image.

    Attributes:
        hello: What it says about itself.
        comparison: Every output compared with the reference.
        step: Measured times of one frame; None where the board has no counter.
        head: The measured mean time of the head alone; None where it did not run by itself.
        stack_used: Bytes of stack touched since the board started.
        stack_size: Bytes of stack.
        overruns: Bytes lost since the board started, which was not quick enough.
        repeats: Requests that had to be sent again.
        replays: How often the board was reset in between, and its frames run again.
        port: The serial port that it was found at; "" where that is the caller's to know.
    """

    hello: Hello
    comparison: verify.Comparison
    step: Times | None
    head: float | None
    stack_used: int
    stack_size: int
    overruns: int
    repeats: int
    replays: int
    port: str = ""

    @property
    def unit(self) -> str:
        """What the times are in."""
        return UNITS.get(self.hello.counter, "")

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts; times are *measured*, by the board."""
        hello, report = self.hello, self.comparison
        return {
            "firmware": hello.firmware_version,
            "model": hello.model_name,
            "cases": report.cases,
            "frames": report.frames,
            "mismatches": report.mismatches,
            "first": report.first,
            "measured": None
            if self.step is None
            else {
                "unit": self.unit,
                "hz": hello.counter_hz,
                "per_frame": dataclasses.asdict(self.step),
                "head": self.head,
            },
            "stack": {"used": self.stack_used, "size": self.stack_size},
            "overruns": self.overruns,
            "repeats": self.repeats,
            "replays": self.replays,
            "audio": [vars(recognised) for recognised in report.recognised],
        }


def prove(
    model: Model,
    board: Board,
    port: str = "",
    *,
    baud: int | None = None,
    cases: int = 3,
    frames: int = 49,
    recordings: Sequence[Path | str] = (),
    sequences: Sequence[verify.Sequence] = (),
    progress: Callable[[str, float, float | None], None] = lambda what, done, total: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Measured:
    """Compare every output byte of the image that a board runs with the reference.

    A network that cleans speech must run as the `denoise` app, which takes sound, any other as
    `stream`.

    Args:
        model: The network that the image was built from.
        board: The board, as its file describes it.
        port: A serial port; found by the board's USB ids if "".
        baud: Bits per second; the board's if None.
        cases: Random sequences to compare.
        frames: Frames of each.
        recordings: WAV or FLAC files to recognise, or to clean.
        sequences: The caller's own for `stream`, the last to run; then that is what must run.
        progress: Called with what is being done, how much since the last call, and of how much.
        say: Takes sentences on what becomes of the port.

    Returns:
        What the board did; `Measured.comparison.mismatches` is 0 when all was equal.

    Raises:
        GhostError: Nothing to run, no such port, another image or board, a crash, or no answer.
    """
    board, files = with_baud(board, baud), [Path(recording) for recording in recordings]
    task = None if sequences else task_of(model)
    sounds = enhancement.sounds(model, cases, frames, files) if task is not None else []
    work = [*verify.sequences(model, cases, frames, files), *sequences] if task is None else []
    if not work and not sounds:
        raise GhostError("There is nothing to verify: neither cases nor recordings.")
    total = sum(len(sequence.frames) for sequence in work)
    total += sum(len(part.samples) // task.transform.hop for part in sounds if task is not None)
    device = port or usb.find(board).device
    with contextlib.closing(SerialPort(device, board, tell=say)) as opened:

        def tell(done: int) -> None:
            progress("frames on the board", done, total)

        if sounds:
            found = clean(opened, board, model, sounds, tell)
        else:
            found = run(opened, board, model, work, tell)
        return dataclasses.replace(found, port=opened.device)


def run(
    port: SerialPort,
    board: Board,
    model: Model,
    work: list[verify.Sequence],
    progress: verify.Progress = lambda done: None,
    delay: float = 0.15,
) -> Measured:
    """Verify the `stream` image on a board.

    One request is on its way at a time: no byte arrives, and interrupts, while a frame is timed.
    A difference must show twice if anything was damaged on the line: CRC-16 lets one damaged
    packet in 65 536 through.

    Args:
        port: Where the board is.
        board: The board, as its file describes it.
        model: The network that its image was built from.
        work: Sequences to run.
        progress: Called with the frames done since the last call.
        delay: Seconds that hubs, adapters and a busy PC may add to an answer.

    Raises:
        GhostError: Another image or board, a crash, or no answer.
    """
    wire = Wire(port.clock, lull=delay / 5, limit=_LIMIT)
    hello = Link(port, delay, _ATTEMPTS, wire=wire).hello()  # nothing to compute: soon, or never
    _validate(hello, board)
    timeout = verify.longest(board, model) + delay
    link = Link(port, timeout, _ATTEMPTS, window=1, wire=wire)
    runs = [(s.name, functools.partial(verify.run, link, model, [s])) for s in work]
    return _measured(hello, link, runs, progress)


def clean(
    port: SerialPort,
    board: Board,
    model: Model,
    sounds: list[Part],
    progress: verify.Progress = lambda done: None,
) -> Measured:
    """Verify the `denoise` image on a board; all else as of `run`.

    Args:
        port: Where the board is.
        board: The board, as its file describes it.
        model: The network that its image was built from.
        sounds: What to clean.
        progress: Called with the hops done since the last call.
    """
    device = cleaner(port, board, model)
    runs = [(s.name, functools.partial(enhancement.compare, device, model, [s])) for s in sounds]
    return _measured(device.hello, device.link, runs, progress)


def _measured(
    hello: Hello,
    link: Link,
    runs: Sequence[tuple[str, Callable[[verify.Progress], verify.Comparison]]],
    progress: verify.Progress,
) -> Measured:
    """Run all that is to be compared, by its name, and take what the board says of each."""
    reports, stats = [], []
    for name, one in runs:
        before = link.repeats
        report = one(progress)
        if report.mismatches and link.repeats > before:
            report = one(lambda done: None)
        reports.append(report)
        stats.append(link.stats())
        if stats[-1].frames != report.frames:
            raise GhostError(
                f"The board ran {count(stats[-1].frames, 'frame')} of {report.frames} in"
                f" {name}. Does another program use its port?"
            )
    heads = sum(s.heads for s in stats)
    return Measured(
        hello=hello,
        comparison=_together(reports),
        step=_times(stats) if hello.counter else None,
        head=sum(s.head_total for s in stats) / heads if hello.counter and heads else None,
        stack_used=stats[-1].stack_used,
        stack_size=stats[-1].stack_size,
        overruns=stats[-1].rx_overruns,
        repeats=link.repeats,
        replays=link.replays,
    )


@contextlib.contextmanager
def cleaning(
    model: Model,
    board: Board,
    port: str = "",
    *,
    baud: int | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[enhancement.Device]:
    """Have the `denoise` image that a board runs clean sound.

    Args:
        model: The network that the image was built from.
        board: The board, as its file describes it.
        port: A serial port; found by the board's USB ids if "".
        baud: Bits per second; the board's if None.
        say: Takes sentences on what becomes of the port.

    Raises:
        GhostError: No such port, another image or board, a crash, or no answer.
    """
    board = with_baud(board, baud)
    device = port or usb.find(board).device
    with contextlib.closing(SerialPort(device, board, tell=say)) as opened:
        yield cleaner(opened, board, model)


def cleaner(
    port: SerialPort, board: Board, model: Model, delay: float = 0.15
) -> enhancement.Device:
    """Return the board at a port that runs a `denoise` image; all else as of `run`."""
    app = enhancement.APP
    wire = Wire(port.clock, lull=delay / 5, limit=_LIMIT)
    hello = Link(port, delay, _ATTEMPTS, wire=wire, app=app).hello()
    _validate(hello, board)
    timeout = enhancement.longest(board, model) + delay
    link = Link(port, timeout, _ATTEMPTS, window=1, wire=wire, app=app, remember=False)
    return enhancement.Device(link, model, lambda: enhancement.measured(hello, link))


def _validate(hello: Hello, board: Board) -> None:
    """Check that an image was built for a board.

    Raises:
        GhostError: It was for another.
    """
    counter = (hello.counter, hello.counter_hz)
    if counter != (board.counter.kind, board.counter.hz):
        raise GhostError(
            f"The image was built for another board than {board.name}: its counter counts"
            f" {hello.counter_hz} {UNITS.get(hello.counter, 'units')} a second, that of"
            f" {board.name} {board.counter.hz} {UNITS[board.counter.kind]}."
        )


def _times(stats: list[Stats]) -> Times:
    return Times(
        mean=sum(s.step_total for s in stats) / sum(s.frames for s in stats),
        min=min(s.step_min for s in stats),
        max=max(s.step_max for s in stats),
    )


def _together(reports: list[verify.Comparison]) -> verify.Comparison:
    first = next((r.first for r in reports if r.first), "")
    return dataclasses.replace(
        reports[0],
        cases=sum(r.cases for r in reports),
        frames=sum(r.frames for r in reports),
        mismatches=sum(r.mismatches for r in reports),
        first=first,
        recognised=tuple(recognised for r in reports for recognised in r.recognised),
        outputs=tuple(output for r in reports for output in r.outputs),
    )
