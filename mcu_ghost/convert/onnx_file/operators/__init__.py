# SPDX-License-Identifier: Apache-2.0
"""How each of ONNX's operators becomes nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcu_ghost.convert.onnx_file.operator import Operator
from mcu_ghost.convert.onnx_file.operators import (
    functions,
    join,
    matrix,
    norms,
    recurrent,
    shapes,
    take,
    windows,
)

IMPORTERS: dict[str, Callable[[Operator], Any]] = {
    **functions.OPERATORS,
    **matrix.OPERATORS,
    **join.OPERATORS,
    **norms.OPERATORS,
    **windows.OPERATORS,
    **recurrent.OPERATORS,
    **shapes.OPERATORS,
    **take.OPERATORS,
}
"""By name; an importer returns what the first output stands for, or a list of all."""
