# SPDX-License-Identifier: Apache-2.0
"""Puts a scale and an offset for each channel, x · s + o, into the weights beside them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert.nodes import GRU, Affine, Conv, Dense, DepthwiseConv, Node, Reals, Recurrent

Doubles = npt.NDArray[np.float64]


def behind(affine: Affine, node: Node) -> Node | None:
    """Return a node that does both, the affine first; None if its weights cannot."""
    scale, offset = affine.scale.astype(np.float64), affine.offset.astype(np.float64)
    match node:
        case Affine():
            return _with(node, affine, scale=scale * node.scale,
                         offset=offset * node.scale + node.offset)  # fmt: skip
        case Dense():
            return _with(node, affine, kernel=scale[:, None] * node.kernel,
                         bias=node.bias + offset @ node.kernel)  # fmt: skip
        case Conv() if _plain(node.padding, offset):
            return _into_conv(affine, node, scale, offset)
        case DepthwiseConv() if _plain(node.padding, offset):
            kernel = scale[:, None] * node.kernel
            shift = (offset[:, None] * node.kernel.sum((0, 1))).reshape(-1)
            return _with(node, affine, kernel=kernel, bias=node.bias + shift)
        case Recurrent() if node.mask is None:
            return _into_recurrent(affine, node, scale, offset)
        case _:
            return None


def before(node: Node, affine: Affine) -> Node | None:
    """Return a node that does both, the affine last; None if its weights cannot."""
    scale, offset = affine.scale.astype(np.float64), affine.offset.astype(np.float64)
    match node:
        case Dense() | Conv():
            kernel = node.kernel * scale
        case DepthwiseConv():
            kernel = node.kernel * scale.reshape(node.kernel.shape[2:])
        case _:
            return None
    return dataclasses.replace(
        node,
        output=affine.output,
        kernel=_single(kernel),
        bias=_single(node.bias * scale + offset),
    )


def _into_conv(affine: Affine, node: Conv, scale: Doubles, offset: Doubles) -> Node:
    """A group's share of the channels is in the kernel's third axis, its outputs in the fourth."""
    outputs = node.kernel.shape[3] // node.groups
    kernels, shifts = [], []
    for group in range(node.groups):
        kernel = node.kernel[..., group * outputs : (group + 1) * outputs].astype(np.float64)
        channels = slice(group * kernel.shape[2], (group + 1) * kernel.shape[2])
        kernels.append(scale[channels, None] * kernel)
        shifts.append(offset[channels] @ kernel.sum((0, 1)))
    return _with(
        node, affine, kernel=np.concatenate(kernels, -1), bias=node.bias + np.concatenate(shifts)
    )


def _into_recurrent(affine: Affine, node: Recurrent, scale: Doubles, offset: Doubles) -> Node:
    shift = offset @ node.kernel
    bias = node.bias + (np.stack([shift, 0 * shift]) if isinstance(node, GRU) else shift)
    return _with(node, affine, kernel=scale[:, None] * node.kernel, bias=bias)


def _plain(padding: tuple[tuple[int, int], ...], offset: Doubles) -> bool:
    """Whether zeros around stay zeros: there are none, or nothing is added to them."""
    return not any(map(math.fsum, padding)) or not offset.any()


def _with(node: Node, affine: Affine, **weights: Doubles) -> Node:
    """Return the node with other weights, which reads what the affine read."""
    single = {key: _single(value) for key, value in weights.items()}
    return dataclasses.replace(node, inputs=affine.inputs, **single)  # type: ignore[arg-type]


def _single(x: Doubles) -> Reals:
    return np.asarray(x, np.float32)
