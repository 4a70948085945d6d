# SPDX-License-Identifier: Apache-2.0
"""What is being done is said, again and again, whatever holds the interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mcu_ghost.host.steps import steps

SCRIPT = """
import ctypes, os
from mcu_ghost.host.quiet import quiet
from mcu_ghost.host.steps import steps
with steps() as tell, quiet():
    tell("a long \\x1b[31m one")
    os.write(2, b"kept quiet")
    ctypes.PyDLL(None).usleep(2_500_000)  # the interpreter stays locked
    tell("another")
os.write(2, b"afterwards")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="its C library has no usleep")
def test_it_is_said_while_nothing_else_can_run() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert lines[:2] == ["a long \\x1b[31m one …", "a long \\x1b[31m one … 1 s"]
    assert len(lines) >= 4
    assert lines[-2:] == ["another …", "afterwards"]


def test_where_python_has_another_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with steps() as tell:
        tell("a step")
    assert capsys.readouterr().err == "a step …\n"
