# SPDX-License-Identifier: Apache-2.0
"""What is looked at before instructions that Unicorn is too lenient with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from mcu_ghost.boards import Cpu
from mcu_ghost.emulate import faults, thumb
from mcu_ghost.emulate.faults import Fault

Check = Callable[..., None]


class Switches(Protocol):
    """What the image has switched on so far."""

    fpu_on: bool
    traps_division: bool


class Straight(NamedTuple):
    """What a straight run of code asks for; bit i of a number stands for register i.

    Attributes:
        needs: Registers that must hold multiples of four when it is entered.
        keeps: Registers that hold multiples of four after it if they did before.
        alone: Instructions that may need a check of their own.
    """

    needs: int
    keeps: int
    alone: list[thumb.Instruction]


class Strictness:
    """Makes the checks of one machine.

    Args:
        cpu: The core.
        reader: Returns what reads a register, given its number.
        stop: Called with a fault and its pc.
        unmasked: Called when interrupts may have been switched on.

    Attributes:
        switches: The system registers; another object after a reset.
        fpu_used: Whether a floating-point instruction has been seen.
    """

    def __init__(
        self,
        cpu: Cpu,
        reader: Callable[[int], Callable[[], int]],
        stop: Callable[[Fault, int], None],
        unmasked: Callable[[], None],
    ) -> None:
        self._cpu = cpu
        self._reader = reader
        self._readers: dict[int, list[Callable[[], int]]] = {}
        self._stop = stop
        self._unmasked = unmasked
        self.switches: Switches | None = None
        self.fpu_used = False

    def before(self, instruction: thumb.Instruction, at: int) -> Check | None:
        """Return what to call before an instruction at an address, or None."""
        if thumb.undefined(instruction, self._cpu):
            return self._refusal(
                f"an instruction that the {self._cpu.core} does not have", faults.UNDEFINSTR, at
            )
        if thumb.masks_by_priority(instruction):
            return self._refusal("BASEPRI and FAULTMASK are not emulated", faults.MISUSE, at)
        if thumb.unmasks(instruction):
            unmasked = self._unmasked
            return lambda *_: unmasked()
        if thumb.uses_fpu(instruction):
            self.fpu_used = True
            if not self._fpu_on():
                return self._powered(at)
        base, by = thumb.word_base(instruction), thumb.divisor(instruction)
        if base is not None and not self._cpu.armv6m:
            return self._aligned(self._reader(base), at)
        return None if by is None else self._divisible(self._reader(by), at)

    def straight(self, code: Iterable[thumb.Instruction], each: bool) -> Straight:
        """Return what must be looked at when a straight run of code is entered, and within it.

        Args:
            code: The instructions.
            each: Whether each access of words has to be looked at by itself.
        """
        needs = aligned = moved = 0
        alone: list[thumb.Instruction] = []
        for instruction in code:
            base = None
            if not self._cpu.armv6m and not thumb.uses_fpu(instruction):
                base = thumb.word_base(instruction)
            bit = 0 if base is None else 1 << base
            if base is None or (bit & ~aligned and (bit & moved or each)):
                alone.append(instruction)
            elif bit & ~aligned:
                needs |= bit
            moves = thumb.moves(instruction)
            aligned = (aligned | bit) & ~moves
            moved |= moves
        return Straight(needs, ~moved, alone)

    def misaligned(self, registers: int) -> bool:
        """Whether one of these registers, a bit each, holds no multiple of four."""
        readers = self._readers.get(registers)
        if readers is None:
            readers = [self._reader(i) for i in range(thumb.PC) if registers >> i & 1]
            self._readers[registers] = readers
        return any(read() & 3 for read in readers)

    def _fpu_on(self) -> bool:
        return self._cpu.fpu and self.switches is not None and self.switches.fpu_on

    def _refusal(self, reason: str, status: int, at: int) -> Check:
        return lambda *_: self._stop(Fault(reason, status), at)

    def _powered(self, at: int) -> Check:
        def check(*_: Any) -> None:
            if not self._fpu_on():
                reason = "a floating-point instruction while the FPU is off"
                self._stop(Fault(reason, faults.NOCP), at)

        return check

    def _aligned(self, read: Callable[[], int], at: int) -> Check:
        def check(*_: Any) -> None:
            address = read()
            if address & 3:
                self._stop(Fault("an unaligned access of words", faults.UNALIGNED, address), at)

        return check

    def _divisible(self, read: Callable[[], int], at: int) -> Check:
        def check(*_: Any) -> None:
            if self.switches is not None and self.switches.traps_division and not read():
                self._stop(Fault("a division by zero", faults.DIVBYZERO), at)

        return check
