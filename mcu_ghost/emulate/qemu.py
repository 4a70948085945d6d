# SPDX-License-Identifier: Apache-2.0
"""QEMU: a machine that nobody here wrote, and the only one with MVE.

With `-icount shift=6` an instruction takes 64 ns of the board's time, so its counters tell
instructions to their own resolution: `[emulators.qemu] counter_ratio` converts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcu_ghost.boards import Board
from mcu_ghost.emulate.process import ProcessMachine
from mcu_ghost.emulate.qemu_trace import TracedMachine
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError

_PROGRAM = "qemu-system-arm"


def missing() -> str | None:
    """Return how to install the engine, or None when it is there."""
    return tools.missing("qemu")


def start(
    board: Board, elf: Path, watch: Sequence[str] = (), trace: Sequence[int] = ()
) -> ProcessMachine:
    """Boot an image; see `mcu_ghost.emulate.start`."""
    hint = missing()
    if hint is not None:
        raise GhostError(hint)
    if board.emulators.qemu is None:
        raise GhostError(f"QEMU has no machine for {board.name}.")
    if not elf.is_file():
        raise GhostError(f"{elf}: there is no such image.")
    command = [_PROGRAM, "-machine", board.emulators.qemu.machine, "-display", "none",
               "-monitor", "none", "-serial", "stdio", "-parallel", "none", "-nodefaults",
               "-no-reboot", "-kernel", str(elf)]  # fmt: skip
    if trace:
        return TracedMachine(board, elf, command, watch, trace)
    # Without a trace only the board's own counter can tell.
    return ProcessMachine("QEMU", [*command, "-icount", "shift=6"])
