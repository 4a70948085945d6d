# SPDX-License-Identifier: Apache-2.0
"""Reads an `.onnx` file, as PyTorch and others export it, without any of them.

The network is read as that of one sample: the batch, which a file has somewhere among the axes, is
of length 1. Nothing in a file is run: its nodes are looked up by their operators' names.
"""

from __future__ import annotations

from pathlib import Path

from mcu_ghost.convert.graph import MALFORMED, FloatGraph
from mcu_ghost.convert.onnx_file import file
from mcu_ghost.convert.onnx_file.topology import Network
from mcu_ghost.host.errors import GhostError

__all__ = ["read"]


def read(path: str | Path, go_on: bool = False) -> FloatGraph:
    """Return the network of an `.onnx` file, opset 13 and later.

    What the user should know of it is in the graph's `notes`.

    Args:
        path: The file.
        go_on: Whether nodes that cannot be read are only noted in the graph's list of layers; it
            then has holes.

    Raises:
        GhostError: The file cannot be read, or has something in it that no node expresses; says
            which node. Or the package onnx is not installed.
    """
    path = Path(path)
    try:
        graph = Network(file.load(path), go_on).graph(path.stem)
        return graph if go_on else graph.checked()
    except GhostError as error:
        raise GhostError(f"{path}: {error}") from error
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error}); export the network again.") from error
    except (*MALFORMED, RuntimeError, MemoryError) as error:
        raise GhostError(
            f"{path}: is damaged, or no network that ONNX allows"
            f" ({type(error).__name__}: {error}); export it again."
        ) from error
