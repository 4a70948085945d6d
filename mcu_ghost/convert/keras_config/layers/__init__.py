# SPDX-License-Identifier: Apache-2.0
"""How each class of Keras layer becomes nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcu_ghost.convert.keras_config.layer import Layer
from mcu_ghost.convert.keras_config.layers import (
    activations,
    operations,
    plain,
    recurrent,
    shapes,
    time_distributed,
    windows,
)

IMPORTERS: dict[str, Callable[[Layer], Any]] = {
    **activations.LAYERS,
    **plain.LAYERS,
    **windows.LAYERS,
    **recurrent.LAYERS,
    **shapes.LAYERS,
    **operations.LAYERS,
    **time_distributed.LAYERS,
}
"""By class; an importer returns the layer's value, or a list of several."""
