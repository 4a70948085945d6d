# SPDX-License-Identifier: Apache-2.0
"""The parts of Nordic's chips besides the UART that an image touches."""

from __future__ import annotations

from typing import NamedTuple

from mcu_ghost.boards import Board, chip
from mcu_ghost.emulate.chips.microphone import Sound
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral

_STARTUP_SECONDS = {"nrf52": 0.36e-3, "nrf5340": 0.36e-3, "nrf51": 0.8e-3}
_ERASED = 0xFFFF_FFFF


class Clock(Peripheral):
    """CLOCK, and what shares its address: APPROTECT, RESETREAS. The crystal takes time to start.

    Attributes:
        running: Whether the crystal does.
    """

    def __init__(self, bus: Bus, board: Board, causes: set[str], base: int = 0x4000_0000) -> None:
        super().__init__(bus, base)
        self._causes = causes
        software = 3 if board.startup.family == "nrf5340" else 2
        self._cause_bits = {"watchdog": 1 << 1, "software": 1 << software}
        self._delay = round(_STARTUP_SECONDS[board.startup.family] * board.cpu.clock_hz)
        self._protection = board.startup.family == "nrf52"
        self._running_at: int | None = None
        self._event = 0
        self.running = False
        self.approtect_disable = 0

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x100:
            return self._event
        if offset == 0x400:  # RESETREAS
            return sum(self._cause_bits.get(cause, 0) for cause in self._causes)
        if offset == 0x40C:  # HFCLKSTAT: source crystal, state running
            return 0x10001 if self.running else 0
        if offset == 0x558 and self._protection:
            return self.approtect_disable
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x000 and value == 1:
            self._running_at = self.bus.now() + self._delay
        elif offset == 0x100 and value == 0:
            self._event = 0
        elif offset == 0x400:
            self._causes -= {cause for cause, bit in self._cause_bits.items() if value & bit}
        elif offset == 0x558 and self._protection:
            self.approtect_disable = value
        else:
            raise NoRegister

    def due(self) -> int | None:
        """Return when the crystal runs."""
        return self._running_at

    def advance(self) -> None:
        """Start the crystal."""
        if self._running_at is not None and self._running_at <= self.bus.now():
            self._running_at = None
            self._event = 1
            self.running = True


class PinChange(NamedTuple):
    """An output that changed: when in core clocks, 32 * port + bit, and the level since."""

    time: int
    pin: int
    high: bool


class Outside:
    """What outlives a reset: the words of UICR, erased at first, and what is around the chip.

    Attributes:
        uicr: Words by offset.
        sound: What the microphone hears.
        pins: Every change of an output, in order.
        causes: Why the chip was reset since it has power, as far as nobody has cleared it:
            "power", "watchdog" or "software".
        goes_on: Whether the chip goes on after a fault, and starts anew when its watchdog bites, as
            it does on a desk. Else both end the run, as whoever tests an image wants to hear of it.
    """

    def __init__(self) -> None:
        self.uicr: dict[int, int] = {}
        self.sound = Sound()
        self.pins: list[PinChange] = []
        self.causes = {"power"}
        self.goes_on = False


class Nvmc(Peripheral):
    """The flash controller: writing must be switched on."""

    def __init__(self, bus: Bus, base: int = 0x4001_E000, cache: bool = True) -> None:
        super().__init__(bus, base)
        self.config = 0
        self._cache = {0x540: 0} if cache else {}

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x400:
            return 1  # while it is busy, the core does not get on
        if offset == 0x504:
            return self.config
        if offset in self._cache:
            return self._cache[offset]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x504:
            if value not in (0, 1, 2):
                raise Misuse("NVMC.CONFIG takes 0, 1 or 2")
            self.config = value
        elif offset in self._cache:
            self._cache[offset] = value & 0x101
        else:
            raise NoRegister


class Information(Peripheral):
    """FICR: what the factory wrote into the chip, of a revision that locks its debug port."""

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, 0x1000_0000)
        there = chip.of(board)
        size, ficr = there.part(board.flashing.target.lower()), there.ficr
        assert size is not None and ficr is not None
        self._values = {0x010: 4096, 0x014: size.flash >> 12, 0x100: ficr.part,
                        0x10C: size.ram >> 10, 0x110: size.flash >> 10,
                        0x130: ficr.family, 0x134: ficr.locks_from}  # fmt: skip

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset not in self._values:
            raise NoRegister
        return self._values[offset]


class UserInformation(Peripheral):
    """UICR: flash of its own; bits only ever go from 1 to 0."""

    def __init__(
        self, bus: Bus, nvmc: Nvmc, words: dict[int, int], base: int = 0x1000_1000
    ) -> None:
        super().__init__(bus, base)
        self._nvmc = nvmc
        self._words = words

    def read(self, offset: int) -> int:
        """Return a word."""
        if offset >= 0x400:
            raise NoRegister
        return self._words.get(offset, _ERASED)

    def write(self, offset: int, value: int) -> None:
        """Program a word; the core waits, since it executes from flash."""
        if offset >= 0x400:
            raise NoRegister
        if self._nvmc.config != 1:
            raise Misuse("UICR written while NVMC.CONFIG does not allow it")
        self._words[offset] = self._words.get(offset, _ERASED) & value
        self.bus.pause(41 * 64)  # 41 us


class Gpio(Peripheral):
    """GPIO ports: outputs, directions and pin configurations."""

    def __init__(
        self, bus: Bus, ports: int, changes: list[PinChange], base: int = 0x5000_0000
    ) -> None:
        super().__init__(bus, base)
        self._changes = changes
        self._ports = [[0, 0] for _ in range(ports)]  # OUT, DIR
        self._pins = [[2] * 32 for _ in range(ports)]

    def read(self, offset: int) -> int:
        """Return a register's value."""
        port, offset = self._port(offset)
        if offset in (0x504, 0x508, 0x50C):
            return self._ports[port][0]
        if offset in (0x514, 0x518, 0x51C):
            return self._ports[port][1]
        if 0x700 <= offset < 0x780:
            return self._pins[port][(offset - 0x700) // 4]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        port, offset = self._port(offset)
        if offset in (0x504, 0x508, 0x50C, 0x514, 0x518, 0x51C):
            which = int(offset >= 0x514)
            old = self._ports[port][which]
            kind = (offset - 0x504) % 0x10 // 4
            before = list(self._ports[port])
            self._ports[port][which] = (value, old | value, old & ~value)[kind]
            self._note(port, *before)
        elif 0x700 <= offset < 0x780:
            self._pins[port][(offset - 0x700) // 4] = value
        else:
            raise NoRegister

    def _note(self, port: int, levels: int, outputs: int) -> None:
        """Note which outputs changed, or became outputs."""
        now, driven = self._ports[port]
        for bit in range(32):
            if driven >> bit & 1 and ((now ^ levels) | ~outputs) >> bit & 1:
                high = bool(now >> bit & 1)
                self._changes.append(PinChange(self.bus.now(), 32 * port + bit, high))

    def is_output(self, pin: int) -> bool:
        """Whether the chip drives a pin, 32 * port + bit."""
        return bool(self._ports[pin // 32][1] >> pin % 32 & 1)

    def level(self, pin: int) -> bool:
        """Whether an output is high."""
        return bool(self._ports[pin // 32][0] >> pin % 32 & 1)

    def is_input(self, pin: int) -> bool:
        """Whether a pin is no output and its input buffer is connected."""
        return not self.is_output(pin) and not self._pins[pin // 32][pin % 32] & 3

    def _port(self, offset: int) -> tuple[int, int]:
        port = int(offset >= 0x800)
        if port >= len(self._ports):
            raise NoRegister
        return port, offset - 0x300 * port


class Timer(Peripheral):
    """TIMER0 as a counter that can be captured; compare events are not here."""

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, 0x4000_8000)
        self._hertz = board.cpu.clock_hz
        self._registers = {0x504: 0, 0x508: 0, 0x510: 4} | {0x540 + 4 * i: 0 for i in range(4)}
        self._started: int | None = None
        self._count = 0

    def _now(self) -> int:
        bits = (16, 8, 24, 32)[self._registers[0x508] & 3]
        count = self._count
        if self._started is not None:
            ticks = (self.bus.now() - self._started) * 16_000_000 // self._hertz
            count += ticks >> self._registers[0x510]
        return count & (1 << bits) - 1

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset not in self._registers:
            raise NoRegister
        return self._registers[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register; tasks start on 1."""
        if offset in (0x000, 0x004, 0x00C, 0x040, 0x044, 0x048, 0x04C):
            if value != 1:
                raise Misuse("a task register takes only 1")
            if offset >= 0x040:
                self._registers[0x500 + offset] = self._now()
                return
            count = 0 if offset == 0x00C else self._now()
            running = self._started is not None
            self._count = count
            if offset == 0x000 or (offset == 0x00C and running):
                self._started = self.bus.now()
            elif offset == 0x004:
                self._started = None
        elif offset in self._registers:
            if self._started is not None and offset in (0x504, 0x508, 0x510):
                raise Misuse("MODE, BITMODE and PRESCALER may only change while it is stopped")
            if offset == 0x504 and value != 0:
                raise Misuse("only timer mode is here")
            self._registers[offset] = value
        else:
            raise NoRegister
