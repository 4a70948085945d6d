# SPDX-License-Identifier: Apache-2.0
"""Keras layers of the GhostGRU and their quantisation-aware training (needs TensorFlow)."""

from mcu_ghost.layers import backend  # noqa: F401  (first of all)
from mcu_ghost.layers.cell import GhostGRUCell
from mcu_ghost.layers.configs import (
    GhostGRUQuantizeConfig,
    RangeQuantizeConfig,
    RecurrentQuantizeConfig,
)
from mcu_ghost.layers.fixed_point import (
    AverageQuantizer,
    FixedPointQuantizer,
    FixedRangeQuantizer,
    PerChannelQuantizer,
    PerGateQuantizer,
)
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.layers.quantization import GhostScheme, quantize_model
from mcu_ghost.layers.ranges import settle
from mcu_ghost.layers.saving import load, save

__all__ = [
    "AverageQuantizer",
    "FixedPointQuantizer",
    "FixedRangeQuantizer",
    "GhostGRU",
    "GhostGRUCell",
    "GhostGRUQuantizeConfig",
    "GhostScheme",
    "PerChannelQuantizer",
    "PerGateQuantizer",
    "RangeQuantizeConfig",
    "RecurrentQuantizeConfig",
    "load",
    "quantize_model",
    "save",
    "settle",
]
