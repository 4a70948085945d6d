# SPDX-License-Identifier: Apache-2.0
"""Which boards are plugged in: serial ports by the USB ids that a board's file lists."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from mcu_ghost.boards import Board
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError


@dataclass(frozen=True)
class UsbPort:
    """A serial port on USB.

    Attributes:
        device: What to open, for example "/dev/ttyACM0" or "COM4".
        id: "vendor:product" in hexadecimal.
        serial: Serial number of the device that it belongs to; "" if it has none.
        location: Bus, socket and interface, for example "1-2:1.0"; "" if unknown.
        product: What the device calls itself; "" if unknown.
    """

    device: str
    id: str
    serial: str
    location: str
    product: str

    def __str__(self) -> str:
        """Describe it for a list that a person chooses from."""
        words = [self.product, self.id, f"serial number {self.serial}" if self.serial else ""]
        return f"{self.device} ({', '.join(word for word in words if word)})"


def pyserial() -> ModuleType:
    """Return the module `serial`.

    Raises:
        GhostError: It is not installed.
    """
    try:
        import serial
        import serial.tools.list_ports
    except ImportError as error:
        raise GhostError(tools.missing("pyserial") or str(error)) from error
    module: ModuleType = serial
    return module


def ports() -> list[UsbPort]:
    """Return every serial port on USB, a device's first port before its others.

    Raises:
        GhostError: pyserial is not installed.
    """
    found = [
        UsbPort(
            port.device,
            f"{port.vid:04x}:{port.pid:04x}",
            port.serial_number or "",
            port.location or "",
            port.product or "",
        )
        for port in pyserial().tools.list_ports.comports()
        if port.vid is not None and port.pid is not None
    ]
    return sorted(found, key=lambda port: (port.serial, port.location, port.device))


def plugged(board: Board) -> list[UsbPort]:
    """Return the first serial port of each plugged-in device whose id the board's file lists.

    A debugger with several ports counts once: its first is the one that boards are wired to.

    Raises:
        GhostError: pyserial is not installed.
    """
    first: dict[tuple[str, str], UsbPort] = {}
    for port in ports():
        if board.usb.fits(port.id, port.serial):
            socket = port.location.partition(":")[0]
            first.setdefault((port.id, port.serial or socket or port.device), port)
    return list(first.values())


def find(board: Board) -> UsbPort:
    """Return the serial port of the one board of that name that is plugged in.

    Raises:
        GhostError: There is none, or more than one; the message lists what there is.
    """
    if not board.usb.console:
        console = board.console
        pins = f" {console.tx_pin} and {console.rx_pin}" if console.tx_pin else ""
        raise GhostError(
            f"The console of {board.name} is on its pins{pins}, not on its USB socket: connect a"
            f" USB serial adapter and name its port with --port. {listing()}"
        )
    found = plugged(board)
    if not found:
        what = f"No {board.name} (USB {', '.join(board.usb.ids)}) is plugged in."
        if not board.usb.ids:
            what = f"The file of {board.name} lists no USB ids to find it by."
        raise GhostError(f"{what} {listing()} Name its port with --port.")
    if len(found) > 1:
        lines = "".join(f"\n  {port}" for port in found)
        raise GhostError(f"Which {board.name}? Choose one with --port:{lines}")
    return found[0]


def listing() -> str:
    """Return a sentence that lists the serial ports on USB."""
    lines = "".join(f"\n  {port}" for port in ports())
    return f"Serial ports on USB:{lines}\n" if lines else "There are no serial ports on USB."


def udev_rule(board: Board) -> str:
    """Return the lines of a udev rules file that let the person at the machine use the board.

    They cover the serial port and the debugger, and keep ModemManager from talking to either.
    """
    return "".join(
        f'SUBSYSTEMS=="usb", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}",'
        ' MODE="0660", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
        for vendor, _, product in (usb_id.partition(":") for usb_id in board.usb.ids)
    )
