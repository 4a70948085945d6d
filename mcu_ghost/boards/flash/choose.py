# SPDX-License-Identifier: Apache-2.0
"""Which method, and which of the devices that are plugged in: never a guess between two."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.boards.flash import devices
from mcu_ghost.boards.flash.devices import Device
from mcu_ghost.boards.flash.methods import METHODS, Program, Through
from mcu_ghost.boards.port import usb
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.text import count


@dataclass(frozen=True)
class Wanted:
    """What the user chose by options; "" and None are no choice.

    Attributes:
        method: A key of `METHODS`.
        probe: Serial number of a debug probe or bootloader.
        port: A serial port.
        volume: Where a drive is mounted.
    """

    method: str = ""
    probe: str = ""
    port: str = ""
    volume: Path | None = None

    def allows(self, through: Through) -> bool:
        """Whether no option speaks against a method of that kind."""
        given = {"probe": self.probe, "usb": self.probe, "port": self.port, "volume": self.volume}
        return bool(given[through]) or not any(given.values())


@dataclass(frozen=True)
class Choice:
    """A way to the board.

    Attributes:
        method: A key of `METHODS`.
        program: Its program; "" where it needs none.
        device: The probe or bootloader; None where the method needs none.
        port: The serial port; "" where the method needs none.
        volume: The drive; None where the method needs none.
        missing: Why it will not work yet, for a dry run; "" where all is there.
    """

    method: str
    program: str
    device: Device | None = None
    port: str = ""
    volume: Path | None = None
    missing: str = ""


def choose(board: Board, wanted: Wanted, dry_run: bool = False) -> Choice:
    """Return the first of the board's methods that is installed and plugged in.

    Args:
        board: The board.
        wanted: What the user chose.
        dry_run: Whether to return the first method even if it would not work.

    Raises:
        GhostError: None would work, or several devices could be the board; the message names what
            was seen and the option that chooses.
    """
    problems: dict[str, str] = {}
    plans: list[Choice] = []
    for method in _methods(board, wanted):
        tool = METHODS[method]
        choice = Choice(method, tool.program, _named(wanted.probe), wanted.port, wanted.volume)
        try:
            choice = dataclasses.replace(_place(board, wanted, method), program=tool.program)
            program = tool.find()
            if tool.programs and program is None:
                raise GhostError(f"{tool.program} is not installed: {tool.how_to_install}")
            return dataclasses.replace(choice, program=str(program or ""))
        except _Ambiguous:
            raise
        except GhostError as missing:
            problems[method] = str(missing)
            plans.append(dataclasses.replace(choice, missing=str(missing)))
    if dry_run:
        return plans[0]
    lines = "".join(f"\n  {method}: {problem}" for method, problem in problems.items())
    raise GhostError(f"{board.title} cannot be flashed:{lines}\n{_overview()}")


class _Ambiguous(GhostError):
    """Several devices could be the board."""


def _methods(board: Board, wanted: Wanted) -> list[str]:
    own: list[str] = [method for method in board.flashing.methods if method != "qemu"]
    if not own:
        raise GhostError(
            f"{board.title} is emulated, not flashed: `mcu-ghost test --board {board.name}`."
        )
    if wanted.method:
        if wanted.method not in METHODS:
            raise GhostError(
                f"There is no method '{wanted.method}'.{did_you_mean(wanted.method, METHODS)}"
                f" There are {', '.join(METHODS)}."
            )
        through = METHODS[wanted.method].through
        if through != "probe" and wanted.method not in board.flashing.methods:
            listed = ", ".join(board.flashing.methods)
            raise GhostError(
                f"{board.name} has nothing that {wanted.method} could talk to; its methods are"
                f" {listed}, and with a debug probe all others."
            )
        if not wanted.allows(through):
            needs = {"probe": "--probe", "usb": "--probe", "port": "--port", "volume": "--volume"}
            raise GhostError(
                f"{wanted.method} takes {needs[through]}, none of the other"
                " options that choose a device."
            )
        return [wanted.method]
    fitting = [method for method in own if wanted.allows(METHODS[method].through)]
    if not fitting:
        raise GhostError(
            f"No method of {board.name} ({', '.join(own)}) uses what you chose; name one by"
            " --method."
        )
    return fitting


def _place(board: Board, wanted: Wanted, method: str) -> Choice:
    """Return the device, port or drive of a method."""
    tool = METHODS[method]
    if tool.through == "volume":
        return Choice(method, "", volume=_volume(board, wanted, method))
    if tool.through == "port":
        return Choice(method, "", port=_port(board, wanted, tool))
    plugged = devices.seen()
    if tool.through == "probe":
        device = _probe(board, wanted, tool, plugged)
    else:
        device = _bootloader(board, wanted, tool, plugged)
    rule = usb.udev_rule(dataclasses.replace(board, usb=boards.Usb((device.id,))))
    devices.refuse_forbidden(device, rule)
    return Choice(method, "", device=device)


def _probe(board: Board, wanted: Wanted, tool: Program, plugged: list[Device]) -> Device:
    probes = [device for device in plugged if device.probe in tool.probes]
    if wanted.probe:
        return _by_number(wanted.probe, probes)
    own = [device for device in probes if board.usb.fits(device.id, device.serial)]
    if not own and not any(Device(i).probe for i in board.usb.ids):
        # A board without a debugger of its own: a probe that is no other board's.
        taken = {i for other in boards.every() for i in other.usb.ids}
        own = [device for device in probes if device.id not in taken]
    return _only(board, own, "--probe SERIAL", "no debug probe of it is plugged in")


def _bootloader(board: Board, wanted: Wanted, tool: Program, plugged: list[Device]) -> Device:
    known = set(tool.bootloaders) & set(board.usb.ids) or set(tool.bootloaders)
    found = [device for device in plugged if device.id in known]
    if wanted.probe:
        return _by_number(wanted.probe, found)
    absent = f"its bootloader ({', '.join(sorted(known))}) is not running: {tool.enter}"
    return _only(board, found, "--probe SERIAL", absent)


def _port(board: Board, wanted: Wanted, tool: Program) -> str:
    if wanted.port:
        return wanted.port
    found = [port for port in usb.plugged(board) if port.id in tool.bootloaders]
    listed = ", ".join(tool.bootloaders)
    absent = f"its bootloader ({listed}) is not running: {tool.enter}"
    nodes = [Device(port.id, port.serial, port.device, Path(port.device)) for port in found]
    device = _only(board, nodes, "--port DEVICE", absent)
    devices.refuse_forbidden(device, usb.udev_rule(board))
    return str(device.node)


def _volume(board: Board, wanted: Wanted, method: str) -> Path:
    label = board.flashing.volume
    if wanted.volume is not None:
        if not wanted.volume.is_dir():
            raise GhostError(f"{wanted.volume} is no mounted drive.")
        return wanted.volume
    found = [
        place
        for place in devices.volumes(label)
        if not (number := devices.drive_serial(place)) or number.startswith(board.usb.serials or "")
    ]
    if len(found) > 1:
        listed = "".join(f"\n  {place}" for place in found)
        raise _Ambiguous(
            f"{count(len(found), 'drive')} could be {board.name}:{listed}\n"
            "Choose one with --volume PATH."
        )
    if found:
        return found[0]
    block = devices.unmounted(label)
    if block is not None:
        raise GhostError(f"the drive {label} is not mounted: udisksctl mount -b {block}")
    enter = METHODS[method].enter
    raise GhostError(f"no drive {label or 'is known'} is there" + (f": {enter}" if enter else ""))


def _only(board: Board, found: list[Device], option: str, absent: str) -> Device:
    if len(found) > 1:
        listed = "".join(f"\n  {device}" for device in found)
        raise _Ambiguous(
            f"{count(len(found), 'device')} could be {board.name}:{listed}\n"
            f"Choose one with {option}."
        )
    if not found:
        raise GhostError(absent)
    return found[0]


def _named(number: str) -> Device | None:
    return Device("", number) if number else None


def _by_number(number: str, found: list[Device]) -> Device:
    """Return the device of a serial number, with or without the zeros that pad it."""
    for device in found:
        if number and number.lstrip("0") == device.serial.lstrip("0"):
            return device
    if not devices.listable():  # this system shows only those with a serial port
        return Device("", number)
    listed = "".join(f"\n  {device}" for device in found) or " none"
    raise GhostError(f"none has the serial number {number}; there are:{listed}")


def _overview() -> str:
    """Name what is plugged in that could be a board."""
    try:
        plugged = devices.seen()
    except GhostError as error:
        return str(error)
    every = boards.every()
    listed = []
    for device in plugged:
        names = [board.name for board in every if board.usb.fits(device.id, device.serial)]
        if names or device.probe:
            listed.append(f"\n  {device}" + (f": {' or '.join(names)}" if names else ""))
    if not listed:
        return "No board and no debug probe is plugged in."
    return f"Plugged in:{''.join(listed)}\n--probe SERIAL takes one all the same."
