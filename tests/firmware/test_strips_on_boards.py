# SPDX-License-Identifier: Apache-2.0
"""Convolutions that take turns with the pool behind them, on every kind of core."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost.build import memory, pack, strips
from tests.firmware.kernels.networks import check
from tests.firmware.test_graphs_on_boards import BOARDS
from tests.image_networks import pooled

SEEDS = (3, 11)  # two convolutions in strips each, some padded, some of one row


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", BOARDS)
def test_same_bytes(board: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "LEAST_MACS", 0)
    engine, kernels = BOARDS[board]
    for seed in SEEDS:
        model = pooled(seed).model({})
        assert len(memory.plan(model, pack.pack(model)).strips) == 2
        check(model, board, kernels, kind, tmp_path / str(seed), engine)
