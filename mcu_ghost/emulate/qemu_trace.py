# SPDX-License-Identifier: Apache-2.0
"""Counts on QEMU as exactly as on Unicorn, from its log: a line for every instruction.

QEMU translates one instruction at a time (`-singlestep`) and names each before it runs (`-d exec`),
into a pipe that is read as it fills: some 300 000 instructions a second.
"""

from __future__ import annotations

import os
import re
import select
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcu_ghost.boards import Board, image
from mcu_ghost.emulate import Call, Counts, FunctionCount, RunCount, Spent, thumb
from mcu_ghost.emulate.process import ProcessMachine
from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError

_CHUNK = 1 << 16


class Follower:
    """Follows calls through the log.

    Args:
        code: The image's segments.
        watch: Functions to count, by their first instruction.
        follow: First instructions of functions to tell apart while a watched one is under way.
    """

    def __init__(
        self, code: Sequence[image.Segment], watch: Mapping[int, str], follow: Sequence[int]
    ) -> None:
        self._code = code
        self._watch = watch
        self._entries = {*watch, *follow}
        self._found = {name: FunctionCount(0, 0, 0, 0) for name in watch.values()}
        self._before: dict[str, int] = {}
        self._runs: dict[tuple[Call, ...], dict[tuple[int, int], list[int]]] = {}
        self._decoded: dict[int, tuple[int, bool]] = {}
        self._pending: int | None = None  # named, but perhaps not to run yet
        self._depth = 0  # of exceptions
        self._executed = self._own = 0  # with and without those in handlers
        self._path: tuple[Call, ...] = ()
        self._starts: list[int] = []  # instructions before each call of the path
        self._run = [0, 0]  # first address and length of what runs now
        self._next, self._links = -1, False  # where it leads straight on; whether it ends in a call

    def feed(self, line: bytes) -> None:
        """Take note of a line of the log."""
        if line.startswith(b"Stopped"):  # before what was named last
            self._pending = None
            return
        if self._pending is not None:
            self._step(self._pending)
            self._pending = None
        if line.startswith(b"Trace"):
            self._pending = int(line.split(b"/", 2)[1], 16)
        elif line.startswith(b"Taking exception") and b"exception exit" not in line:
            self._depth += 1
        elif line.startswith(b"...successful exception return"):
            self._depth -= 1

    def counts(self) -> Counts:
        """Return what has been counted so far."""
        spent = [
            Spent(path, {at: RunCount(*run) for at, run in runs.items()}, None)
            for path, runs in self._runs.items()
        ]
        return Counts(self._executed, self._found, {}, self._before, spent)

    def _step(self, pc: int) -> None:
        """An instruction runs."""
        if not self._depth:
            if pc != self._next or pc in self._entries:
                self._arrive(pc)
            if self._path:
                self._run[1] += 1
            size, self._links = self._decoded.get(pc) or self._decode(pc)
            self._next = pc + size
            self._own += 1
        self._executed += 1

    def _arrive(self, pc: int) -> None:
        """A straight run ends and another begins; perhaps a call begins or returns."""
        taken = pc != self._next
        if self._run[1]:
            run = self._runs[self._path].setdefault((self._run[0], self._run[1]), [0, 0])
            run[0] += 1
            run[1] += taken
        while taken and self._path and self._path[-1].back == pc:
            self._count(self._path[-1].entry, self._own - self._starts.pop())
            self._path = self._path[:-1]
        wanted = pc in self._watch or (self._path and pc in self._entries)
        if wanted and taken:
            loops = bool(self._path) and self._path[-1].entry == pc and not self._links
            if not loops:
                # Without a link it is a call in place of a return.
                linked = self._links or not self._path
                self._begin(Call(pc, self._next if linked else self._path[-1].back))
        self._run = [pc, 0]

    def _begin(self, call: Call) -> None:
        if call.entry in self._watch:
            self._before.setdefault(self._watch[call.entry], self._executed)
        self._path = (*self._path, call)
        self._starts.append(self._own)
        self._runs.setdefault(self._path, {})

    def _count(self, entry: int, taken: int) -> None:
        name = self._watch.get(entry)
        if name is not None:
            old = self._found[name]
            least = min(old.min, taken) if old.calls else taken
            self._found[name] = FunctionCount(
                old.calls + 1, old.total + taken, least, max(old.max, taken)
            )

    def _decode(self, pc: int) -> tuple[int, bool]:
        """Return an instruction's size, and whether it leaves a return address."""
        for segment in self._code:
            offset = pc - segment.address
            if 0 <= offset < len(segment.data):
                instruction = next(thumb.instructions(segment.data[offset : offset + 4]))
                size = 2 if instruction.second is None else 4
                self._decoded[pc] = (size, thumb.links(instruction))
                return self._decoded[pc]
        raise GhostError(f"QEMU executed {pc:#010x}, where the image has no code.")


class TracedMachine(ProcessMachine):
    """QEMU with its log read along.

    Args:
        board: The board that the image was built for.
        elf: The image.
        command: QEMU and its arguments for the same without a trace.
        watch: Functions to count.
        follow: First instructions of functions to tell apart.
    """

    def __init__(
        self,
        board: Board,
        elf: Path,
        command: list[str],
        watch: Sequence[str],
        follow: Sequence[int],
    ) -> None:
        if not hasattr(os, "mkfifo"):
            raise GhostError("QEMU can be traced on Linux and macOS only.")
        linked = image.read(elf, board)
        entries = {linked.symbols[name][0]: name for name in watch if name in linked.symbols}
        self._follower = Follower(linked.segments, entries, follow)
        self._folder = tempfile.TemporaryDirectory(prefix="mcu-ghost-")
        pipe = Path(self._folder.name) / "log"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._rest = b""
        options = ["-d", "exec,int,nochain", "-D", str(pipe), *_one_at_a_time(command[0])]
        super().__init__("QEMU", [*command, *options])

    def read(self, timeout: float) -> bytes:
        """Return what the board sent; see `mcu_ghost.emulate.Machine`."""
        assert self._process.stdout is not None
        end = time.monotonic() + timeout
        while time.monotonic() < end and not self._ended:
            console = self._process.stdout.fileno()
            ready, _, _ = select.select([console, self._pipe], [], [], 0.2)
            if self._pipe in ready and not self._follow() and self._process.poll() is not None:
                break  # it has ended, and so has the log
            if console in ready:
                return super().read(0.0)
        return super().read(0.0)

    def counts(self) -> Counts:  # type: ignore[override]
        """Return what has been counted up to what was read: the log is ahead of the console."""
        while self._follow():
            pass
        return self._follower.counts()

    def close(self) -> None:
        """End the program."""
        super().close()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
            self._folder.cleanup()

    def _follow(self) -> bool:
        """Read some of the log; False when there is none now."""
        try:
            data = os.read(self._pipe, _CHUNK)
        except BlockingIOError:
            return False
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._follower.feed(line)
        return bool(data)


def _one_at_a_time(program: str) -> list[str]:
    """Return the option that makes QEMU translate single instructions; 8.1 renamed it."""
    said = processes.run([program, "--version"], processes.MOMENT).text
    version = re.search(r"version (\d+)\.(\d+)", said)
    new = version is not None and (int(version[1]), int(version[2])) >= (8, 1)
    return ["-accel", "tcg,one-insn-per-tb=on"] if new else ["-singlestep"]
