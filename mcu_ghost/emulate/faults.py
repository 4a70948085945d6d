# SPDX-License-Identifier: Apache-2.0
"""Faults of the core, and what the chip notes about them in CFSR (Armv7-M ARM, B3.2.15)."""

from __future__ import annotations

IBUSERR, PRECISERR, STKERR = 1 << 8, 1 << 9, 1 << 12
UNDEFINSTR, NOCP, STKOF, UNALIGNED, DIVBYZERO = 1 << 16, 1 << 19, 1 << 20, 1 << 24, 1 << 25
DEBUG, MISUSE = 0, -1  # neither is in CFSR; of a misuse the chip itself would notice nothing


class Fault(Exception):
    """A HardFault.

    Attributes:
        reason: Why, in words.
        status: Bits of CFSR, or MISUSE.
        address: The data address that it is about, if any.
    """

    def __init__(self, reason: str, status: int = 0, address: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.address = address


def of_core(number: int) -> Fault:
    """Return what one of Unicorn's exception numbers means."""
    reasons = {
        1: ("an undefined instruction", UNDEFINSTR),
        4: ("an unaligned access", UNALIGNED),
        7: ("a breakpoint", DEBUG),
        17: ("a floating-point instruction while the FPU is off", NOCP),
        19: ("the stack overflowed", STKOF),
    }
    return Fault(*reasons.get(number, (f"exception {number} of the core", UNDEFINSTR)))
