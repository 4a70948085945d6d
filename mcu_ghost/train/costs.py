# SPDX-License-Identifier: Apache-2.0
"""What a trained network costs on a board."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.build.apps import App
from mcu_ghost.build.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.proof.prove import prove
from mcu_ghost.train.result import Image


def cost(network: Model, board_name: str, app: App, frame_ms: int) -> tuple[Image | None, str]:
    """Return what a network costs on a board, or why that cannot be told here.

    Sizes are of the app's image where the board can run it, instructions of the network alone.

    Args:
        network: It is proven on the board's emulator first.
        board_name: As `mcu-ghost boards` lists it.
        app: What the network is for.
        frame_ms: From frame to frame.
    """
    try:
        board = boards.load(board_name)
        found = prove(network, board, cases=1, frames=20)
        try:
            app.validate(network, board)
        except GhostError:
            built = found.built
        else:
            with tempfile.TemporaryDirectory() as folder:
                built = build(network, board, app.name, Path(folder))
    except GhostError as error:
        return None, str(error)
    if found.comparison.mismatches:
        raise RuntimeError(f"the image differs from the reference: {found.comparison.first}")
    instructions = round(found.instructions_per_frame)
    image = Image(
        board.name, built.app.name, built.flash_bytes, built.ram_bytes, instructions, frame_ms
    )
    return image, ""
