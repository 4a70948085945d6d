# SPDX-License-Identifier: Apache-2.0
"""The default engine: the image that is flashed, on Unicorn, as strict as the chip and counted.

Unicorn executes Thumb code; what makes it a microcontroller is in the modules beside this one:
memory map, peripherals, exceptions, sleep, and the checks that Unicorn leaves out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mcu_ghost.boards import Board
from mcu_ghost.emulate import Counts, MachineFault
from mcu_ghost.emulate.core import Core
from mcu_ghost.host import tools
from mcu_ghost.host.text import count

_SLOWEST = 1_000_000  # clocks for a second of the PC's computing


def missing() -> str | None:
    """Return how to install the engine, or None when it is there."""
    return tools.missing("unicorn")


def start(
    board: Board, elf: Path, watch: Sequence[str] = (), trace: Sequence[int] = ()
) -> UnicornMachine:
    """Boot an image; see `mcu_ghost.emulate.start`."""
    return UnicornMachine(board, elf, watch, trace)


class UnicornMachine(Core):
    """A board on Unicorn, as a host sees it; see `start`."""

    def write(self, data: bytes) -> None:
        """Let bytes arrive at the board's console."""
        if self._fault is not None:
            raise self._fault
        self._console.arrive(data)
        self._stopped = self._looping = False
        self._resets = 0

    def read(self, timeout: float) -> bytes:
        """Run the board until it has sent something; see `mcu_ghost.emulate.Machine`."""
        if self._fault is None:
            try:
                self._run(self.bus.now() + round(timeout * self._board.cpu.clock_hz))
            except MachineFault as fault:
                self._fault = fault
        sent = bytes(self._console.sent)
        self._console.sent.clear()
        if self._fault is not None and not sent:
            raise self._fault
        return sent

    def clock(self) -> float:
        """Return the board's time in seconds, or what the PC's effort is worth if that is more.

        An image that does nothing but drive its peripherals is emulated hundreds of times slower
        than one that computes; without this it would be waited for that much longer.
        """
        worth = (time.thread_time() - self._begun) * _SLOWEST
        return max(self.bus.now(), worth) / self._board.cpu.clock_hz

    def counts(self) -> Counts:
        """Return the instructions executed since reset."""
        return self._calls.counts(self._tally[0], self._blocks.counts())

    def status(self) -> str:
        """Return in words where the board is."""
        state = "sleeping" if self.bus.sleeping else "running"
        if self._looping:
            state = "in an endless loop"
        place = self._place(self._pc) or f"{self._pc:#010x}"
        return f"It is {state} at {place}, {count(self._tally[0], 'instruction')} after reset."

    def close(self) -> None:
        """Release the memory."""
        self._stopped = True
