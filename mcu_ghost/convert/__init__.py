# SPDX-License-Identifier: Apache-2.0
"""From a Keras model to an int8 `.tflite` with fused GhostGRU operators.

What handles Keras objects needs TensorFlow and is imported when it is first asked for; the float
graph and what reads files do not.
"""

from __future__ import annotations

import importlib
from typing import Any

_NEED_TENSORFLOW = {
    "Conversion": "keras_model",
    "conversion": "keras_model",
    "convert": "keras_model",
    "keras_outputs": "keras_run",
    "load_model": "keras_file",
    "to_model": "keras_model",
}

__all__ = ["Conversion", "conversion", "convert", "keras_outputs", "load_model", "to_model"]


def __getattr__(name: str) -> Any:
    """Import what needs TensorFlow; `mcu_ghost.layers` says how to install it if it is missing."""
    if name not in _NEED_TENSORFLOW:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module("mcu_ghost.layers")
    return getattr(importlib.import_module(f"{__name__}.{_NEED_TENSORFLOW[name]}"), name)
