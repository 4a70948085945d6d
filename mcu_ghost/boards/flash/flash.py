# SPDX-License-Identifier: Apache-2.0
"""An image onto a board: check the image, choose a way, make the procedure, carry it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_ghost.boards import Board
from mcu_ghost.boards.flash import bootloaders, debuggers, jlink, nordic
from mcu_ghost.boards.flash.choose import Choice, Wanted, choose
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.boards.flash.payload import Payload, read
from mcu_ghost.boards.flash.run import Locked, Say, run
from mcu_ghost.boards.flash.steps import Job, Procedure, Step
from mcu_ghost.boards.flash.validation import validate
from mcu_ghost.host import workspace
from mcu_ghost.host.errors import GhostError

_PROCEDURES: dict[str, Callable[[Job], Procedure]] = {
    "jlink": jlink.jlink,
    "pyocd": debuggers.pyocd,
    "openocd": debuggers.openocd,
    "probe-rs": debuggers.probe_rs,
    "nrfutil": nordic.nrfutil,
    "nrfjprog": nordic.nrfjprog,
    "dfu-util": bootloaders.dfu_util,
    "picotool": bootloaders.picotool,
    "bossac": bootloaders.bossac,
    "uf2": bootloaders.uf2,
    "copy": bootloaders.copy,
}


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is touched.

    Attributes:
        board: The board.
        payload: What is written.
        choice: The way to it.
        procedure: What runs.
    """

    board: Board
    payload: Payload
    choice: Choice
    procedure: Procedure

    def as_json(self) -> dict[str, Any]:
        """Return the plan for scripts."""
        choice = self.choice
        place = choice.port or str(choice.volume or (choice.device.serial if choice.device else ""))
        return {
            "board": self.board.name,
            "image": str(self.payload.path),
            "address": self.payload.start,
            "bytes": self.payload.size,
            "method": choice.method,
            "device": place,
            "commands": [str(step) for step in self.procedure.steps],
            "unlock": [str(step) for step in self.procedure.unlock],
            "scripts": {
                str(s.script): s.script.read_text() for s in scripts(self.procedure) if s.script
            },
            "verifies": METHODS[choice.method].through != "volume",
            "missing": choice.missing,
        }


def prepare(board: Board, image: Path, wanted: Wanted, dry_run: bool = False) -> Plan:
    """Check the image, choose a way to the board, and make the procedure; nothing is run.

    Args:
        board: The board.
        image: .elf, .hex, .bin or .uf2.
        wanted: What the user chose.
        dry_run: Whether a plan is wanted even if a program or the board is missing.

    Raises:
        GhostError: The image does not belong on the board, or there is no way to it.
    """
    payload = read(image, board)
    validate(payload, board)
    choice = choose(board, wanted, dry_run)
    job = Job(
        board,
        payload,
        choice.method,
        choice.program,
        choice.device,
        choice.port,
        choice.volume,
        workspace.root() / "build" / "flash",
    )
    return Plan(board, payload, choice, _PROCEDURES[choice.method](job))


def flash(
    board: Board,
    image: Path | str,
    *,
    method: str = "",
    probe: str = "",
    port: str = "",
    volume: Path | str | None = None,
    unlock: bool = False,
    say: Say = lambda line: None,
) -> Plan:
    """Write an image to a board that is plugged in, verify it, and start it.

    Args:
        board: The board.
        image: .elf, .hex, .bin or .uf2.
        method: One of `mcu_ghost.boards.flash.methods.METHODS`; the first that is installed and
            plugged in if "".
        probe: Serial number of the debug probe or bootloader, where there are several.
        port: The serial port, where there are several.
        volume: Where the board's drive is mounted.
        unlock: Whether a locked chip may be erased and unlocked.
        say: Takes a line that describes what is happening.

    Returns:
        What was done.

    Raises:
        GhostError: The image does not belong on the board, there is no way to it, a step failed,
            or the chip is locked and may not be erased.
    """
    wanted = Wanted(method, probe, port, None if volume is None else Path(volume))
    plan = prepare(board, Path(image), wanted)
    carry_out(plan, say, unlock)
    return plan


def carry_out(plan: Plan, say: Say, unlock: bool = False) -> None:
    """Carry a plan out.

    Args:
        plan: What to do.
        say: Takes a line that describes what is happening.
        unlock: Whether a locked chip may be erased and unlocked.

    Raises:
        GhostError: A step failed, or the chip is locked and may not be erased.
    """
    try:
        run(plan.procedure, say, unlock)
    except Locked as error:
        raise GhostError(_locked(plan)) from error


def _locked(plan: Plan) -> str:
    board, commands = plan.board, "".join(f"\n  {step}" for step in plan.procedure.unlock)
    words = (
        f"The chip of {board.name} is locked (APPROTECT): its debug port stays shut until the whole"
        " chip is erased. Nothing has been erased yet.\nUnlocking erases all flash, whatever is"
        " stored there, and UICR with the settings of reset pin and supply."
    )
    if board.flash.reserved:
        words += (
            f" The bootloader is erased too; the image needs it and does not hold it, so write"
            f" {board.vendor}'s bootloader back before flashing."
        )
    if not commands:
        return f"{words}\n{plan.choice.method} cannot unlock it; choose another --method."
    return (
        f"{words}\nTo do that: mcu-ghost flash --board {board.name} --method {plan.choice.method}"
        f" --unlock\nIt runs{commands}"
    )


def scripts(procedure: Procedure) -> list[Step]:
    """Return the steps that read a file of commands."""
    steps = (*procedure.steps, *procedure.unlock)
    return [step for step in steps if isinstance(step, Step) and step.script is not None]
