# SPDX-License-Identifier: Apache-2.0
"""Nordic's own programs, for the J-Link on its boards."""

from __future__ import annotations

from mcu_ghost.boards.flash import chips
from mcu_ghost.boards.flash.steps import Job, Procedure, Step
from mcu_ghost.host.errors import GhostError

# What both say of a chip that is locked, in words or by the name of the error.
_LOCKED = r"(?i)BecauseProtection|readback protection|ap[- ]?protect|access port is protected"


def nrfutil(job: Job) -> Procedure:
    """Erase the pages that the image takes, write, read back, start; its default erases all."""
    number = ("--serial-number", job.serial) if job.serial else ()
    options = (
        "chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM"
    )
    write = ("program", "--firmware", str(job.file()), "--options", options)
    cores: tuple[tuple[str, ...], ...] = ((),)
    if _family(job) == "nrf53":
        cores = (("--core", "Network"), ("--core", "Application"))
    device = (job.program, "device")
    return Procedure(
        steps=(Step("writing and verifying", (*device, *write, *number)),),
        unlock=tuple(
            Step("erasing and unlocking", (*device, "recover", *core, *number)) for core in cores
        ),
        locked=_LOCKED,
    )


def nrfjprog(job: Job) -> Procedure:
    """Erase the pages that the image takes, write, read back, start."""
    common = ["--family", _family(job).upper()]
    if job.serial:
        common += ["--snr", job.serial]
    write = ("--program", str(job.file()), "--sectorerase", "--verify", "--reset")
    cores: tuple[tuple[str, ...], ...] = ((),)
    if _family(job) == "nrf53":
        cores = (("--coprocessor", "CP_NETWORK"), ("--coprocessor", "CP_APPLICATION"))
    return Procedure(
        steps=(Step("writing and verifying", (job.program, *common, *write)),),
        unlock=tuple(
            Step("erasing and unlocking", (job.program, *common, *core, "--recover"))
            for core in cores
        ),
        locked=_LOCKED,
    )


def _family(job: Job) -> str:
    family = chips.family(job.board)
    if not family:
        raise GhostError(f"{job.method} is for Nordic's chips, {job.board.name} has none.")
    return family
