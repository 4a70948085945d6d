# SPDX-License-Identifier: Apache-2.0
"""What the programs call a chip, where it is not what `flashing.target` says, and how it locks."""

from __future__ import annotations

from mcu_ghost.boards import Board

_OPENOCD = {
    "nrf51": "target/nrf51.cfg",
    "nrf52": "target/nrf52.cfg",
    "nrf53": "target/nordic/nrf53.cfg",
    "rp2040": "target/rp2040.cfg",
    "rp2350": "target/rp2350.cfg",
    "stm32u5": "target/stm32u5x.cfg",
    "stm32l5": "target/stm32l5x.cfg",
    "stm32l4": "target/stm32l4x.cfg",
    "stm32h7": "target/stm32h7x.cfg",
    "stm32f7": "target/stm32f7x.cfg",
    "stm32g4": "target/stm32g4x.cfg",
    "stm32f4": "target/stm32f4x.cfg",
    "stm32f1": "target/stm32f1x.cfg",
}
_JLINK = {"rp2040": "RP2040_M0_0", "rp2350": "RP2350_M33_0"}
_PROBE_RS = {"rp2350": "RP235x"}
# Nordic's access port that erases and unlocks, one for each core, the network core first.
_CTRL_APS = {"nrf52": (1,), "nrf53": (3, 2)}


def pyocd(board: Board) -> str:
    """Return pyOCD's name of the chip; that of the nRF53 comes with `pyocd pack install`."""
    return "nrf5340_xxaa" if family(board) == "nrf53" else board.flashing.target


def openocd(board: Board) -> str:
    """Return OpenOCD's file of the chip."""
    target = board.flashing.target
    return next((file for name, file in _OPENOCD.items() if target.startswith(name)), "")


def jlink(board: Board) -> str:
    """Return SEGGER's name of the chip."""
    target = board.flashing.target
    if family(board) == "nrf53":
        return f"{_nordic(target)}_APP"
    if target.startswith("nrf"):
        return _nordic(target)
    return _JLINK.get(target, target.upper()[:11])  # STM32F407VGTx without its package


def probe_rs(board: Board) -> str:
    """Return the chip's name in probe-rs, which also finds it by how it begins."""
    target = board.flashing.target
    return _nordic(target) if target.startswith("nrf") else _PROBE_RS.get(target, target)


def _nordic(target: str) -> str:
    """nrf52840 and nrf5340_xxaa as vendors write them: nRF52840_xxAA, nRF5340_xxAA."""
    name = target.partition("_")[0]
    return f"nRF{'51822' if name == 'nrf51' else name[3:]}_xxAA"


def family(board: Board) -> str:
    """Return a Nordic chip's family, "nrf51", "nrf52" or "nrf53"; "" for any other chip."""
    name = board.flashing.target[:5]
    return name if name in ("nrf51", "nrf52", "nrf53") else ""


def ctrl_aps(board: Board) -> tuple[int, ...]:
    """Return the access ports that unlock the chip, the last one that of the core we flash."""
    return _CTRL_APS.get(family(board), ())
