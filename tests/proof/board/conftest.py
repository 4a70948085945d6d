# SPDX-License-Identifier: Apache-2.0
"""A board for a test to plug in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from tests.proof.board.board import PtyBoard, compile_app


@pytest.fixture(scope="session")
def model() -> Model:
    return random_model(3, units=24, ratio=2, inputs=10, classes=4)


@pytest.fixture(scope="session")
def program(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_app(model, tmp_path_factory.mktemp("app"))


@pytest.fixture
def board(program: Path, tmp_path: Path) -> Iterator[PtyBoard]:
    board = PtyBoard(program, tmp_path / "ttyBoard")
    yield board
    board.close()
