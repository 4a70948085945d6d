# SPDX-License-Identifier: Apache-2.0
"""TimeDistributed: a layer on every frame, as if frames were samples."""

from __future__ import annotations

import dataclasses
import math

from mcu_ghost.convert.keras_config.layer import Layer, Value
from mcu_ghost.convert.keras_config.layers import activations, plain, windows
from mcu_ghost.convert.keras_config.layers.shapes import filled
from mcu_ghost.convert.nodes import Reshape

# They look at the last axis only, or take the axes that they need from there.
_ON_FRAMES = {
    **activations.LAYERS,
    **plain.LAYERS,
    **{name: run for name, run in windows.LAYERS.items() if "Global" in name or "1D" in name},
}


def _time_distributed(layer: Layer) -> Value:
    x = layer.x
    if len(x.shape) < 2:
        raise layer.refuse(f"its input of shape {x.shape} has no frames")
    part = layer.part(layer.config["layer"], x)
    part = dataclasses.replace(part, leading=layer.leading + 1)
    if part.kind == "Flatten":
        return layer.add(Reshape, x, shape=(x.shape[0], math.prod(x.shape[1:])))
    if part.kind == "Reshape":
        target = filled(part, x.shape[1:], tuple(part.config["target_shape"]))
        return layer.add(Reshape, x, shape=(x.shape[0], *target))
    importer = _ON_FRAMES.get(part.kind)
    if importer is None:
        raise layer.refuse(
            f"a {part.kind} on every frame is not supported; build that part of layers that work on"
            " a whole sequence"
        )
    return importer(part)


LAYERS = {"TimeDistributed": _time_distributed}
