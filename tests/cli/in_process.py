# SPDX-License-Identifier: Apache-2.0
"""The command line within the process of the tests, where a process of its own is not the point."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

from mcu_ghost.cli import main


def ghost(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line; whatever is no clear error is raised."""
    command = ["mcu-ghost", *map(str, words)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    code = 0
    try:
        with (
            mock.patch.object(sys, "argv", command),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.chdir(cwd or Path.cwd()),
        ):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return subprocess.CompletedProcess(command, code, *map(_written, (out, err)))


def _written(to: io.TextIOWrapper) -> str:
    to.seek(0)
    return to.read()


def refusal(*words: object, cwd: Path | None = None) -> str:
    """Run a command that must fail with one clear error, and nothing on stdout but its JSON."""
    return clear_error(ghost(*words, cwd=cwd))


def clear_error(result: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence with which a command failed."""
    assert result.returncode == 1, result
    told = json.loads(result.stdout)["error"]["message"] if "--json" in result.args else ""
    assert told in result.stderr if told else result.stdout == ""
    assert result.stderr.startswith("error: ") and "Traceback" not in result.stderr
    sentence, _, _ = result.stderr.partition("\nmore: docs/troubleshooting.md#")
    return sentence.removeprefix("error: ").strip()
