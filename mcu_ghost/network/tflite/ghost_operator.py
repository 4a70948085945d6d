# SPDX-License-Identifier: Apache-2.0
"""What a GhostGRU looks like inside a `.tflite`: names, options, and the checks on both.

Inputs of the custom operator, in order: x, kernel (3, m, d), recurrent_kernel (3, m, n), bias
(2, 3, m), ghost_kernel (n - m, m), ghost_bias (n - m,), and the variables state (n,) int8 and carry
(m,) int16. The ghost inputs are absent (-1) when ratio is 1. One output: (1, T, n) or (1, n).
"""

from __future__ import annotations

from typing import Any

from flatbuffers import flexbuffers

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import GhostGRU, Requantizer, Tensor

CUSTOM_CODE = "GhostGRU"
VERSION = 1
METADATA_NAME = "mcu_ghost"

_GATE_LISTS = ("input_multiplier", "input_shift", "recurrent_multiplier", "recurrent_shift")
_GHOST_LISTS = ("ghost_multiplier", "ghost_shift")


def requantizer_bounds(op: GhostGRU, x: Tensor) -> list[tuple[str, Requantizer, float, int]]:
    """Return (name, requantizer, real multiplier by the scales, largest accumulator) of each."""
    one = reference.PREACTIVATION_ONE
    rows = []
    for gate, name in enumerate("zrc"):
        real = x.scale * op.kernel_scales[gate] * one
        bound = reference.kernel_bound(op.kernel[gate], op.bias[0, gate])
        rows.append((f"kernel of gate {name}", op.input_requantizers[gate], real, bound))
        real = reference.STATE_SCALE * op.recurrent_scales[gate] * one
        measure = reference.candidate_bound if name == "c" else reference.kernel_bound
        bound = measure(op.recurrent_kernel[gate], op.bias[1, gate])
        rows.append(
            (f"recurrent kernel of gate {name}", op.recurrent_requantizers[gate], real, bound)
        )
    if op.ghost_requantizer is not None:
        real = reference.STATE_SCALE * op.ghost_scale * one
        bound = reference.kernel_bound(op.ghost_kernel, op.ghost_bias)
        rows.append(("ghost kernel", op.ghost_requantizer, real, bound))
    return rows


def check_requantizers(op: GhostGRU, x: Tensor, where: str) -> None:
    """Raise GhostError unless multipliers fit the tensors' scales and no accumulator overflows."""
    for name, rq, real, largest in requantizer_bounds(op, x):
        if not (0 < rq.multiplier < 2**31 and 0 <= rq.shift < 31):
            raise GhostError(
                f"{where}: multiplier {rq.multiplier} and shift {rq.shift} of the {name} are not "
                "a requantizer (0 < multiplier < 2**31, 0 <= shift < 31)."
            )
        if abs(rq.real - real) > real * 1e-6 + 2.0 ** (rq.shift - 32):
            raise GhostError(
                f"{where}: the {name} is multiplied by {rq.real:.6g} in the options, but its "
                f"scales say {real:.6g}. Convert the model again."
            )
        if largest << rq.shift >= 2**31:
            raise GhostError(f"{where}: a row of the {name} can overflow 32 bits.")
        if largest * rq.real >= reference.LARGEST_PREACTIVATION:
            raise GhostError(f"{where}: a row of the {name} can reach too far for 32-bit sums.")


def encode_options(op: GhostGRU, input_zero_point: int) -> bytes:
    """Return the operator's options as a FlexBuffer map."""
    ghost = [op.ghost_requantizer] if op.ghost_requantizer is not None else []
    options = {
        "version": VERSION,
        "units": op.units,
        "ratio": op.ratio,
        "return_sequences": op.return_sequences,
        "stateful": op.stateful,
        "input_zero_point": input_zero_point,
        "input_multiplier": [rq.multiplier for rq in op.input_requantizers],
        "input_shift": [rq.shift for rq in op.input_requantizers],
        "recurrent_multiplier": [rq.multiplier for rq in op.recurrent_requantizers],
        "recurrent_shift": [rq.shift for rq in op.recurrent_requantizers],
        "ghost_multiplier": [rq.multiplier for rq in ghost],
        "ghost_shift": [rq.shift for rq in ghost],
    }
    return bytes(flexbuffers.Dumps(options))


def decode_options(data: bytes, where: str) -> dict[str, Any]:
    """Parse and type-check the options.

    Raises:
        GhostError: Not a FlexBuffer map, of another version, or with a missing or odd entry.
    """
    try:
        options = flexbuffers.Loads(data)
    except Exception as error:  # the parser reads wherever hostile bytes point it
        raise GhostError(f"{where}: the options are damaged ({error}).") from error
    if not isinstance(options, dict):
        raise GhostError(f"{where}: the options are not a FlexBuffer map.")
    if options.get("version") != VERSION:
        raise GhostError(
            f"{where}: options version {options.get('version')!r} is not supported, only version "
            f"{VERSION}. Convert the model again with this mcu-ghost."
        )
    for key in ("units", "ratio", "input_zero_point"):
        if type(options.get(key)) is not int:
            raise GhostError(f"{where}: option '{key}' must be an integer.")
    for key in ("return_sequences", "stateful"):
        if type(options.get(key)) is not bool:
            raise GhostError(f"{where}: option '{key}' must be true or false.")
    ghosts = 0 if options["ratio"] == 1 else 1
    for keys, length in ((_GATE_LISTS, 3), (_GHOST_LISTS, ghosts)):
        for key in keys:
            value = options.get(key)
            if not isinstance(value, list) or len(value) != length:
                raise GhostError(f"{where}: option '{key}' must be a list of {length} integers.")
            if any(type(v) is not int for v in value):
                raise GhostError(f"{where}: option '{key}' must be a list of {length} integers.")
    return options
