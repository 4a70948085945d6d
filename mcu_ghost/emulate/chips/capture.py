# SPDX-License-Identifier: Apache-2.0
"""What the peripherals that take in sound share: samples at their rate, double-buffered to RAM."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import ClassVar

from mcu_ghost.boards import Board, Microphone, pin_number
from mcu_ghost.emulate.chips.microphone import Sound
from mcu_ghost.emulate.chips.nordic import Clock, Gpio
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral
from mcu_ghost.host import text

_UNWRITTEN = b"\x5a\xa5"  # what is in a buffer that is not complete: loud, and wrong
_START, _STOP, _INTEN, _INTENSET, _INTENCLR, _ENABLE = 0x000, 0x004, 0x300, 0x304, 0x308, 0x500


class Capture(Peripheral, ABC):
    """A peripheral that fills one buffer after the other by EasyDMA.

    At its start, and each time that a buffer is full, it takes over the pointer to the next, says
    so by an event, and goes on without a gap. What the microphone delivers is what comes to RAM.

    Attributes:
        events: Offsets of events that have happened.
        values: Configuration registers by offset.
    """

    NAME: ClassVar[str]
    EVENTS: ClassVar[tuple[int, ...]]
    BEGUN: ClassVar[int]  # the event that a pointer has been taken over
    ENDED: ClassVar[tuple[int, ...]]  # the events of a full buffer
    STOPPED: ClassVar[int] = 0
    POINTER: ClassVar[int]
    COUNT: ClassVar[int]
    MOST: ClassVar[int]  # that COUNT takes
    PINS: ClassVar[dict[int, str]]  # PSEL registers and what they are of the board's microphone
    RESET: ClassVar[dict[int, int]]  # the other registers, with their values after reset

    def __init__(
        self, bus: Bus, board: Board, microphone: Microphone, clock: Clock, gpio: Gpio, sound: Sound
    ) -> None:
        super().__init__(bus, microphone.base)
        self.irq = microphone.irq
        self.events: set[int] = set()
        self.values = dict(self.RESET) | dict.fromkeys(self.PINS, 0xFFFF_FFFF)
        self.values |= {self.POINTER: 0, self.COUNT: 0}
        self._microphone, self._clock, self._gpio, self._sound = microphone, clock, gpio, sound
        self._hertz = board.cpu.clock_hz
        self._interrupts = 0
        self._enabled = False
        self._started: int | None = None  # when, while it runs
        self._period = Fraction(0)  # core clocks of a sample
        self._done = 0  # samples that are in RAM
        self._buffer = (0, 0)  # address and samples of the one being filled
        self._fresh = False  # the pointer was written since it was taken over

    # What the two kinds differ in

    @abstractmethod
    def validate(self) -> None:
        """Refuse a configuration in which no sound would come, or a wrong one."""

    @abstractmethod
    def divider(self) -> int:
        """Return the cycles of the 32 MHz clock that a sample takes."""

    @abstractmethod
    def samples(self) -> int:
        """Return how many samples COUNT stands for."""

    # Registers

    def line(self) -> bool:
        """Whether an event with its interrupt enabled has happened."""
        return any(self._interrupts >> (event - 0x100) // 4 & 1 for event in self.events)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset in self.EVENTS:
            return int(offset in self.events)
        if offset in (_INTEN, _INTENSET, _INTENCLR):
            return self._interrupts
        if offset == _ENABLE:
            return int(self._enabled)
        if offset in self.values:
            return self.values[offset]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register; tasks start on 1."""
        if offset in (_START, _STOP):
            if value != 1:
                raise Misuse("a task register takes only 1")
            (self._start if offset == _START else self._stop)()
        elif offset in self.EVENTS:
            if value:
                raise Misuse("an event register takes only 0")
            self.events.discard(offset)
        elif offset in (_INTEN, _INTENSET, _INTENCLR):
            old = self._interrupts
            self._interrupts = {_INTEN: value, _INTENSET: old | value}.get(offset, old & ~value)
        elif offset == _ENABLE:
            if value not in (0, 1):
                raise Misuse(f"{self.NAME}.ENABLE takes 0 or 1, not {value}")
            if self._started is not None and not value:
                raise Misuse(f"{self.NAME} was disabled while it runs: stop it first")
            self._enabled = bool(value)
        elif offset == self.POINTER:
            if self._started is not None and self._fresh:
                raise Misuse(
                    f"{self.NAME}: the buffer pointer was written twice before it was taken over"
                )
            self._fresh = True
            self.values[offset] = value
        elif offset in self.values:
            if self._started is not None:
                raise Misuse(f"{self.NAME}+{offset:#x} was changed while it runs")
            if self._enabled and offset in self.PINS:
                raise Misuse(f"the pins of {self.NAME} may only change while it is disabled")
            self.values[offset] = value
        else:
            raise NoRegister

    # Running

    def _start(self) -> None:
        if self._started is not None:
            raise Misuse(f"{self.NAME} was started while it runs")
        if not self._enabled:
            raise Misuse(f"{self.NAME} was started while it is disabled")
        if not self._clock.running:
            raise Misuse(f"{self.NAME} was started without the crystal: its clock would jitter")
        self._validate_pins()
        self.validate()
        count = self.values[self.COUNT]
        if not 1 <= count <= self.MOST:
            raise Misuse(f"{self.NAME}: a buffer's size must be 1 to {self.MOST}, not {count}")
        self._period = Fraction(self._hertz * self.divider(), 32_000_000)
        self._started, self._done = self.bus.now(), 0
        self._begin()

    def _validate_pins(self) -> None:
        for register, role in self.PINS.items():
            pin = pin_number(getattr(self._microphone, f"{role}_pin"))
            assert pin is not None  # board files are checked
            if (chosen := self.values[register]) != pin:
                raise Misuse(f"{self.NAME} has its {role} at pin {chosen:#x}, not {pin:#x}")
            if role == "data" and not self._gpio.is_input(pin):
                raise Misuse(f"{self.NAME}: the data pin is not connected as an input")
            if role != "data" and not self._gpio.is_output(pin):
                raise Misuse(f"{self.NAME}: the {role} pin is no output")
        power = pin_number(self._microphone.power_pin)
        if power is not None and not (self._gpio.is_output(power) and self._gpio.level(power)):
            raise Misuse(f"the microphone has no power: {self._microphone.power_pin} is not high")

    def _begin(self) -> None:
        """Take the pointer over and begin to fill the buffer."""
        if not self._fresh:
            raise Misuse(
                f"{self.NAME}: the pointer to the next buffer came too late, the last one"
                " is overwritten"
            )
        address, count = self.values[self.POINTER], self.samples()
        if address % 4 or count % 2:
            raise Misuse(
                f"{self.NAME}: {text.count(count, 'sample')} at {address:#x} are not whole words"
            )
        self.bus.store(address, _UNWRITTEN * count)
        self._buffer, self._fresh = (address, count), False
        self.events.add(self.BEGUN)

    def due(self) -> int | None:
        """Return when the buffer is full."""
        if self._started is None:
            return None
        clocks = (self._done + self._buffer[1]) * self._period
        return self._started - (-clocks.numerator // clocks.denominator)

    def advance(self) -> None:
        """Go on to the next buffer when one is full."""
        while (due := self.due()) is not None and due <= self.bus.now():
            address, count = self._buffer
            self.bus.store(address, self._sound.take(count))
            self._done += count
            self.events.update(self.ENDED)
            self._begin()

    def _stop(self) -> None:
        """Stop; what has come so far is in RAM."""
        if self._started is not None:
            address, count = self._buffer
            so_far = int((self.bus.now() - self._started) / self._period) - self._done
            self.bus.store(address, self._sound.take(min(count, so_far)))
            self.events.update(self.ENDED)
            self._started = None
        self.events.add(self.STOPPED)
