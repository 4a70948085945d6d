# SPDX-License-Identifier: Apache-2.0
"""The C kernels, compiled once for this machine, run on any model's packed constants."""

from __future__ import annotations

import ctypes
from ctypes import c_int32, c_void_p

import numpy as np

from mcu_ghost.build.pack import Packed, pack
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.ghost_gru import GhostGRU


class CRequantizer(ctypes.Structure):
    _fields_ = [("multiplier", c_int32), ("shift", c_int32)]


class GruParams(ctypes.Structure):
    _fields_ = [
        ("inputs", c_int32),
        ("units", c_int32),
        ("intrinsic", c_int32),
        ("kernel", c_void_p),
        ("recurrent_kernel", c_void_p),
        ("ghost_kernel", c_void_p),
        ("input_bias", c_void_p),
        ("recurrent_bias", c_void_p),
        ("ghost_bias", c_void_p),
        ("input", CRequantizer * 3),
        ("recurrent", CRequantizer * 3),
        ("ghost", CRequantizer),
    ]


class FullyConnectedParams(ctypes.Structure):
    _fields_ = [
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("weights", c_void_p),
        ("bias", c_void_p),
        ("multipliers", c_void_p),
        ("shifts", c_void_p),
        ("per_output", c_int32),
        ("output_zero_point", c_int32),
        ("minimum", c_int32),
        ("maximum", c_int32),
    ]


class SoftmaxParams(ctypes.Structure):
    _fields_ = [("size", c_int32), ("rows", c_int32), ("exps", c_void_p)]


def _address(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


def _c(rq: Requantizer | None) -> CRequantizer:
    return CRequantizer(rq.multiplier, rq.shift) if rq else CRequantizer(1, 0)


class HostModel:
    """A model whose every operator is a call of the compiled kernels."""

    def __init__(self, library: ctypes.CDLL, model: Model) -> None:
        self.library, self.model = library, model
        self.packed = pack(model)
        self.values = [np.zeros(t.size, np.int8) for t in model.tensors]
        self.carries = {op.output: np.zeros(op.intrinsic, np.int16) for op in model.layers}
        # The arrays stay referenced for as long as C reads them.
        self.arrays = [
            {role: np.ascontiguousarray(a.values) for role, a in p.arrays.items()}
            for p in self.packed
        ]

    def run(self, x: np.ndarray) -> np.ndarray:
        """Run one sequence, (frames, inputs), from the zero state."""
        for op in self.model.layers:
            self.values[op.output][:] = 0
            self.carries[op.output][:] = 0
        body, every = len(self.model.body), []
        for frame in x:
            self.values[self.model.inputs[0]][:] = frame
            self._call(range(body))
            if self.model.head_per_frame:
                self._call(range(body, len(self.packed)))
                every.append(self.values[self.model.outputs[0]].copy())
        if self.model.head_per_frame:
            return np.stack(every)
        self._call(range(body, len(self.packed)))
        return self.values[self.model.outputs[0]].copy()

    def _call(self, numbers: range) -> None:
        for i in numbers:
            self._one(self.packed[i], self.arrays[i])

    def _one(self, p: Packed, arrays: dict[str, np.ndarray]) -> None:
        x, y = _address(self.values[p.op.inputs[0]]), _address(self.values[p.op.output])
        pointers = {role: _address(a) for role, a in arrays.items()}
        if isinstance(p.op, GhostGRU):
            params = GruParams(
                inputs=p.op.features,
                units=p.op.units,
                intrinsic=p.op.intrinsic,
                input=(CRequantizer * 3)(*map(_c, p.op.input_requantizers)),
                recurrent=(CRequantizer * 3)(*map(_c, p.op.recurrent_requantizers)),
                ghost=_c(p.op.ghost_requantizer),
                **pointers,
            )
            carry = c_void_p(_address(self.carries[p.op.output]))
            self.library.ghost_gru_step_s8(
                ctypes.byref(params), c_void_p(y), carry, None, c_void_p(x)
            )
        elif not p.params:
            table = c_void_p(pointers["table"])
            self.library.ghost_lookup_s8(table, p.numbers["size"], c_void_p(x), c_void_p(y))
        elif p.op.kind == "softmax":
            softmax = SoftmaxParams(p.numbers["size"], len(arrays["exps"]), pointers["exps"])
            self.library.ghost_softmax_s8(ctypes.byref(softmax), c_void_p(x), c_void_p(y))
        else:
            dense = FullyConnectedParams(
                **pointers,
                **p.numbers,
            )
            self.library.ghost_fully_connected_s8(ctypes.byref(dense), c_void_p(x), c_void_p(y))
