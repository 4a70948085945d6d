# SPDX-License-Identifier: Apache-2.0
"""pyOCD, OpenOCD and probe-rs, which take any debug probe."""

from __future__ import annotations

from mcu_ghost.boards.flash import chips
from mcu_ghost.boards.flash.devices import Device
from mcu_ghost.boards.flash.steps import Job, Procedure, Step
from mcu_ghost.host import escape
from mcu_ghost.host.errors import GhostError

_INTERFACES = {
    "jlink": "interface/jlink.cfg",
    "stlink": "interface/stlink.cfg",
    "cmsis-dap": "interface/cmsis-dap.cfg",
}


def pyocd(job: Job) -> Procedure:
    """Erase sectors, write, read back, start.

    pyOCD erases a locked Nordic chip by default; it may only when that was asked for. It does not
    verify by itself, so its `compare` does.
    """
    target = ("--no-config", "--no-wait", "-t", chips.pyocd(job.board))
    probe = ("-u", job.serial) if job.serial else ()
    keep, unlock = ("-O", "auto_unlock=false"), ("-O", "auto_unlock=true")
    file, flat = job.file(), job.file("bin")
    compare = f"compare {job.payload.start:#x} {escape.quoted(flat.as_posix(), 'The path')}"

    def load(lock: tuple[str, str]) -> tuple[str, ...]:
        words = ("load", *target, *probe, *lock, "-e", "sector", "--format", "hex", "--no-reset")
        return (job.program, *words, str(file))

    verify = ("commander", *target, *probe, *keep, "-c", compare, "-c", "reset")
    return Procedure(
        steps=(
            Step("writing", load(keep)),
            Step("verifying", (job.program, *verify), rf"All {job.payload.size} bytes match"),
        ),
        unlock=(Step("erasing and unlocking", load(unlock)),) if chips.ctrl_aps(job.board) else (),
        locked="not automatically unlocking",
    )


def openocd(job: Job) -> Procedure:
    """Erase sectors, write, verify, start: what OpenOCD's own `program` does."""
    chip = chips.openocd(job.board)
    if not chip:
        raise GhostError(
            f"There is no OpenOCD file for the chip '{job.board.flashing.target}' of"
            f" {job.board.name}; choose another --method."
        )
    candidates = (job.device, *map(Device, job.board.usb.ids))
    kind = next((device.probe for device in candidates if device and device.probe), "cmsis-dap")
    start = [job.program, "-f", _INTERFACES[kind]]
    if job.serial:
        start += ["-c", f"adapter serial {escape.tcl(job.serial, 'The serial number')}"]
    if kind != "stlink":  # which chooses by itself
        start += ["-c", "transport select swd"]
    start += ["-f", chip]
    program = f"program {escape.braced(job.file().as_posix(), 'The path')} verify reset exit"
    recover = {"nrf52": ["nrf52_recover"], "nrf53": ["nrf53_recover", "nrf53_cpuapp_recover"]}
    commands = recover.get(chips.family(job.board), []) if kind != "stlink" else []
    erase = [word for command in ("init", *commands, "shutdown") for word in ("-c", command)]
    return Procedure(
        steps=(Step("writing and verifying", (*start, "-c", program), "Verified OK"),),
        unlock=(Step("erasing and unlocking", (*start, *erase)),) if commands else (),
        locked="AP lock engaged",
    )


def probe_rs(job: Job) -> Procedure:
    """Erase sectors, write, verify, start."""
    common = ["--non-interactive", "--chip", chips.probe_rs(job.board), "--protocol", "swd"]
    if job.device is not None:
        common += ["--probe", ":".join(filter(None, (job.device.id, job.device.serial)))]
    download = (job.program, "download", *common, "--binary-format", "hex", "--verify")
    file = str(job.file())
    unlock = Step("erasing and unlocking", (*download, "--allow-erase-all", file))
    return Procedure(
        steps=(
            Step("writing and verifying", (*download, file)),
            Step("starting", (job.program, "reset", *common)),
        ),
        unlock=(unlock,) if chips.ctrl_aps(job.board) else (),
        locked="lacked the permission to do so: erase_all|is locked",
    )
