# SPDX-License-Identifier: Apache-2.0
"""Keras layers of the GhostGRU and their quantisation-aware training (needs TensorFlow)."""

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.tools import TOOLS

try:
    import tensorflow  # noqa: F401  (tensorflow-model-optimization expects it first)
    import tensorflow_model_optimization  # noqa: F401
    import tf_keras  # noqa: F401
except ImportError as error:
    raise GhostError(
        "Training and conversion need TensorFlow, tf-keras and tensorflow-model-optimization "
        f"({error.name or error} is missing): {TOOLS['tensorflow'].install}"
    ) from error

from mcu_ghost.layers.cell import GhostGRUCell
from mcu_ghost.layers.fixed_point import FixedPointQuantizer, FixedRangeQuantizer, PerGateQuantizer
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.layers.quantization import GhostGRUQuantizeConfig, GhostScheme, quantize_model
from mcu_ghost.layers.ranges import settle
from mcu_ghost.layers.saving import load, save

__all__ = [
    "FixedPointQuantizer",
    "FixedRangeQuantizer",
    "GhostGRU",
    "GhostGRUCell",
    "GhostGRUQuantizeConfig",
    "GhostScheme",
    "PerGateQuantizer",
    "load",
    "quantize_model",
    "save",
    "settle",
]
