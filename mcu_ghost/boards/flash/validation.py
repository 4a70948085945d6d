# SPDX-License-Identifier: Apache-2.0
"""Whether an image may be written: made for this board, in flash that is an image's to have."""

from __future__ import annotations

import struct

from mcu_ghost.boards import Board
from mcu_ghost.boards.flash.payload import Payload
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

# Tag_CPU_arch of the Arm ABI: what each kind of core executes.
_V6M, _V7M, _V7EM, _V8M, _V81M = {11, 12}, {10}, {13}, {16, 17}, {21}
_RUNS = {
    "cortex-m0": _V6M,
    "cortex-m0plus": _V6M,
    "cortex-m3": _V6M | _V7M,
    "cortex-m4": _V6M | _V7M | _V7EM,
    "cortex-m7": _V6M | _V7M | _V7EM,
    "cortex-m33": _V6M | _V7M | _V7EM | _V8M,
    "cortex-m55": _V6M | _V7M | _V7EM | _V8M | _V81M,
}
# Nordic's user information: pin reset, regulator, debug lock. By what the chip's name begins with.
_UICR = {
    "nrf51": (0x1000_1000, 0x1000_2000),
    "nrf52": (0x1000_1000, 0x1000_2000),
    "nrf53": (0x00FF_8000, 0x0100_0000),
}
_SECOND_STAGE = 0x100  # of booting, which an RP2040's image begins with


def validate(payload: Payload, board: Board) -> None:
    """Refuse an image that does not belong on a board, before anything is touched.

    Raises:
        GhostError: For another board or core, outside the flash that images may use, or without a
            vector table.
    """
    build = f"`mcu-ghost build --board {board.name}` makes one."
    if payload.board and payload.board != board.name:
        raise GhostError(
            f"{payload.path}: was built for the board {payload.board}, not for {board.name}."
            f" {build}"
        )
    if payload.machine not in ("", "EM_ARM"):
        machine = payload.machine.removeprefix("EM_")
        raise GhostError(f"{payload.path}: is for the processor {machine}, not for Arm. {build}")
    if payload.arch is not None and payload.arch not in _RUNS[board.cpu.core]:
        raise GhostError(
            f"{payload.path}: was compiled for another core than the {board.cpu.core} of"
            f" {board.name} (Tag_CPU_arch {payload.arch}). {build}"
        )
    first, end = board.flash.start, board.flash.origin + board.flash.size
    for segment in payload.segments:
        last = segment.address + len(segment.data)
        if first <= segment.address and last <= end:
            continue
        what = f"{payload.path}: {count(len(segment.data), 'byte')} at {segment.address:#010x}"
        for family, (low, high) in _UICR.items():
            if board.flashing.target.startswith(family) and low <= segment.address < high:
                raise GhostError(
                    f"{what} are for the chip's UICR, which is never written here: an image's"
                    " start-up opens the debug port by itself. Leave them out of the file."
                )
        if board.flash.origin <= segment.address < first:
            raise GhostError(
                f"{what} would overwrite the bootloader, which ends at {first:#010x}. {build}"
            )
        raise GhostError(
            f"{what} do not lie in the flash that images of {board.name} may use, {first:#010x} to"
            f" {end - 1:#010x}. {build}"
        )
    offset = _SECOND_STAGE if board.startup.family == "rp2040" else 0
    if not _has_table(payload, board, offset):
        raise GhostError(
            f"{payload.path}: begins with no vector table for {board.name} (stack in RAM, reset in"
            f" flash) at {first + offset:#010x}. {build}"
        )


def _has_table(payload: Payload, board: Board, offset: int) -> bool:
    head = payload.segments[0]
    if head.address != board.flash.start or len(head.data) < offset + 8:
        return False
    stack, reset = struct.unpack_from("<II", head.data, offset)
    ram = board.ram
    in_ram = ram.origin < stack <= ram.origin + ram.size and stack % 4 == 0
    last = payload.segments[-1]
    return in_ram and bool(reset & 1) and head.address <= reset < last.address + len(last.data)
