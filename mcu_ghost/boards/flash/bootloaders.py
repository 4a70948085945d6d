# SPDX-License-Identifier: Apache-2.0
"""Bootloaders, which a board has itself: by a program of theirs, or a drive that takes a file."""

from __future__ import annotations

from pathlib import Path

from mcu_ghost.boards.flash.devices import Device
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.boards.flash.steps import Copy, Job, Procedure, Step


def dfu_util(job: Job) -> Procedure:
    """Erase pages and write, read back and start: the STM32's ROM, by its DfuSe extension."""
    start = [job.program, "-d", METHODS["dfu-util"].bootloaders[0], "-a", "0"]
    if job.serial:
        start += ["-S", job.serial]
    address, flat = f"{job.payload.start:#010x}", job.payload.flat()
    back = job.folder / f"{job.board.name}-read.bin"
    read = ("-s", f"{address}:{len(flat)}:leave", "-U", str(back))
    return Procedure(
        steps=(
            Step("writing", (*start, "-s", address, "-D", str(job.file()))),
            Step("verifying", (*start, *read), same=(back, flat)),
        )
    )


def picotool(job: Job) -> Procedure:
    """Erase sectors, write, verify, start: the RP2040's and RP2350's ROM."""
    where: tuple[str, ...] = ()
    if job.device is not None and job.device.node is not None:
        # In ROM, all chips of a kind have the same serial number.
        bus, number = job.device.node.parts[-2:]
        where = ("--bus", str(int(bus)), "--address", str(int(number)))
    command = (job.program, "load", "-v", "-x", str(job.file()), *where)
    return Procedure((Step("writing and verifying", command),))


def bossac(job: Job) -> Procedure:
    """Erase, write, verify, start, as Arduino's own tools do.

    Without `--offset`: the bootloader of the Nano 33 BLE adds its own size to every address, and an
    offset would come on top of it. For the same reason its erasing spares the bootloader.
    """
    port = f"--port={Path(job.port).name}" if job.port else ""
    words = (port, "-U", "-i", "-e", "-w", "-v", str(job.file()), "-R")
    command = (job.program, *(word for word in words if word))
    return Procedure((Step("writing and verifying", command, "(?i)verify successful"),))


def uf2(job: Job) -> Procedure:
    """Copy onto the drive of a bootloader, which checks each block and starts the image."""
    return Procedure((Copy("writing", job.file(), _drive(job), leaves=True),))


def copy(job: Job) -> Procedure:
    """Copy onto the drive of an on-board debugger, which writes it into the chip.

    An older ST-Link takes flat binaries only, and knows where flash begins.
    """
    stlink = any(Device(usb_id).probe == "stlink" for usb_id in job.board.usb.ids)
    file = job.file("bin" if stlink else "hex")
    return Procedure((Copy("writing", file, _drive(job), leaves=False),))


def _drive(job: Job) -> Path:
    """Return the drive; only a dry run goes without one."""
    return job.volume or Path(job.board.flashing.volume)
