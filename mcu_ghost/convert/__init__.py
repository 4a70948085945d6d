# SPDX-License-Identifier: Apache-2.0
"""From a Keras model to an int8 `.tflite` with fused GhostGRU operators (needs TensorFlow)."""

import mcu_ghost.layers  # noqa: F401  (says how to install TensorFlow where it is missing)
from mcu_ghost.convert.keras_file import load_model
from mcu_ghost.convert.keras_model import convert, to_model

__all__ = ["convert", "load_model", "to_model"]
