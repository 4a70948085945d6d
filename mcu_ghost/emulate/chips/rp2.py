# SPDX-License-Identifier: Apache-2.0
"""The RP2040 and the RP2350: what both have, wired to UART0 (their datasheets).

Blocks are in reset until RESETS lets them go, and clocks are what the registers make them: a UART
whose clock is not what the board's file says does not send.
"""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, Peripheral
from mcu_ghost.emulate.chips.pl011 import Pl011, Surroundings
from mcu_ghost.emulate.chips.rp2_block import Block, Gate, Map, Resets
from mcu_ghost.emulate.chips.rp2_clocks import Clocks, Pll, Xosc


def peripherals(bus: Bus, board: Board, chip: Map, console: Pl011) -> list[Peripheral]:
    """Return what an image touches besides the UART, and tell the UART of it."""
    resets = Resets(bus, chip)
    xosc = Xosc(bus, chip.xosc)
    pll = Pll(bus, chip, resets, xosc)
    clocks = Clocks(bus, chip, xosc, pll)
    functions = {0x04 + 8 * pin: 0x1F for pin in range(chip.pins)}  # none
    sides = {0x04 + 4 * pin: chip.pad for pin in range(chip.pins)}
    io = Pins(bus, chip.io, functions, Gate(resets, chip.bits["io"], "IO_BANK0"))
    pads = Pins(bus, chip.pads, sides, Gate(resets, chip.bits["pads"], "PADS_BANK0"))
    console.around = Wiring(board, Gate(resets, chip.bits["uart"], "UART0"), clocks, io, pads)
    return [resets, xosc, pll, clocks, io, pads]


class Pins(Block):
    """A register for every pin, of IO_BANK0 or of PADS_BANK0."""

    def __init__(self, bus: Bus, base: int, pins: dict[int, int], gate: Gate) -> None:
        super().__init__(bus, base, pins, gate)
        self._offsets = list(pins)

    def of(self, pin: int) -> int:
        """Return a pin's value, whatever the reset."""
        return self.values[self._offsets[pin]]


class Wiring(Surroundings):
    """UART0 at the pins GP0 and GP1."""

    def __init__(self, board: Board, gate: Gate, clocks: Clocks, io: Pins, pads: Pins) -> None:
        super().__init__(board)
        self._wanted = board.cpu.clock_hz
        self._gate = gate
        self._clocks, self._io, self._pads = clocks, io, pads

    def hertz(self) -> int:
        """Return the UART's clock, which must be what the board's file says of the core's."""
        self._gate.validate()
        hertz = self._clocks.uart()
        if hertz != self._wanted:
            raise Misuse(f"the core runs at {hertz} Hz, not at cpu.clock_hz, {self._wanted}")
        return hertz

    def connected(self, pin: int) -> bool:
        """Whether a pin is the UART's and its pad lets signals through."""
        pad = self._pads.of(pin)
        through = not pad & 0x80 if pin == 0 else bool(pad & 0x40)
        return self._io.of(pin) & 0x1F == 2 and not pad & 0x100 and through
