# SPDX-License-Identifier: Apache-2.0
"""From a Keras model to an int8 `.tflite` with fused GhostGRU operators (needs TensorFlow)."""

import mcu_ghost.layers  # noqa: F401  (says how to install TensorFlow where it is missing)
from mcu_ghost.convert.keras_file import load_model
from mcu_ghost.convert.keras_model import Conversion, conversion, convert, to_model
from mcu_ghost.convert.keras_outputs import keras_outputs

__all__ = ["Conversion", "conversion", "convert", "keras_outputs", "load_model", "to_model"]
