# SPDX-License-Identifier: Apache-2.0
"""Emulators behind one small interface: bytes in, bytes out, and instruction counts.

Numbers from here are *emulated instructions*, never cycles or milliseconds.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from mcu_ghost.boards import Board
from mcu_ghost.host.errors import GhostError, did_you_mean


class MachineFault(GhostError):
    """The image did something that the hardware would not let pass.

    Attributes:
        reason: What, in words.
        pc: Address of the instruction.
        symbol: Function and offset of `pc`; "" where no symbol covers it.
        address: The data address that it was about, if any.
        printed: What the image's own fault handler printed.
    """

    def __init__(
        self,
        reason: str,
        pc: int,
        symbol: str = "",
        address: int | None = None,
        printed: str = "",
    ) -> None:
        where = f"pc={pc:#010x}" + (f" ({symbol})" if symbol else "")
        about = f", address={address:#010x}" if address is not None else ""
        said = f"\nThe board printed: {printed.strip()}" if printed.strip() else ""
        super().__init__(f"The image crashed: {reason}; {where}{about}.{said}")
        self.reason = reason
        self.pc = pc
        self.symbol = symbol
        self.address = address
        self.printed = printed


class FunctionCount(NamedTuple):
    """Instructions of a function from entry to return, callees included, interrupts not."""

    calls: int
    total: int
    min: int
    max: int


class BlockCount(NamedTuple):
    """How often a straight run of instructions ran, and how long it is."""

    executions: int
    instructions: int


class Call(NamedTuple):
    """A call under way: the function's first instruction, and where it returns to."""

    entry: int
    back: int


class RunCount(NamedTuple):
    """How often a straight run ran, and how often it went on elsewhere than right behind it."""

    executions: int
    taken: int


@dataclass(frozen=True)
class Spent:
    """What ran while a chain of calls was under way, interrupts not.

    Attributes:
        path: The calls, outermost first; the first is of a watched function.
        runs: By first address and number of instructions; runs may overlap.
        flash_words: 32-bit words or parts of them that loads read from flash; None where the
            engine cannot tell.
    """

    path: tuple[Call, ...]
    runs: Mapping[tuple[int, int], RunCount]
    flash_words: int | None


@dataclass(frozen=True)
class Counts:
    """Exact instruction counts since reset.

    Attributes:
        instructions: All that were executed; sleeping counts nothing.
        functions: The watched functions by name; calls that have returned.
        blocks: By start address; blocks may overlap.
        before: Instructions from the last reset to each watched function's first entry; where the
            engine can tell, without those that polled a register that stayed the same.
        spent: Where the watched functions' instructions went, in order of first appearance; only
            where calls are traced.
    """

    instructions: int
    functions: Mapping[str, FunctionCount] = field(default_factory=dict)
    blocks: Mapping[int, BlockCount] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    spent: Sequence[Spent] = ()


class Machine(Protocol):
    """One running board. Bytes in, bytes out."""

    def write(self, data: bytes) -> None:
        """Let bytes arrive at the board's console."""

    def read(self, timeout: float) -> bytes:
        """Run the board and return what it sent.

        Args:
            timeout: Seconds without output after which to give up, see `clock`.

        Returns:
            b"" when nothing came, or when the board has stopped for good.

        Raises:
            MachineFault: The image crashed.
        """

    def clock(self) -> float:
        """Return the time in the seconds that `read` counts: the board's own, or the PC's."""

    def counts(self) -> Counts | None:
        """Return exact instruction counts, or None where the engine has none."""

    def close(self) -> None:
        """End the machine; harmless when it has ended."""


def choose(board: Board, engine: str | None = None) -> str:
    """Return the engine to use: the one named, or the board's first that is installed.

    Raises:
        GhostError: The board has no such emulator, or it is not installed.
    """
    order: Sequence[str] = board.emulators.order
    if not order:
        raise GhostError(f"No emulator knows {board.name}: test it on the board itself.")
    if engine is not None:
        if engine not in order:
            raise GhostError(
                f"{board.name} does not run on {engine!r}, but on {', '.join(order)}."
                f"{did_you_mean(engine, order)}"
            )
        order = (engine,)
    hints: list[str] = []
    for name in order:
        hint: str | None = _module(name).missing()
        if hint is None:
            return name
        hints.append(hint)
    raise GhostError("\n".join(hints))


def start(
    board: Board,
    elf: Path,
    engine: str | None = None,
    *,
    watch: Sequence[str] = (),
    trace: Sequence[int] = (),
) -> Machine:
    """Boot an image on an emulator.

    Args:
        board: The board that the image was built for.
        elf: The linked image.
        engine: "unicorn", "qemu" or "renode"; None for the board's first that is installed.
        watch: Functions whose instructions to count, where the engine can.
        trace: First instructions of functions to follow while a watched one is under way, so that
            `Counts.spent` tells whose instructions are whose. It takes time; Renode cannot.

    Raises:
        GhostError: The board has no such emulator, it is not installed, or the image is unusable.
    """
    machine: Machine = _module(choose(board, engine)).start(board, elf, watch, trace)
    return machine


def _module(engine: str) -> Any:
    return importlib.import_module(f"mcu_ghost.emulate.{engine}")
