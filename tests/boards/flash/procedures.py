# SPDX-License-Identifier: Apache-2.0
"""Flashing as a person does it, and boards of a person's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import flash as flashing
from mcu_ghost.boards.flash.choose import Wanted
from mcu_ghost.boards.flash.flash import Plan
from mcu_ghost.build import folder
from mcu_ghost.host.errors import GhostError

Image = Callable[..., bytes]


def plan(board: str, method: str) -> Plan:
    target = boards.load(board)
    with folder.built_image(target) as image:
        return flashing.prepare(target, image, Wanted(method))


def flash(board: str, method: str, unlock: bool = False) -> list[str]:
    """Flash the last build; return what a person saw."""
    said: list[str] = []
    flashing.carry_out(plan(board, method), said.append, unlock)
    return said


def refusal(board: str, method: str, unlock: bool = False) -> str:
    with pytest.raises(GhostError) as failed:
        flash(board, method, unlock)
    return str(failed.value)


def stm32(monkeypatch: pytest.MonkeyPatch) -> str:
    """Add a board like an STM32F4 to what can be loaded."""
    usb_ids = '["0483:3748"]'
    return own_board(
        monkeypatch, "shed", "0x0800_0000", '["dfu-util", "openocd"]', "stm32f407vg", usb_ids
    )


def own_board(
    monkeypatch: pytest.MonkeyPatch, name: str, origin: str, methods: str, target: str, ids: str
) -> str:
    """Write ./boards/NAME.toml from the nRF52840's, with a chip that has its flash elsewhere."""
    text = (Path(boards.__file__).parent / "nrf52840.toml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        if line.startswith("methods"):
            line = f"methods = {methods}\nuf2_family = 0xE48B_FF56"
        elif line.startswith("target"):
            line = f'target = "{target}"'
        elif line.startswith("ids"):
            line = f"ids = {ids}"
        elif line.startswith("origin = 0x0000_0000"):
            line = f"origin = {origin}"
        lines.append(line)
    Path("boards", "chips").mkdir(parents=True, exist_ok=True)
    Path("boards", f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")
    Path("boards", "chips", "nrf52.toml").write_text(
        f"""
        [[chips]]
        name = "{target}"
        source = "nowhere"
        core = "cortex-m4"
        fpu = true
        clock_hz = 64_000_000
        ports = 2
        microphones = ["nrf_pdm"]
        flash_origin = {origin}
        parts = [{{ target = "{target}", flash = 0x10_0000, ram = 0x4_0000 }}]
        """,
        encoding="utf-8",
    )
    return name
