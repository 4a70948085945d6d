# SPDX-License-Identifier: Apache-2.0
"""The weights of a saved Keras model, layer by layer, in the two layouts that there are."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from mcu_ghost.convert.nodes import Reals
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

Config = dict[str, Any]

LARGEST = 1 << 27
"""Numbers of one weight or input; no microcontroller's network comes near."""

_PARTS = ("forward_layer", "backward_layer", "layer", "cell")  # of wrappers and recurrent layers


def class_name(config: Config) -> str:
    """Return the class of a serialised object, without the package that registered it."""
    return str(config.get("class_name", "")).rpartition(">")[2]


class Weights(ABC):
    """The weights of a model's layers."""

    @abstractmethod
    def layers(self, configs: Sequence[Config]) -> list[list[Reals]]:
        """Return each layer's arrays, in the order in which Keras made them."""

    @abstractmethod
    def models(self, configs: Sequence[Config]) -> list[Weights]:
        """Return what each layer has of its own if it is a model."""


class ByPlace(Weights):
    """Of `.keras`: groups named after the classes of layers, numbered in the model's order."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group

    def layers(self, configs: Sequence[Config]) -> list[list[Reals]]:
        """Return each layer's arrays."""
        places = _places(configs, self._layers)
        return [list(_arrays(g, c)) for g, c in zip(places, configs, strict=True)]

    def models(self, configs: Sequence[Config]) -> list[Weights]:
        """Return what each layer has of its own if it is a model."""
        return [ByPlace(group) for group in _places(configs, self._layers)]

    @property
    def _layers(self) -> Any:
        # Keras 2.12 called them otherwise.
        return self._group.get("layers") or self._group.get("_layer_checkpoint_dependencies") or {}


class ByName(Weights):
    """Of `.h5`: every layer has a list of paths of its weights; a model has its layers' in one."""

    def __init__(self, weights: dict[str, list[tuple[str, Reals]]], nested: bool = False) -> None:
        self._weights = weights
        self._nested = nested

    @classmethod
    def of_file(cls, group: h5py.Group) -> ByName:
        """Read the group `model_weights`."""
        return cls({name: _named(group[name]) for name in group})

    def layers(self, configs: Sequence[Config]) -> list[list[Reals]]:
        """Return each layer's arrays."""
        return [[array for _, array in self._of(c["config"]["name"])] for c in configs]

    def models(self, configs: Sequence[Config]) -> list[Weights]:
        """Return what each layer has of its own if it is a model.

        The paths of weights do not always name the models in models, only the layers.
        """
        if self._nested:
            return [self] * len(configs)
        return [ByName({"": self._of(c["config"]["name"])}, nested=True) for c in configs]

    def _of(self, layer: str) -> list[tuple[str, Reals]]:
        if not self._nested:
            return self._weights.get(layer, [])
        named = self._weights[""]
        return [(path, array) for path, array in named if layer in path.split("/")[:-1]]


def _named(group: h5py.Group) -> list[tuple[str, Reals]]:
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in _names(group)]
    return [(name, _array(group[name])) for name in names if name in group]


def _names(group: h5py.Group) -> Iterator[Any]:
    """Yield a list's entries; a long one is kept in pieces."""
    if "weight_names" in group.attrs:
        yield from group.attrs["weight_names"]
    piece = 0
    while f"weight_names{piece}" in group.attrs:
        yield from group.attrs[f"weight_names{piece}"]
        piece += 1


def _places(configs: Sequence[Config], group: Any) -> list[Any]:
    """Return each layer's group, or an empty one: its class in snake case and a number."""
    seen: dict[str, int] = {}
    found = []
    for config in configs:
        name = _snake_case(class_name(config))
        number = seen[name] = seen.get(name, -1) + 1
        found.append(group.get(f"{name}_{number}" if number else name, {}))
    return found


def _arrays(group: Any, config: Config) -> Iterator[Reals]:
    """Yield a layer's own weights, then those of its parts."""
    own = group.get("vars", {})
    for key in sorted(own, key=int):
        yield _array(own[key])
    inside = config["config"]
    for part in _PARTS:
        if part in group:
            yield from _arrays(group[part], inside.get(part) or {"config": {}})
    cells = inside.get("cells") or []
    for cell, place in zip(cells, _places(cells, group.get("cells", {})), strict=True):
        yield from _arrays(place, cell)


def _array(dataset: h5py.Dataset) -> Reals:
    """Return a weight that is in the file itself and of a size that can be."""
    if dataset.external or dataset.size > LARGEST:
        raise GhostError(
            f"has a weight {dataset.name} of {text.count(dataset.size, 'number')}, or one that is"
            " kept in another file; save a smaller network as one file."
        )
    return np.asarray(dataset, np.float32 if dataset.dtype.kind == "f" else None)


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
