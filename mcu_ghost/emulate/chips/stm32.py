# SPDX-License-Identifier: Apache-2.0
"""What all families of STM32 share: registers, the tree of clocks, pins.

A peripheral whose clock is off does not answer on the chip: writes are lost, reads are 0. Here that
is a `Misuse`, and so is all that would go wrong unseen: a clock above what flash or the core's
voltage can follow, a PLL that is changed while it runs, a switch to a clock that is not there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from mcu_ghost.boards import Board, chip
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral
from mcu_ghost.emulate.chips.stm32_iwdg import Resets
from mcu_ghost.host.text import count

MHZ = 1_000_000


class Bit(NamedTuple):
    """A bit of a peripheral's registers."""

    offset: int
    number: int


class Ready(NamedTuple):
    """A bit that says that what others ask for is there.

    Attributes:
        offset: The register that asks.
        mask: Its bits that ask; none of them set asks for nothing.
        shown: The bit that answers.
        clocks: Core clocks that it takes.
    """

    offset: int
    mask: int
    shown: Bit
    clocks: int


class Registers(Peripheral):
    """Registers that hold what is written to them, and bits that answer.

    Args:
        bus: The chip.
        base: First address.
        values: What each register holds after a reset, by offset.
        ready: The bits that answer.
    """

    def __init__(
        self, bus: Bus, base: int, values: Mapping[int, int], ready: tuple[Ready, ...] = ()
    ) -> None:
        super().__init__(bus, base, 0x400)
        self.values = dict(values)
        self._ready = ready
        self._due: dict[Ready, int] = {}
        self.rcc: Rcc | None = None  # which may not let a clock through

    def bit(self, bit: Bit) -> bool:
        """Whether a bit is set as the program last wrote it."""
        return bool(self.values[bit.offset] >> bit.number & 1)

    def field(self, offset: int, shift: int, bits: int) -> int:
        """Return some bits of a register."""
        return self.values[offset] >> shift & (1 << bits) - 1

    def shown(self, bit: Bit) -> bool:
        """Whether a bit that answers is set by now."""
        ready = next(r for r in self._ready if r.shown == bit)
        asked = self.values[ready.offset] & ready.mask
        return bool(asked) and self.bus.now() >= self._due.get(ready, 0)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        self._validate(offset)
        value = self.values[offset]
        for ready in self._ready:
            if ready.shown.offset == offset:
                bit = 1 << ready.shown.number
                value = value | bit if self.shown(ready.shown) else value & ~bit
        return value

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        self._validate(offset)
        before, self.values[offset] = self.values[offset], value
        for ready in self._ready:
            if ready.offset == offset and (before ^ value) & ready.mask:
                self._due[ready] = self.bus.now() + ready.clocks

    def _validate(self, offset: int) -> None:
        if self.rcc is not None:
            self.rcc.validate_clock(self.base)
        if offset not in self.values:
            raise NoRegister


class Limit(Registers):
    """Flash control, or power: what it is set to decides how fast the clocks may be."""

    def write(self, offset: int, value: int) -> None:
        """Write a register, and see whether the clocks are still allowed."""
        super().write(offset, value)
        assert self.rcc is not None
        self.rcc.validate()


class Supply(Limit, ABC):
    """Power control."""

    @abstractmethod
    def limit(self) -> int:
        """Return the highest clock of the core, in Hz, at the core voltage there is."""


class Rcc(Registers, ABC):
    """Reset and clock control. A family says where things are and what the limits are.

    Attributes:
        SWITCH: The register that selects SYSCLK by its lowest bits, the shift of the bits that say
            which it is, and how many bits.
        SOURCES: By what selects it: name, the bit of CR that says it is there; "PLL" is the PLL.
        PLL_ON: The bit of CR that switches it on.
        PLL_SETTINGS: Registers that may only change while it is off.
        CORE: Where the prescaler of the core is: register and shift.
        BUSES: The same of APB1 and APB2.
        LATENCY_BITS: Bits of FLASH_ACR that are its wait states.
        clocks: By a peripheral's address: the register and bit that let its clock through.
        chip: What the board's chip can do.
    """

    SWITCH: tuple[int, int, int]
    SOURCES: Mapping[int, tuple[str, Bit]]
    PLL_ON = Bit(0, 24)
    PLL_SETTINGS: tuple[int, ...]
    CORE: tuple[int, int]
    BUSES: tuple[tuple[int, int], tuple[int, int]]
    LATENCY_BITS = 4

    def __init__(
        self,
        bus: Bus,
        board: Board,
        base: int,
        values: Mapping[int, int],
        ready: tuple[Ready, ...],
        clocks: Mapping[int, tuple[str, Bit]],
        pwr: Supply,
        flash: Limit,
    ) -> None:
        super().__init__(bus, base, values, ready)
        self.board = board
        self.chip = chip.of(board)
        self.clocks = clocks
        self.resets: Resets | None = None  # that chips.py knows of
        self.pwr, self.flash = pwr, flash
        pwr.rcc = flash.rcc = self

    # What a family says

    @abstractmethod
    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""

    @abstractmethod
    def pll_hertz(self) -> int:
        """Return what the PLL makes; Misuse for settings that it cannot follow."""

    # What they share

    def wait_states(self, hertz: int) -> int | None:
        """Return what flash needs at its clock and the voltage there is; None: it cannot."""
        return self.chip.wait_states(hertz, boosted=False)

    def pll_output(self, source_hertz: int, divide: int, times: int, out: int) -> int:
        """Return what the PLL makes; Misuse where the chip's table does not allow it."""
        (low, high), (slow, fast) = self.chip.pll_in_hz, self.chip.pll_vco_hz
        least, most = self.chip.pll_times
        into = source_hertz / divide
        if not least <= times <= most:
            raise Misuse(f"the PLL multiplies by {least} to {most}, not by {times}")
        if not low <= into <= high or not slow <= into * times <= fast:
            raise Misuse(
                f"the PLL cannot make {into * times / MHZ:g} MHz of {into / MHZ:g} MHz: it takes"
                f" {low / MHZ:g} to {high / MHZ:g} and makes {slow / MHZ:g} to {fast / MHZ:g}"
            )
        return round(into * times) // out

    def sysclk(self) -> int:
        """Return the frequency of SYSCLK."""
        offset, _, bits = self.SWITCH
        selected = self.field(offset, 0, bits)
        if selected not in self.SOURCES:
            raise Misuse(f"SYSCLK is switched to source {selected}, which the chip does not have")
        source, there = self.SOURCES[selected]
        if not self.shown(there):
            raise Misuse(f"SYSCLK is switched to {source}, which is not ready")
        return self.pll_hertz() if source == "PLL" else self.source_hertz(source)

    def core(self) -> int:
        """Return the frequency of the core."""
        offset, shift = self.CORE
        return self.sysclk() // prescaler(self.field(offset, shift, 4))

    def flash_hertz(self) -> int:
        """Return the frequency of flash and what the buses divide, the core's but on an H7."""
        return self.core()

    def apb_hertz(self, base: int) -> int:
        """Return the clock of the bus that a peripheral is on, APB1 or APB2."""
        offset, shift = self.BUSES[base >= 0x4001_0000]
        return self.flash_hertz() // bus_prescaler(self.field(offset, shift, 3))

    def read(self, offset: int) -> int:
        """Return a register's value; the clock that is selected is the one in use."""
        if self.resets is not None and offset == self.resets.offset:
            return self.resets.read()
        value = super().read(offset)
        at, shift, bits = self.SWITCH
        if offset == at:
            mask = (1 << bits) - 1
            value = value & ~(mask << shift) | (value & mask) << shift
        return value

    def write(self, offset: int, value: int) -> None:
        """Write a register, and see whether everything can follow."""
        if self.resets is not None and offset == self.resets.offset:
            self.resets.write(value)
            return
        if offset in self.PLL_SETTINGS and self.bit(self.PLL_ON) and value != self.values[offset]:
            raise Misuse("the PLL's settings may only change while it is off")
        before = self.bit(self.PLL_ON)
        super().write(offset, value)
        if not before and self.bit(self.PLL_ON):
            self.pll_hertz()
        self.validate()

    def validate(self) -> None:
        """Refuse clocks that flash or voltage cannot follow."""
        core, limit = self.core(), min(self.pwr.limit(), self.chip.clock_hz)
        if core > limit:
            raise Misuse(
                f"the core gets {core / MHZ:g} MHz, but its voltage is for {limit / MHZ:g} MHz"
                if limit < self.chip.clock_hz
                else f"the core gets {core / MHZ:g} MHz, but the {self.chip.name} is for"
                f" {limit / MHZ:g} MHz"
            )
        flash = self.flash_hertz()
        needed = self.wait_states(flash)
        latency = self.flash.field(0, 0, self.LATENCY_BITS)  # of ACR, on all of them
        if needed is None or latency < needed:
            states = "more" if needed is None else count(needed, "wait state")
            raise Misuse(
                f"flash gets {flash / MHZ:g} MHz, for which it needs {states}, not {latency}"
            )
        for base, highest in ((0x4000_0000, self.chip.apb1_hz), (0x4001_0000, self.chip.apb2_hz)):
            if self.apb_hertz(base) > highest:
                raise Misuse(f"the bus at {base:#x} takes {highest / MHZ:g} MHz at most")

    def validate_clock(self, base: int) -> None:
        """Refuse to reach a peripheral whose clock is off."""
        if base in self.clocks:
            register, bit = self.clocks[base]
            if not self.bit(bit):
                raise Misuse(
                    f"what is at {base:#010x} has no clock: bit {bit.number} of {register} is 0"
                )


def prescaler(field: int) -> int:
    """Return what HPRE divides by: 1, or 2 to 512 without 32."""
    return 1 if field < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[field - 8]


def bus_prescaler(field: int) -> int:
    """Return what a PPRE divides by."""
    return 1 if field < 4 else 2 << field - 4


class Gpio(Peripheral):
    """All ports: modes, pulls and alternate functions."""

    MODE, PULL, FUNCTION = 0x00, 0x0C, 0x20

    def __init__(self, bus: Bus, rcc: Rcc, base: int, ports: int, mode: int) -> None:
        super().__init__(bus, base, 0x400 * ports)
        self._rcc = rcc
        # After a reset, pins are inputs on older families, else analog; port A and B have the
        # debugger's pins.
        debug = {0: (0xA800_0000, 0x6400_0000), 1: (0x0000_0280, 0x0000_0100)}
        masks = {0: 0xFC00_0000, 1: 0x0000_03C0}
        self._values = [
            {
                self.MODE: debug.get(i, (0, 0))[0] | mode & ~masks.get(i, 0),
                self.PULL: debug.get(i, (0, 0))[1],
                self.FUNCTION: 0,
                self.FUNCTION + 4: 0,
            }
            for i in range(ports)
        ]

    def read(self, offset: int) -> int:
        """Return a register's value."""
        return self._port(offset)[offset % 0x400]

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        self._port(offset)[offset % 0x400] = value

    def function(self, pin: int) -> int | None:
        """Return the alternate function of a pin, 16 * port + bit; None where it has none."""
        port, bit = divmod(pin, 16)
        values = self._values[port]
        if values[self.MODE] >> 2 * bit & 3 != 2:
            return None
        return values[self.FUNCTION + 4 * (bit // 8)] >> 4 * (bit % 8) & 15

    def wrong(self, pin: int, sends: bool, wanted: int | None) -> str | None:
        """Return what a pin has instead of the function that a console wants; None if it has it."""
        function = self.function(pin)
        if function == wanted:
            return None
        now = "no alternate function" if function is None else f"AF{function}"
        return f"{now}, not AF{wanted}"

    def _port(self, offset: int) -> dict[int, int]:
        self._rcc.validate_clock(self.base + offset // 0x400 * 0x400)
        values = self._values[offset // 0x400]
        if offset % 0x400 not in values:
            raise NoRegister
        return values
