# SPDX-License-Identifier: Apache-2.0
"""The core's own registers: NVIC, SysTick, fault status, debug (Armv7-M ARM, chapter B3)."""

from __future__ import annotations

from typing import Protocol

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips import caches
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral, Reset

HARD_FAULT, SVCALL, PENDSV, SYSTICK, FIRST_IRQ = 3, 11, 14, 15, 16
THREAD_PRIORITY = 256

_CPUID = {
    "cortex-m0": 0x410C_C200,
    "cortex-m0plus": 0x410C_C601,
    "cortex-m3": 0x412F_C231,
    "cortex-m4": 0x410F_C241,
    "cortex-m7": 0x411F_C272,
    "cortex-m33": 0x410F_D213,
}
_PRIORITY_BITS = 3


class Executed(Bus, Protocol):
    """A bus that also knows how much the core has executed."""

    def executed(self) -> int:
        """Return the number of instructions executed so far."""


class SysTick:
    """The 24-bit timer that counts the core clock downwards."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.control = 0
        self._reload = 0
        self._start = 0  # when the counter was 0 last, or would have been
        self._held = 0  # the counter while it is off
        self._seen = 0  # wraps that are dealt with

    def _elapsed(self) -> int:
        return self._bus.now() - self._start

    def _wraps(self) -> int:
        return max(0, self._elapsed()) // (self._reload + 1) if self.control & 1 else 0

    def value(self) -> int:
        """Return the counter."""
        elapsed = self._elapsed()
        if not self.control & 1:
            return self._held
        return 0 if elapsed <= 0 else self._reload - (elapsed - 1) % (self._reload + 1)

    def read(self, offset: int) -> int:
        """Return CSR, RVR, CVR or CALIB."""
        if offset == 0x10:
            control = self.control
            self.control &= ~0x10000
            return control
        return {0x14: self._reload, 0x18: self.value(), 0x1C: 0x8000_0000}[offset]

    def write(self, offset: int, value: int) -> None:
        """Write CSR, RVR or CVR."""
        if offset == 0x10:
            if value & 5 == 1:
                raise Misuse("SysTick has no reference clock here: set CLKSOURCE")
            held = self.value()
            if value & 1 and not self.control & 1:
                self._start = self._bus.now() - (self._reload + 1 - held if held else 0)
                self._seen = 1 if held else 0
            self._held = held
            self.control = value & 7
        elif offset == 0x14:
            self._held = self.value()
            self._reload = value & 0xFF_FFFF
        elif offset == 0x18:
            self._start = self._bus.now()
            self._held = self._seen = 0
            self.control &= ~0x10000
        else:
            raise NoRegister

    def due(self) -> int | None:
        """Return when the counter reaches 0 with its exception on."""
        if self.control & 3 != 3 or not self._reload:
            return None
        return self._start + (self._seen + 1) * (self._reload + 1)

    def wrapped(self) -> bool:
        """Whether the counter reached 0 since this was asked last."""
        wraps = self._wraps()
        if wraps <= self._seen or not self._reload:
            return False
        self._seen = wraps
        self.control |= 0x10000
        return True


class System(Peripheral):
    """The system control space, 0xE000E000.

    Attributes:
        vectors: Address of the vector table.
        pending: Exceptions that wait.
        active: Exceptions being handled, the latest last.
        fpu_on: Whether CPACR lets floating-point instructions through.
        traps_division: Whether division by zero faults.
    """

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, 0xE000_E000)
        self._cpu = board.cpu
        self._lines = board.startup.vector_count - FIRST_IRQ
        self._no_systick = board.startup.family == "nrf51"
        self.systick = SysTick(bus)
        self.vectors = board.flash.origin  # where a boot loader has its own
        self.pending: set[int] = set()
        self.active: list[int] = []
        self.enabled: set[int] = set()
        self.fpu_on = False
        self.traps_division = False
        self._values = {0x008: 0, 0xD10: 0, 0xD14: 0x200, 0xD18: 0, 0xD1C: 0, 0xD20: 0}
        if not self._cpu.armv6m:
            self._values |= {0xD24: 0, 0xD28: 0, 0xD2C: 0, 0xD30: 0, 0xD34: 0, 0xD38: 0,
                             0xD88: 0, 0xDFC: 0, 0xF34: 0xC000_0000}  # fmt: skip
        if self._cpu.armv8m:
            self._values[0xDE4] = 0
        self._priorities: dict[int, int] = {}
        cached = self._cpu.core == "cortex-m7" and board.flash.code_cache
        self._caches = caches.Caches(board.flash.code_cache) if cached else None

    @property
    def trace_on(self) -> bool:
        """Whether DEMCR switches the DWT on."""
        return bool(self._values.get(0xDFC, 0) & 1 << 24)

    def fault(self, status: int, address: int | None) -> None:
        """Note in CFSR, HFSR and BFAR what a HardFault is about."""
        if not self._cpu.armv6m:
            self._values[0xD28] |= status | (1 << 15 if address is not None else 0)
            self._values[0xD2C] |= 1 << 30
            if address is not None:
                self._values[0xD38] = address

    def priority(self, exception: int) -> int:
        """Return an exception's priority; lower is more urgent."""
        return -1 if exception == HARD_FAULT else self._priorities.get(exception, 0)

    def current_priority(self, primask: bool) -> int:
        """Return the priority that an exception must beat."""
        lowest = min(map(self.priority, self.active), default=THREAD_PRIORITY)
        return min(lowest, 0) if primask else lowest

    def most_urgent(self) -> int | None:
        """Return the pending and enabled exception that is next."""
        ready = [e for e in self.pending if e < FIRST_IRQ or e in self.enabled]
        return min(ready, key=lambda e: (self.priority(e), e), default=None)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset in (0x10, 0x14, 0x18, 0x1C) and not self._no_systick:
            return self.systick.read(offset)
        if offset == 0xD00:
            return _CPUID[self._cpu.core]
        if offset == 0xD04:
            urgent = self.most_urgent() or 0
            waiting = (SYSTICK in self.pending) << 26 | (PENDSV in self.pending) << 28
            return (self.active[-1] if self.active else 0) | urgent << 12 | waiting
        if offset == 0xD08 and self._has_vtor():
            return self.vectors
        if offset == 0xD0C:
            return 0xFA05_0000
        if offset in (caches.CCSIDR, caches.CSSELR) and self._caches is not None:
            return self._caches.read(offset)
        group = self._group(offset)
        if group is not None:
            kind, first = group
            if kind == 0x400:
                return sum(self._priorities.get(first + i, 0) << 8 * i for i in range(4))
            members = {0x100: self.enabled, 0x180: self.enabled}.get(kind, self.pending)
            if kind == 0x300:
                members = set(self.active)
            return sum(1 << i for i in range(32) if first + i in members)
        if offset in self._values:
            return self._values[offset]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        group = self._group(offset)
        if group is not None:
            self._write_group(*group, value)
        elif offset in (0x10, 0x14, 0x18) and not self._no_systick:
            self.systick.write(offset, value)
        elif offset == 0xD04:
            for bit, exception in ((28, PENDSV), (26, SYSTICK)):
                if value >> bit & 1:
                    self.pending.add(exception)
                if value >> bit - 1 & 1:
                    self.pending.discard(exception)
        elif offset == 0xD08 and self._has_vtor():
            if value & 0x7F:
                raise Misuse(f"VTOR {value:#x} is not aligned to 128 bytes")
            self.vectors = value
        elif offset == 0xD0C:
            if value >> 16 == 0x05FA and value & 4:
                raise Reset
        elif offset in (0xD18, 0xD1C, 0xD20):
            self._values[offset] = value
            for i in range(4):
                self._set_priority((offset - 0xD18) + 4 + i, value >> 8 * i & 0xFF)
        elif offset == 0xD24 and value:
            raise Misuse("SHCSR: faults of their own are not here, all are HardFaults")
        elif offset == 0xD14 and value & 8:
            raise Misuse("CCR.UNALIGN_TRP is not here")
        elif offset in (0xD28, 0xD2C, 0xD30):
            self._values[offset] &= ~value
        elif offset in (caches.CSSELR, caches.ICIALLU, caches.DCISW) and self._caches is not None:
            self._caches.write(offset, value)
        elif offset in self._values:
            if offset == 0xD14 and self._caches is not None:
                self._caches.control(self._values[offset], value)
            self._values[offset] = value
            self.fpu_on = self._values.get(0xD88, 0) >> 20 & 0xF == 0xF
            self.traps_division = not self._cpu.armv6m and bool(self._values[0xD14] & 0x10)
        else:
            raise NoRegister

    def due(self) -> int | None:
        """Return when SysTick's exception comes."""
        return self.systick.due()

    def advance(self) -> None:
        """Let SysTick's exception become pending."""
        if self.systick.wrapped() and self.systick.control & 2:
            self.pending.add(SYSTICK)

    def _has_vtor(self) -> bool:
        return self._cpu.core != "cortex-m0"

    def _group(self, offset: int) -> tuple[int, int] | None:
        """Return which array of NVIC registers an offset is in, and its first exception."""
        for kind in (0x100, 0x180, 0x200, 0x280, 0x300):
            first = 8 * (offset - kind)
            if 0 <= first < self._lines:
                return kind, FIRST_IRQ + first
        if 0x400 <= offset < 0x400 + self._lines:
            return 0x400, FIRST_IRQ + offset - 0x400
        return None

    def _write_group(self, kind: int, first: int, value: int) -> None:
        if kind == 0x400:
            for i in range(4):
                self._set_priority(first + i, value >> 8 * i & 0xFF)
            return
        chosen = {first + i for i in range(32) if value >> i & 1}
        if any(e >= FIRST_IRQ + self._lines for e in chosen):
            raise Misuse(f"the chip has no interrupt {max(chosen) - FIRST_IRQ}")
        if kind == 0x100:
            self.enabled |= chosen
        elif kind == 0x180:
            self.enabled -= chosen
        elif kind == 0x200:
            self.pending |= chosen
        elif kind == 0x280:
            self.pending -= chosen

    def _set_priority(self, exception: int, value: int) -> None:
        bits = 2 if self._cpu.armv6m else _PRIORITY_BITS
        self._priorities[exception] = value & 0xFF << 8 - bits & 0xFF


class Dwt(Peripheral):
    """The cycle counter, which here counts executed instructions."""

    def __init__(self, bus: Executed, board: Board, system: System) -> None:
        super().__init__(bus, 0xE000_1000)
        self._executed = bus.executed
        self._system = system
        self._locked = board.cpu.core == "cortex-m7"
        self._control = 0x4000_0000
        self._base = 0
        self._held = 0

    def _count(self) -> int:
        on = self._control & 1 and self._system.trace_on
        return (self._executed() - self._base if on else self._held) & 0xFFFF_FFFF

    def read(self, offset: int) -> int:
        """Return CTRL, CYCCNT or LSR; without DEMCR.TRCENA they read as 0."""
        if offset in (0x000, 0x004, 0xFB4):
            if offset == 0xFB4:
                return 3 if self._locked else 1
            if not self._system.trace_on:
                return 0
            return self._control if offset == 0 else self._count()
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write CTRL, CYCCNT or LAR."""
        if offset == 0xFB0:
            self._locked = value != 0xC5AC_CE55 and self._locked
            return
        if offset not in (0x000, 0x004):
            raise NoRegister
        if not self._system.trace_on or self._locked:
            return  # the chip ignores it
        held = self._count() if offset == 0 else value
        if offset == 0:
            if value & ~0x4000_0001:
                raise Misuse(f"DWT_CTRL {value:#x}: only CYCCNTENA is here")
            self._control = 0x4000_0000 | value & 1
        self._held = held
        self._base = self._executed() - held
