# SPDX-License-Identifier: Apache-2.0
"""What all watchdogs share: a time by which they must be fed."""

from __future__ import annotations

from typing import Protocol

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bite, Bus, Peripheral


class Sleeper(Bus, Protocol):
    """A bus that also knows whether the core sleeps."""

    def awake(self) -> int:
        """Return the time, in core clocks, that the core did not sleep."""

    def asleep(self) -> bool:
        """Whether the core sleeps now."""


class Watchdog(Peripheral):
    """A watchdog that bites when its time is over.

    Attributes:
        fed: How often it was.
    """

    def __init__(self, bus: Sleeper, board: Board, base: int, size: int = 0x1000) -> None:
        super().__init__(bus, base, size)
        self._chip = bus
        self._clock = board.cpu.clock_hz
        self._pauses = False  # while the core sleeps
        self._deadline: int | None = None  # on its own clock
        self._seconds = 0.0
        self.fed = 0

    def feed(self, seconds: float) -> None:
        """Let its time begin anew."""
        self.fed += 1
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Let it bite after so much time, at the fastest that its oscillator may run."""
        self._seconds = seconds
        self._deadline = self._time() + round(seconds * self._clock)

    def left(self) -> float:
        """Return the seconds until it bites."""
        assert self._deadline is not None
        return (self._deadline - self._time()) / self._clock

    def due(self) -> int | None:
        """Return when it bites if nothing happens."""
        if self._deadline is None or (self._pauses and self._chip.asleep()):
            return None
        return self.bus.now() + max(0, self._deadline - self._time())

    def advance(self) -> None:
        """Bite if it is time."""
        if self._deadline is not None and self._time() >= self._deadline:
            raise Bite(f"the watchdog was not fed for {1000 * self._seconds:.0f} ms")

    def _time(self) -> int:
        return self._chip.awake() if self._pauses else self.bus.now()
