# SPDX-License-Identifier: Apache-2.0
"""The train verb refuses what it cannot use before TensorFlow is loaded."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mcu_ghost.cli.train import command
from mcu_ghost.errors import GhostError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], r"wake_words: holds no folders of recordings"),
        (["--word", "go"], r"wake_words/go: holds no WAV or FLAC files"),
    ],
)
def test_a_folder_without_recordings(tmp_path: Path, arguments: list[str], message: str) -> None:
    before = "tensorflow" in sys.modules
    result = CliRunner().invoke(command, ["--data", str(tmp_path), *arguments])
    assert isinstance(result.exception, GhostError)
    with pytest.raises(GhostError, match=message):
        raise result.exception
    assert ("tensorflow" in sys.modules) == before
