# SPDX-License-Identifier: Apache-2.0
"""TFLite's RESHAPE within a frame: it moves no data, so that no operator is left of it."""

from __future__ import annotations

import math
from typing import Any

import tflite

from mcu_ghost.network.tflite.tables import Tables

CODES: dict[int | str, int] = {tflite.BuiltinOperator.RESHAPE: 1}


def read(file: Tables, op: Any) -> None:
    """Let the output be another name of the input.

    Raises:
        GhostError: It joins frames, or changes the number of values or their quantisation.
    """
    source, target = op.Inputs(0), op.Outputs(0)
    x = file.read(source)
    size = file.tensors[x].size
    if math.prod(file.shape(source)) != math.prod(file.shape(target)):
        raise file.error(f"RESHAPE of {file.label(source)} changes the number of values")
    if file.rows(target) > size and file.frames > 1:
        raise file.error(
            f"RESHAPE to {file.label(target)} joins frames, which only a whole sequence in "
            "memory could give; use return_sequences=False or a layer per frame"
        )
    y = file.tensors[file.activation(target, size)]
    if (y.scale, y.zero_point) != (file.tensors[x].scale, file.tensors[x].zero_point):
        raise file.error(f"RESHAPE of {file.label(source)} changes its quantisation")
    file.tensors.pop()
    file.known[target] = x
