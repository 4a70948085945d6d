# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost train` before it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mcu_ghost.cli.train import command
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError


def test_without_tensorflow_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "missing", lambda name: name if "tensorflow" in name else None)
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert isinstance(result.exception, GhostError)
    assert str(result.exception) == (
        "Training needs tensorflow, tensorflow-model-optimization: pip install 'mcu-ghost[train]'"
    )
