# SPDX-License-Identifier: Apache-2.0
"""Flash and RAM of a board on Unicorn, and what an access is that they do not take."""

from __future__ import annotations

import random
from typing import Any

from mcu_ghost.boards import Board, image
from mcu_ghost.emulate import faults
from mcu_ghost.emulate.bus import PAGE
from mcu_ghost.emulate.faults import Fault
from mcu_ghost.host.errors import GhostError

RETURNS = 0xF000_0000  # from here on an address in the program counter is an exception's return
_RETURN = 3  # Unicorn's number for that


def lay_out(uc: Any, unicorn: Any, board: Board, linked: image.Image) -> None:
    """Map a board's memory and put an image into it.

    Raises:
        GhostError: The memory is not in whole pages.
    """
    for name, memory, rights in (
        ("flash", board.flash, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC),
        ("ram", board.ram, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE),
    ):
        if memory.origin % PAGE or memory.size % PAGE:
            raise GhostError(f"{board.name}: Unicorn needs {name} in pages of {PAGE}.")
        uc.mem_map(memory.origin, memory.size, rights)
    # Erased flash, and RAM that holds what nobody put there.
    uc.mem_write(board.flash.origin, b"\xff" * board.flash.size)
    uc.mem_write(board.ram.origin, random.Random(1).randbytes(board.ram.size))
    for segment in linked.segments:
        uc.mem_write(segment.address, segment.data)


def event(unicorn: Any, access: int, pc: int, address: int) -> Fault | int:
    """Return what an access is that memory refused: a fault, or an exception's return."""
    if access in (unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT):
        if pc >= RETURNS:
            return _RETURN
        return Fault("there is no code to execute", faults.IBUSERR)
    if access == unicorn.UC_MEM_WRITE_PROT:
        return Fault("a write to flash", faults.PRECISERR, address)
    verb = "write to" if access == unicorn.UC_MEM_WRITE_UNMAPPED else "read from"
    return Fault(f"a {verb} an address where nothing is", faults.PRECISERR, address)
