# SPDX-License-Identifier: Apache-2.0
"""SEGGER's J-Link Commander, by files of its commands.

It would erase a locked Nordic chip when it connects, and has no option against it. So the lock is
read first, from the access port that stays open (CTRL-AP) and without connecting.
"""

from __future__ import annotations

from pathlib import Path

from mcu_ghost.boards.flash import chips
from mcu_ghost.boards.flash.steps import Job, Procedure, Step
from mcu_ghost.host import escape, files

# Registers of CTRL-AP, as words of its first bank.
_RESET, _ERASE_ALL, _STATUS = 0, 1, 3
_POWER_UP = ("si 1", "speed 1000", "SWDSelect", "SWDWriteDP 1 0x50000000")
# A read returns what the one before asked for, so only the last one counts.
_READ = r"(?s)AP register 3 = 0x0*{}\b(?!.*AP register 3)"


def jlink(job: Job) -> Procedure:
    """Read the lock, erase sectors, write, verify, start."""
    start = [job.program, "-NoGui", "1", "-ExitOnError", "1"]
    if job.serial:
        start += ["-SelectEmuBySN", job.serial]
    connect = ["-Device", chips.jlink(job.board), "-If", "SWD", "-Speed", "4000"]

    def step(what: str, name: str, lines: tuple[str, ...], *options: str, expects: str) -> Step:
        script = _script(job, name, lines)
        command = (*start, *options, "-CommandFile", str(script))
        return Step(what, command, expects, script)

    ports = chips.ctrl_aps(job.board)
    steps, unlock = [], []
    if ports:
        lines = (*_POWER_UP, _select(ports[-1]), *[f"SWDReadAP {_STATUS}"] * 2, "exit")
        steps.append(step("reading the lock", "lock", lines, expects=_READ.format(1)))
        lines = (*_POWER_UP, *(line for port in ports for line in _erase(port)), "exit")
        unlock.append(step("erasing and unlocking", "unlock", lines, expects=""))
    file, flat = (escape.quoted(job.file(k).as_posix(), "The path") for k in ("hex", "bin"))
    write = ("r", "h", f"loadfile {file}")
    verify = (f"verifybin {flat}, {job.payload.start:#x}", "r", "g", "exit")
    options = (*connect, "-AutoConnect", "1")
    steps.append(
        step(
            "writing and verifying", "write", write + verify, *options, expects="(?i)verify success"
        )
    )
    return Procedure(tuple(steps), tuple(unlock), _READ.format(0))


def _select(port: int) -> str:
    return f"SWDWriteDP 2 {port << 24:#010x}"


def _erase(port: int) -> tuple[str, ...]:
    """Erase all, wait, reset: it takes 0.3 s, and the lock opens with the reset."""
    return (
        _select(port),
        f"SWDWriteAP {_ERASE_ALL} 1",
        "Sleep 2000",
        f"SWDWriteAP {_RESET} 1",
        f"SWDWriteAP {_RESET} 0",
        f"SWDWriteAP {_ERASE_ALL} 0",
        "Sleep 200",
    )


def _script(job: Job, name: str, lines: tuple[str, ...]) -> Path:
    path = job.folder / f"{job.board.name}-{name}.jlink"
    files.write_text(path, "".join(f"{line}\n" for line in lines))
    return path
