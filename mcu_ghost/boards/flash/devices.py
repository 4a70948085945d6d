# SPDX-License-Identifier: Apache-2.0
"""What is plugged in: debug probes and bootloaders on USB, and the drives that boards show."""

from __future__ import annotations

import glob
import os
import string
import sys
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.boards.flash.methods import ProbeKind
from mcu_ghost.boards.port import usb
from mcu_ghost.host.errors import GhostError

_SYSFS = Path("/sys/bus/usb/devices")
_NODES = Path("/dev/bus/usb")
# Where systems mount drives; * is a user.
_MOUNTS = ("media/*", "run/media/*", "media", "mnt", "Volumes")
_ROOT = Path("/")
_STLINK = ("3744", "3748", "374b", "374d", "374e", "374f", "3752", "3753", "3754", "3755", "3757")


@dataclass(frozen=True)
class Device:
    """A device on USB.

    Attributes:
        id: "vendor:product" in hexadecimal.
        serial: Its serial number; "" if it has none.
        product: What it calls itself, its interfaces included; "" if unknown.
        node: What a program opens to talk to it, for example /dev/bus/usb/001/005; None if unknown.
    """

    id: str
    serial: str = ""
    product: str = ""
    node: Path | None = None

    def __str__(self) -> str:
        """Describe it for a list that a person chooses from."""
        number = f", serial number {self.serial}" if self.serial else ""
        return f"{self.product.split(';')[0] or 'unnamed'} ({self.id}{number})"

    @property
    def probe(self) -> ProbeKind | None:
        """The kind of debug probe that it is, None if it is none."""
        vendor, _, product = self.id.partition(":")
        if vendor == "1366":
            return "jlink"
        if vendor == "0483" and product in _STLINK:
            return "stlink"
        return "cmsis-dap" if "CMSIS-DAP" in self.product or self.id == "0d28:0204" else None

    @property
    def allowed(self) -> bool:
        """Whether this user may open it, as far as one can tell."""
        if self.node is None or not self.node.exists():
            return True
        return os.access(self.node, os.R_OK | os.W_OK)


def listable() -> bool:
    """Whether this system shows every device on USB, and not only those with a serial port."""
    return _SYSFS.is_dir()


def seen() -> list[Device]:
    """Return the devices on USB; where a system does not tell, those with a serial port.

    Raises:
        GhostError: The system does not tell, and pyserial is not installed.
    """
    if not listable():
        found = {Device(port.id, port.serial, port.product) for port in usb.ports()}
        return sorted(found, key=lambda device: (device.id, device.serial))
    devices = []
    for folder in sorted(_SYSFS.iterdir()):
        vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
        if vendor and product:
            interfaces = [_text(file) for file in sorted(folder.glob("*:*/interface"))]
            names = [name for name in (_text(folder / "product"), *interfaces) if name]
            bus, number = _text(folder / "busnum"), _text(folder / "devnum")
            node = _NODES / bus.zfill(3) / number.zfill(3) if bus and number else None
            serial = _text(folder / "serial")
            devices.append(Device(f"{vendor}:{product}", serial, ";".join(names), node))
    return devices


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def volumes(label: str) -> list[Path]:
    """Return where drives of that label are mounted; systems number several of one label."""
    if not label:
        return []
    if sys.platform == "win32":
        drives = (Path(f"{letter}:\\") for letter in string.ascii_uppercase)
        return [drive for drive in drives if drive.exists() and _windows_label(drive) == label]
    found = []
    for mounts in _MOUNTS:
        for place in sorted(_ROOT.glob(f"{mounts}/{glob.escape(label)}*")):
            if place.name[len(label) :].strip(" ").isdigit() or place.name == label:
                if place.is_dir():
                    found.append(place)
    return found


def drive_serial(volume: Path) -> str:
    """Return the serial number that a DAPLink debugger writes on its drive; "" if it is none."""
    for line in _text(volume / "DETAILS.TXT").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Unique ID":
            return value.strip()
    return ""


def unmounted(label: str) -> Path | None:
    """Return the block device of that label, where the system shows it without mounting it."""
    device = _ROOT / "dev/disk/by-label" / label
    return device if label and device.exists() and not volumes(label) else None


def _windows_label(drive: Path) -> str:
    import ctypes

    name = ctypes.create_unicode_buffer(261)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - only there on Windows
    kernel.GetVolumeInformationW(str(drive), name, 261, None, None, None, None, 0)
    return name.value


def refuse_forbidden(device: Device, rule: str) -> None:
    """Say how to get permission to use a device, if this user has none.

    Args:
        device: What is to be opened.
        rule: The lines of a udev rules file that allow it.

    Raises:
        GhostError: Permission is missing.
    """
    if not device.allowed:
        raise GhostError(
            f"{device} is plugged in, but you may not open it ({device.node}). Put this into"
            f" /etc/udev/rules.d/60-mcu-ghost.rules\n\n{rule}\nthen run `sudo udevadm control"
            " --reload && sudo udevadm trigger`, and plug the board in again."
        )
