# SPDX-License-Identifier: Apache-2.0
"""The real pyOCD, wired to a made-up chip that is locked: it must not be erased unasked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import flash as flashing
from mcu_ghost.boards.flash.choose import Wanted
from mcu_ghost.build import folder
from mcu_ghost.host.errors import GhostError
from tests.boards.flash.conftest import Desk

PYOCD = Path(sys.prefix) / "pyocd" / "bin" / "python"  # `make test` puts it there


@pytest.fixture
def erased(desk: Desk, image: Callable[[str], bytes]) -> Path:
    """Install pyOCD with only the made-up probe; return what it writes on erasing the chip."""
    if not PYOCD.is_file():
        assert not os.environ.get("CI"), "pyocd must be installed in CI"
        pytest.skip(
            f"needs pyocd: python -m venv {PYOCD.parents[1]} && {PYOCD} -m pip install pyocd"
        )
    image("nrf52840")
    desk.plug("1366:1015", "000683123456", "J-Link")
    erased = desk.folder / "erased"
    program = desk.tools / "pyocd"
    script = Path(__file__).with_name("locked_probe.py")
    program.write_text(f'#!/bin/sh\nexec "{PYOCD}" "{script}" "{erased}" "$@"\n')
    program.chmod(0o755)
    return erased


def refusal(unlock: bool) -> str:
    board = boards.load("nrf52840")
    with folder.built_image(board) as image:
        plan = flashing.prepare(board, image, Wanted("pyocd"))
    with pytest.raises(GhostError) as failed:
        flashing.carry_out(plan, lambda line: None, unlock)
    return str(failed.value)


def test_a_locked_chip_is_not_erased(erased: Path) -> None:
    told = refusal(unlock=False)
    assert "is locked (APPROTECT)" in told and "--unlock" in told
    assert not erased.exists()


@pytest.mark.slow
def test_a_locked_chip_is_erased_when_asked(erased: Path) -> None:
    """The made-up chip has nothing else, so pyOCD fails afterwards."""
    assert refusal(unlock=True).startswith("erasing and unlocking failed")
    assert erased.exists()
