# SPDX-License-Identifier: Apache-2.0
"""Which axis of a network's input is the batch, and what one sample of it looks like."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from mcu_ghost.convert.onnx_file.constants import LARGEST
from mcu_ghost.convert.onnx_file.file import CAST
from mcu_ghost.convert.onnx_file.value import Value
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

_RECURRENT = {"GRU", "LSTM", "RNN"}
_FIXED = (
    "export it for one example of fixed shape, such as (1, frames, inputs); firmware runs any"
    " number of frames"
)


def sample(entry: Any, readers: Collection[str], turned: bool = False) -> Value:
    """Return one sample of an input.

    Args:
        entry: The file's description.
        readers: Kinds of nodes that read it.
        turned: Whether its first axis, channels, is the graph's last.

    Raises:
        GhostError: Its shape is not known, or is of a batch of several samples.
    """
    from onnx import TensorProto

    kind = entry.type.tensor_type.elem_type
    if kind not in (TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32):
        known = kind in TensorProto.DataType.values()
        name = TensorProto.DataType.Name(kind).lower() if known else f"number {kind}"
        raise GhostError(
            f"Input '{entry.name}': is of type {name}, only float and integers that name rows of"
            f" an embedding are supported; {CAST}."
        )
    sizes = [d.dim_value if d.HasField("dim_value") else None
             for d in entry.type.tensor_type.shape.dim]  # fmt: skip
    if not sizes:
        raise GhostError(f"Input '{entry.name}': has no shape; {_FIXED}.")
    batch = _batch(entry.name, sizes, readers)
    kept = [i for i in range(len(sizes)) if i != batch]
    shape = tuple(size for i in kept if (size := sizes[i]) and size > 0)
    if len(shape) < len(kept):
        axes = [i for i in kept if (sizes[i] or 0) <= 0]
        raise GhostError(
            f"Input '{entry.name}': its shape ({_listed(sizes)}) is dynamic along axis"
            f" {axes[0]}; {_FIXED}."
        )
    if math.prod(shape) > LARGEST:
        raise GhostError(
            f"Input '{entry.name}': its shape ({_listed(sizes)}) has more numbers than any"
            f" microcontroller takes; {_FIXED}."
        )
    whole = kind != TensorProto.FLOAT
    if turned:
        kept, shape = [*kept[1:], kept[0]], (*shape[1:], shape[0])
    own = tuple(kept.index(i) if i in kept else None for i in range(len(sizes)))
    return Value(entry.name, shape or (1,), own, whole)


def _batch(name: str, sizes: list[int | None], readers: Collection[str]) -> int | None:
    """Return the axis that counts samples; None if one sample has no such axis.

    It is the first, or the second where recurrent layers want the frames first.
    """
    one = (1, None)
    frames_first = len(sizes) == 3 and sizes[1] in one
    if sizes[0] is None and frames_first and _RECURRENT & set(readers):
        raise GhostError(f"Input '{name}': has a dynamic number of frames; {_FIXED}.")
    if sizes[0] in one:
        return 0 if len(sizes) > 1 or sizes[0] is None else None
    if frames_first:
        return 1
    if len(sizes) == 1 or (len(sizes) == 2 and set(readers) <= {"Unsqueeze", "Shape"}):
        return None
    raise GhostError(
        f"Input '{name}': its shape ({_listed(sizes)}) is of a batch of"
        f" {text.count(sizes[0], 'sample')}; export the network for one, with a first axis of 1."
    )


def _listed(sizes: list[int | None]) -> str:
    return ", ".join("?" if size is None else str(size) for size in sizes)
