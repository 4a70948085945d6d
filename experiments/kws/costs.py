# SPDX-License-Identifier: Apache-2.0
"""What a trained keyword network costs on the nRF52840: built with gcc, proven, counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import read
from mcu_ghost.proof.prove import prove

BOARD, COMPILER, CASES, FRAMES = "nrf52840", "gcc", 2, 49


def measure(model: Path) -> dict[str, int]:
    """Return bytes of the weights and of the `selftest` image, and instructions for a frame.

    The instructions are emulated, from entry to return of the generated step function in the
    `stream` image, the mean over random frames whose every output byte was compared.

    Args:
        model: A `.tflite`.

    Raises:
        GhostError: A tool is missing, or a byte of the image's outputs is wrong.
    """
    network, board = read.load(model), boards.load(BOARD)
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-") as folder:
        selftest = build.build(network, board, "selftest", Path(folder) / "selftest", COMPILER)
    found = prove(
        network, board, toolchain=COMPILER, emulator="unicorn", cases=CASES, frames=FRAMES
    )
    if found.comparison.mismatches:
        raise GhostError(f"{model}: the image is wrong: {found.comparison.first}")
    return {
        "instructions": round(found.instructions_per_frame),
        "weights": selftest.weights_bytes,
        "image": selftest.flash_bytes,
    }
