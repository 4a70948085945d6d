# SPDX-License-Identifier: Apache-2.0
"""Axes that a kernel does not see: a frame lacks the first axis of the whole tensor.

What an operator says of axes it says of whole tensors, counted from the end. So a frame, or what is
left of a sequence of one, is seen as a whole tensor of one frame.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from mcu_ghost.network.tensor import Tensor


def whole(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return a shape of at least so many axes, the first ones 1."""
    return (1,) * (rank - len(shape)) + shape


def seen(x: Tensor, values: npt.NDArray[Any], rank: int) -> npt.NDArray[Any]:
    """Return (…, *shape of x) values as (…, *whole shape of x)."""
    batch = values.shape[: values.ndim - len(x.shape)]
    return values.reshape((*batch, *whole(x.shape, rank)))


def given(x: Tensor, values: npt.NDArray[Any], y: Tensor, result: npt.NDArray[Any]) -> Any:
    """Return an operator's result of (…, *shape of x) values as (…, *shape of y)."""
    return result.reshape((*values.shape[: values.ndim - len(x.shape)], *y.shape))
