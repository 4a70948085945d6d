# SPDX-License-Identifier: Apache-2.0
"""What the core pushes when it takes an exception, and pops when it returns (B1.5.6 to B1.5.8).

The registers of the FPU are kept beside the stack instead of on it: an image that uses them in
handlers needs 72 bytes of stack more than is seen here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from mcu_ghost.boards import Memory
from mcu_ghost.emulate import direct

_STACKED = (0, 1, 2, 3, 12, 14)
_BYTES = 32
_PADDED = 1 << 9  # in the stacked xPSR


class Frames:
    """The frames on the stacks of one machine.

    Args:
        uc: The engine.
        arm: Its names for registers.
        ram: Where stacks may lie.
    """

    def __init__(self, uc: Any, arm: Any, ram: Memory) -> None:
        self._uc = uc
        self._arm = arm
        self._ram = ram
        self._fpu: list[tuple[int, list[int], int]] = []
        names = [arm.UC_ARM_REG_CONTROL, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_XPSR]
        saved = [self.register(i) for i in _STACKED]
        self._before = direct.Registers(uc, [*names, *saved])
        self._saved = direct.Registers(uc, saved)
        self._stack = direct.Registers(uc, [arm.UC_ARM_REG_SP])
        self._entered = direct.Registers(uc, [arm.UC_ARM_REG_LR, arm.UC_ARM_REG_XPSR])
        self._left = direct.Registers(uc, [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_XPSR])

    def register(self, number: int) -> int:
        """Return the engine's name for r0 to r14."""
        special = {13: self._arm.UC_ARM_REG_SP, 14: self._arm.UC_ARM_REG_LR}
        return int(special.get(number, self._arm.UC_ARM_REG_R0 + number))

    def reader(self, number: int) -> Callable[[], int]:
        """Return what reads one of them while the engine runs."""
        return direct.reader(self._uc, self.register(number))

    def registers(self) -> list[int]:
        """Return the status and r0 to r14."""
        names = [self._arm.UC_ARM_REG_XPSR, *map(self.register, range(15))]
        return [self._uc.reg_read(name) for name in names]

    def push(self, exception: int, pc: int, nested: bool, fpu: bool) -> bool:
        """Save what the exception interrupts and switch to its handler's state.

        Args:
            exception: Its number.
            pc: Where to go on afterwards.
            nested: Whether a handler is interrupted.
            fpu: Whether to save the FPU's registers too.

        Returns:
            Whether there was room on the stack.
        """
        uc, arm = self._uc, self._arm
        control, stack, status, *saved = self._before.read()
        process = not nested and bool(control & 2)
        status = status & ~_PADDED | (_PADDED if stack & 4 else 0)
        frame = (stack - _BYTES) & ~7
        fits = self._fits(frame)
        if fits:
            uc.mem_write(frame, struct.pack("<8I", *saved, pc, status))
        if fpu:
            singles = [uc.reg_read(arm.UC_ARM_REG_S0 + i) for i in range(16)]
            self._fpu.append((frame, singles, uc.reg_read(arm.UC_ARM_REG_FPSCR)))
        self._stack.write(frame)
        if process:
            uc.reg_write(arm.UC_ARM_REG_CONTROL, control & ~2)
        code = 0xFFFF_FFF1 if nested else 0xFFFF_FFFD if process else 0xFFFF_FFF9
        self._entered.write(code, status & 0xF80F_0000 | 0x0100_0000 | exception)
        return fits

    def pop(self, code: int) -> int | None:
        """Restore what EXC_RETURN names; return where to go on, or None without a frame there."""
        uc, arm = self._uc, self._arm
        if code & 4:
            uc.reg_write(arm.UC_ARM_REG_CONTROL, uc.reg_read(arm.UC_ARM_REG_CONTROL) | 2)
        (frame,) = self._stack.read()
        if not self._fits(frame):
            return None
        *saved, pc, status = struct.unpack("<8I", uc.mem_read(frame, _BYTES))
        self._saved.write(*saved)
        if self._fpu and self._fpu[-1][0] == frame:
            _, singles, control = self._fpu.pop()
            for i, value in enumerate(singles):
                uc.reg_write(arm.UC_ARM_REG_S0 + i, value)
            uc.reg_write(arm.UC_ARM_REG_FPSCR, control)
        padding = 4 if status & _PADDED else 0
        self._left.write(frame + _BYTES + padding, status & ~_PADDED)
        return int(pc) & ~1

    def _fits(self, frame: int) -> bool:
        ram = self._ram
        return ram.origin <= frame and frame + _BYTES <= ram.origin + ram.size
