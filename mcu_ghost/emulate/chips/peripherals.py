# SPDX-License-Identifier: Apache-2.0
"""The peripherals that an image touches, as strict as the chips are.

A register that is not modelled is a bus fault; a use that the product specification forbids, or
that would go wrong unseen, is a `Misuse`.
"""

from __future__ import annotations

from typing import Protocol


class Misuse(Exception):
    """The hardware would not do what the image means."""


class NoRegister(Exception):
    """Nothing answers at this address: a bus fault."""


class Reset(Exception):
    """The chip is reset, by the image where nothing else is said.

    Attributes:
        cause: By what, as `Outside.causes` calls it.
    """

    cause = "software"


class Bite(Reset):
    """The watchdog resets the chip."""

    cause = "watchdog"


class Bus(Protocol):
    """What a peripheral sees of the chip."""

    def now(self) -> int:
        """Return the time in core clocks."""

    def pause(self, clocks: int) -> None:
        """Let time go by while the core is held."""

    def memory(self, address: int, size: int) -> bytes:
        """Return what a DMA reads from RAM; Misuse outside it."""

    def store(self, address: int, data: bytes) -> None:
        """Write by DMA to RAM; Misuse outside it."""


class Peripheral:
    """A block of registers with things that happen by themselves.

    Attributes:
        base: First address.
        size: Bytes of address space.
        irq: Its interrupt line, or None.
        announces: Whether what its registers read changes only when the core writes or reads them,
            and when `due` says: then who polls one need not be followed until something is due.
    """

    irq: int | None = None
    announces = False

    def __init__(self, bus: Bus, base: int, size: int = 0x1000) -> None:
        self.bus = bus
        self.base = base
        self.size = size

    def read(self, offset: int) -> int:
        """Return a register's value."""
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        raise NoRegister

    def due(self) -> int | None:
        """Return the time of the next thing that happens by itself."""
        return None

    def advance(self) -> None:
        """Let happen what is due by now."""

    def line(self) -> bool:
        """Whether the interrupt line is up."""
        return False
