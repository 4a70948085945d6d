# SPDX-License-Identifier: Apache-2.0
"""Every test file is collected: a check that never runs checks nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def command() -> list[str]:
    """Return pytest's arguments in `make test`, the README's test command."""
    (line,) = re.findall(r"^\t\$\(BIN\)/python -m pytest (.*) \$\(ARGS\)$",
                         (ROOT / "Makefile").read_text("utf-8"), re.M)  # fmt: skip
    return shlex.split(line)


@pytest.mark.slow
def test_every_test_file_is_collected() -> None:
    collect = [sys.executable, "-m", "pytest", *command(), "-n", "0", "--collect-only", "-qq"]
    done = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    collected = {line.partition(":")[0] for line in done.stdout.splitlines() if ".py:" in line}
    on_disk = {file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("test_*.py")}
    assert len(on_disk) > 90
    assert collected == on_disk
