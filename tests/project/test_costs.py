# SPDX-License-Identifier: Apache-2.0
"""What a project's firmware costs and what it recognises."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.project import costs
from mcu_ghost.project.costs import Miss
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.sound.audio import RATE
from tests.listeners import listener

pytestmark = [pytest.mark.toolchain, pytest.mark.emulator]


def test_recordings_are_shared_among_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than one process takes: the same is heard, and told in the same order."""
    network = listener(units=4)
    rng = np.random.default_rng(1)
    words = costs.words(network)
    for number in range(9):
        place = tmp_path / "recordings" / words[number % len(words)]
        place.mkdir(parents=True, exist_ok=True)
        sound = rng.normal(0, 300 * 3 ** (number % 4), RATE // 20).astype(np.int16)
        soundfile.write(place / f"{number}.wav", sound, RATE)
    project = Project(("nrf52840",), app="stream", recordings=str(tmp_path / "recordings"))
    monkeypatch.setattr(costs, "_FRAMES", 1)
    found = []
    for processors in (1, 2):
        monkeypatch.setattr(os, "cpu_count", lambda count=processors: count)
        missed: list[Miss] = []
        cost = costs.board(
            project, boards.load("nrf52840"), network, tmp_path / "out", missed=missed.append
        )
        assert cost.accuracy is not None and cost.accuracy.recordings == 9
        assert cost.different_bytes == 0 and cost.accuracy.right == 9 - len(missed)
        found.append((cost, missed))
    assert found[0] == found[1] and found[0][1]
