# SPDX-License-Identifier: Apache-2.0
"""Keras layers of the GhostGRU and their quantisation-aware training (needs TensorFlow)."""

import os

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.tools import TOOLS

# tensorflow-model-optimization sets TF_USE_LEGACY_KERAS for good, upon which `tf.keras` would be
# Keras 2 in the whole program, and in those that it starts. So what the user wants is settled first.
_chosen = os.environ.get("TF_USE_LEGACY_KERAS")
try:
    import tensorflow

    tensorflow.keras.version  # noqa: B018  (loads it)
    import tensorflow_model_optimization  # noqa: F401
    import tf_keras  # noqa: F401
except ImportError as error:
    raise GhostError(
        "Training and conversion need TensorFlow, tf-keras and tensorflow-model-optimization "
        f"({error.name or error} is missing): {TOOLS['tensorflow'].install}"
    ) from error
finally:
    if _chosen is None:
        os.environ.pop("TF_USE_LEGACY_KERAS", None)

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
