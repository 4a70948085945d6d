# SPDX-License-Identifier: Apache-2.0
"""The real Renode, where it is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board
from mcu_ghost.build import build as image_build
from mcu_ghost.emulate import renode
from mcu_ghost.host import resources
from mcu_ghost.network.tflite import read
from tests.emulate.images import board_of, build
from tests.emulate.test_unicorn_interrupts import ECHO

pytestmark = [pytest.mark.renode, pytest.mark.emulator, pytest.mark.toolchain]
BOARDS = [name for name in boards.names() if boards.load(name).emulators.renode is not None]


def need_renode() -> Path:
    """Return the real Renode, or skip; with MCU_GHOST_RENODE, fail."""
    hint = renode.missing()
    if hint is not None and os.environ.get("MCU_GHOST_RENODE"):
        pytest.fail(hint)
    program = renode.program()
    if program is None:
        pytest.skip(hint or "")
    return program


def test_a_module_that_is_lacking_is_seen() -> None:
    """As a traceback, and as `renode-test` itself puts it."""
    assert lacks("ModuleNotFoundError: No module named 'robot'\n") == "robot"
    assert lacks("No module named 'psutil'\nPlease install required dependencies\n") == "psutil"
    assert lacks("Selftest Should Pass | FAIL |\n") == ""


def test_the_real_one(tmp_path: Path) -> None:
    need_renode()
    board = board_of("nrf52840")
    machine = emulate.start(board, build(tmp_path, board, ECHO), "renode")
    try:
        text = b""
        while not text.endswith(b"\n"):
            data = machine.read(30.0)
            assert data, text
            text += data
        assert text == b"ready\n"
        machine.write(b"hello")
        text = b""
        while len(text) < 5:
            data = machine.read(30.0)
            assert data, text
            text += data
        assert text == b"hello"
    finally:
        machine.close()


def robot(folder: Path, *tests: Path) -> subprocess.CompletedProcess[str]:
    """Run robot tests with the `renode-test` that is beside Renode."""
    program = need_renode().with_name("renode-test")
    if not program.is_file():
        pytest.skip(f"{program} is not there: unpack all of Renode.")
    command = [program, "--results-dir", folder / "results", *tests]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL
    )
    lacking = lacks(result.stdout + result.stderr)
    if lacking:
        pytest.skip(
            f"`renode-test` has no {lacking}: pip install -r tests/requirements.txt of Renode"
        )
    return result


def lacks(said: str) -> str:
    """Return the Python module that `renode-test` says it has not; "" where it says nothing."""
    found = re.search(r"No module named '?([\w.]+)", said)
    return found[1] if found else ""


# More than one image of a board, and more than one keyword of the resource.
MORE = """*** FrontEndSettings ***
Resource  ${CURDIR}/board.resource

*** Test Cases ***
Is As Fast As It Was
    Boot  ${CURDIR}/../firmware.elf
    Frames Should Take At Most  FRAME
    Selftest Should Pass

Is Not Faster Than That
    Boot  ${CURDIR}/../firmware.elf
    Run Keyword And Expect Error  *  Frames Should Take At Most  LESS
"""


@pytest.mark.parametrize("name", BOARDS)
def test_a_selftest_in_robot_framework(name: str, tmp_path: Path) -> None:
    need_renode()
    board = boards.load(name)
    model = read.load(resources.default_model())
    image_build.build(model, board, "selftest", tmp_path)
    counted = measured(board, tmp_path / "firmware.elf", f"{model.name}_step")
    more = tmp_path / "renode" / "more.robot"
    # The counter's own calls are 10 to 12 instructions, and its clock is rounded.
    more.write_text(MORE.replace("FRAME", str(counted + 16)).replace("LESS", str(counted)))
    result = robot(tmp_path, tmp_path / "renode" / "board.robot", more)
    assert result.returncode == 0, result.stdout + result.stderr


def measured(board: Board, elf: Path, step: str) -> int:
    """Return the instructions of a selftest's slowest frame on unicorn."""
    machine = emulate.start(board, elf, "unicorn", watch=(step,))
    try:
        text = b""
        while b"PASS" not in text:
            data = machine.read(5.0)
            assert data, text
            text += data
        counts = machine.counts()
        assert counts is not None
        return counts.functions[step].max
    finally:
        machine.close()


def test_sound_in_robot_framework(tmp_path: Path) -> None:
    """What the PDM model plays is heard to the last bit; other sound is not."""
    need_renode()
    model = read.load(resources.default_model())
    image_build.build(model, board_of("nrf52840"), "kws", tmp_path)
    test = tmp_path / "renode" / "board.robot"
    result = robot(tmp_path, test)
    assert result.returncode == 0, result.stdout + result.stderr
    sound = np.fromfile(tmp_path / "renode" / "sound.raw", "<i2")
    sound[len(sound) // 2 :] = 0
    sound.tofile(tmp_path / "renode" / "sound.raw")
    result = robot(tmp_path, test)
    assert result.returncode != 0 and 'does not contain \'"crc":' in result.stdout
