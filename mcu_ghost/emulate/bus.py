# SPDX-License-Identifier: Apache-2.0
"""What is around the core of a board on Unicorn: time, memory for DMA, and the peripherals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips import system
from mcu_ghost.emulate.chips.peripherals import Misuse, NoRegister, Peripheral
from mcu_ghost.host.text import count

PAGE = 0x1000
NEVER = 1 << 62


class Bus:
    """The bus of one machine, as the peripherals see it and as the core does.

    Args:
        uc: The engine.
        unicorn: Its module.
        board: Whose memory this is.
        tally: Its first item is the number of instructions executed.

    Attributes:
        idle: Clocks that the core slept, was held, or polled a register for.
        held: Of these, those that it was held.
        sleeping: Whether the core sleeps.
        written: Writes to peripherals.
        peripherals: All that are connected.
    """

    def __init__(self, uc: Any, unicorn: Any, board: Board, tally: Sequence[int]) -> None:
        self._uc = uc
        self._unicorn = unicorn
        self._ram = board.ram
        self._tally = tally
        self._pages: dict[int, list[Peripheral]] = {}
        self.idle = 0
        self.held = 0
        self.sleeping = False
        self.written = 0
        self.peripherals: list[Peripheral] = []

    # As peripherals see it

    def now(self) -> int:
        """Return the time in core clocks: an instruction takes one, sleep counts too."""
        return self._tally[0] + self.idle

    def executed(self) -> int:
        """Return the number of instructions executed."""
        return self._tally[0]

    def awake(self) -> int:
        """Return the time, in core clocks, that the core did not sleep."""
        return self._tally[0] + self.held

    def asleep(self) -> bool:
        """Whether the core sleeps."""
        return self.sleeping

    def pass_by(self, clocks: int) -> None:
        """Let time go by while the core does nothing; a negative time is none."""
        self.idle += max(0, clocks)

    def pause(self, clocks: int) -> None:
        """Let time go by while the core is held."""
        self.idle += clocks
        self.held += clocks

    def memory(self, address: int, size: int) -> bytes:
        """Return what a DMA reads from RAM."""
        ram = self._ram
        if not (ram.origin <= address and address + size <= ram.origin + ram.size):
            raise Misuse(
                f"EasyDMA reaches RAM only, not {address:#010x} with {count(size, 'byte')}"
            )
        return bytes(self._uc.mem_read(address, size))

    def store(self, address: int, data: bytes) -> None:
        """Write by DMA to RAM."""
        self.memory(address, len(data))
        self._uc.mem_write(address, data)

    def permit(self, address: int, size: int, *, read: bool, write: bool, execute: bool) -> None:
        """Say what may be done with a stretch of memory, in pages of 4096."""
        unicorn = self._unicorn
        rights = unicorn.UC_PROT_READ * read | unicorn.UC_PROT_WRITE * write
        self._uc.mem_protect(address, size, rights | unicorn.UC_PROT_EXEC * execute)

    # As the core sees it

    def connect(self, peripherals: list[Peripheral], core: system.System) -> None:
        """Take these peripherals in place of those before; `core` gets their interrupts."""
        self.peripherals, self._core, self._pages = peripherals, core, {}
        self._timed = [p for p in peripherals if _has_its_own(p, "due")]
        self._moving = [p for p in peripherals if _has_its_own(p, "advance")]
        self._lines = [(p, system.FIRST_IRQ + p.irq) for p in peripherals if p.irq is not None]
        for peripheral in peripherals:
            end = peripheral.base + peripheral.size
            for page in range(peripheral.base & -PAGE, end, PAGE):
                self._pages.setdefault(page, []).append(peripheral)

    def hook(self, accessed: Callable[..., None]) -> None:
        """Have Unicorn call a function before every access to a peripheral."""
        uc, unicorn = self._uc, self._unicorn
        both = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
        for page in self._pages:
            # Real memory behind a hook: the hook knows the exact pc, which MMIO callbacks do not.
            uc.mem_map(page, PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
            uc.hook_add(both, accessed, begin=page, end=page + PAGE - 1)

    def at(self, address: int) -> Peripheral:
        """Return the peripheral at an address in one of the pages.

        Raises:
            NoRegister: There is none.
        """
        for peripheral in self._pages[address & -PAGE]:
            if 0 <= address - peripheral.base < peripheral.size:
                return peripheral
        raise NoRegister

    def due(self) -> int:
        """Return the time of the next thing that happens by itself; NEVER if nothing does."""
        first = NEVER
        for peripheral in self._timed:
            time = peripheral.due()
            if time is not None and time < first:
                first = time
        return first

    def raised(self) -> bool:
        """Whether an interrupt line is up whose handler does not run."""
        active = self._core.active
        return any(p.line() and exception not in active for p, exception in self._lines)

    def settle(self, *, lenient: bool) -> None:
        """Let happen what is due, and raise the interrupt lines that follow.

        Raises:
            Misuse: What happened cannot; if lenient, that is passed over.
            Reset: A watchdog bit.
        """
        for peripheral in self._moving:
            try:
                peripheral.advance()
            except Misuse:
                if not lenient:
                    raise
        for peripheral, exception in self._lines:
            if peripheral.line() and exception not in self._core.active:
                self._core.pending.add(exception)


def _has_its_own(peripheral: Peripheral, method: str) -> bool:
    """Whether a peripheral does something where most do nothing."""
    return getattr(type(peripheral), method) is not getattr(Peripheral, method)
