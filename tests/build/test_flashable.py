# SPDX-License-Identifier: Apache-2.0
"""What a build leaves for flashing: images that say for which board they are, in every format."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash.payload import provide, read
from mcu_ghost.boards.flash.validation import validate
from mcu_ghost.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from tests.conftest import need


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nano33ble", "microbit", "mps2-an505", "pico", "pico2"])
def test_a_built_image_says_for_which_board(kind: str, name: str, tmp_path: Path) -> None:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    board = boards.load(name)
    flashing = dataclasses.replace(board.flashing, uf2_family=0xADA5_2840)
    board = dataclasses.replace(board, flashing=flashing)
    model = random_model(3, units=12, ratio=2, inputs=5)
    built = build.build(model, board, "stream", tmp_path / "b", kind)
    payload = read(built.elf, board)
    assert payload.board == name and payload.arch is not None
    assert payload.size == built.flash_bytes  # the note is not loaded
    validate(payload, board)
    assert built.uf2 is not None
    validate(read(built.uf2, board), board)
    assert provide(payload, board, "hex", tmp_path / "f") == built.hex
    assert provide(payload, board, "bin", tmp_path / "f") == built.bin
    assert provide(payload, board, "uf2", tmp_path / "f") == built.uf2
    other = boards.load("nrf52840")
    assert build.build(model, other, "stream", tmp_path / "dk", kind).uf2 is None
    with pytest.raises(GhostError, match=f"was built for the board {name}, not for nrf52840"):
        validate(payload, other)
