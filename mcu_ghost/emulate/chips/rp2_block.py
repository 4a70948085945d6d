# SPDX-License-Identifier: Apache-2.0
"""How blocks of the RP2040 and the RP2350 are built: aliases of registers, and resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral

_FOLLOWS_AFTER = 8  # clocks


@dataclass(frozen=True)
class Map:
    """Where a chip has its blocks.

    Attributes:
        resets: Base of RESETS.
        clocks: Base of CLOCKS.
        xosc: Base of XOSC.
        pll: Base of PLL_SYS.
        io: Base of IO_BANK0.
        pads: Base of PADS_BANK0.
        blocks: All bits of RESETS.
        released: Bits that the boot ROM has taken out of reset.
        bits: Bits of RESETS for "pll", "io", "pads" and "uart".
        pins: Number of pins.
        pad: A pad's value after reset.
        sys: CLK_SYS_CTRL after the boot ROM.
    """

    resets: int
    clocks: int
    xosc: int
    pll: int
    io: int
    pads: int
    blocks: int
    released: int
    bits: dict[str, int]
    pins: int
    pad: int
    sys: int


class Block(Peripheral):
    """Registers with the three aliases that flip, set and clear bits.

    Attributes:
        values: Registers that hold what is written, by offset.
    """

    def __init__(
        self, bus: Bus, base: int, values: dict[int, int], gate: Gate | None = None
    ) -> None:
        super().__init__(bus, base, 0x4000)
        self.values = values
        self._gate = gate

    def read(self, offset: int) -> int:
        """Return a register's value; the aliases read as the register."""
        if self._gate is not None:
            self._gate.validate()
        return self.get(offset & 0xFFF)

    def write(self, offset: int, value: int) -> None:
        """Write a register, or change bits of it."""
        if self._gate is not None:
            self._gate.validate()
        alias, offset = offset >> 12, offset & 0xFFF
        old = self.get(offset) if alias else 0
        self.put(offset, (value, old ^ value, old | value, old & ~value)[alias])

    def get(self, offset: int) -> int:
        """Return what a register reads as."""
        if offset not in self.values:
            raise NoRegister
        return self.values[offset]

    def put(self, offset: int, value: int) -> None:
        """Take a register's new value."""
        if offset not in self.values:
            raise NoRegister
        self.values[offset] = value


class Resets(Block):
    """RESETS: a one holds a block."""

    def __init__(self, bus: Bus, chip: Map) -> None:
        super().__init__(bus, chip.resets, {0x0: chip.blocks & ~chip.released, 0x4: 0})
        self._blocks = chip.blocks
        self._since = 0

    def get(self, offset: int) -> int:
        """Return a register's value; RESET_DONE follows RESET a little later."""
        if offset != 0x8:
            return super().get(offset)
        return ~self.values[0x0] & self._blocks if self._settled() else 0

    def put(self, offset: int, value: int) -> None:
        """Take a register's new value."""
        super().put(offset, value & self._blocks)
        self._since = self.bus.now()

    def released(self, bit: int) -> bool:
        """Whether a block may be used."""
        return not self.values[0x0] & bit and self._settled()

    def _settled(self) -> bool:
        return self.bus.now() - self._since >= _FOLLOWS_AFTER


class Gate(NamedTuple):
    """A block's bit of RESETS.

    Attributes:
        resets: RESETS.
        bit: The bit.
        what: The block's name.
    """

    resets: Resets
    bit: int
    what: str

    def validate(self) -> None:
        """Refuse the use of a block that is held."""
        if not self.resets.released(self.bit):
            raise Misuse(f"{self.what} is still in reset")
