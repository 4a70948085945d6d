# SPDX-License-Identifier: Apache-2.0
"""TFLite's VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE.

A variable is a tensor that an invocation reads as the one before left it. What is read before it is
assigned is that tensor itself; what is read afterwards is the tensor that was assigned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tflite

from mcu_ghost.host.text import count
from mcu_ghost.network.ops.assign_variable import AssignVariable
from mcu_ghost.network.ops.operator import Assigning, Operator
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.tflite.tables import Tables, shown

_Codes = tflite.BuiltinOperator

CODES: dict[int | str, int] = {
    _Codes.CALL_ONCE: 1,
    _Codes.VAR_HANDLE: 1,
    _Codes.READ_VARIABLE: 1,
    _Codes.ASSIGN_VARIABLE: 1,
}


def read(file: Tables, op: Any) -> tuple[AssignVariable, ...]:
    """Take one of the operators from a `.tflite`; only an assignment leaves one.

    Raises:
        GhostError: It is damaged, or not one that this package can build.
    """
    code, name, _ = file.code(op)
    ends = {
        _Codes.CALL_ONCE: (0, 0),
        _Codes.VAR_HANDLE: (0, 1),
        _Codes.READ_VARIABLE: (1, 1),
        _Codes.ASSIGN_VARIABLE: (2, 0),
    }
    inputs, outputs = ends[int(code)]
    if (op.InputsLength(), op.OutputsLength()) != (inputs, outputs):
        wanted = f"{count(inputs, 'input')} and {count(outputs, 'output')}"
        raise file.error(f"{name} must have {wanted}")
    if code == _Codes.CALL_ONCE:
        _initialise(file, op)
    elif code == _Codes.VAR_HANDLE:
        _name(file, op)
    elif code == _Codes.READ_VARIABLE:
        _read(file, op)
    else:
        return _assign(file, op)
    return ()


def finish(
    file: Tables, operators: Sequence[Operator], outputs: Sequence[int]
) -> tuple[Operator, ...]:
    """Return operators in an order in which what reads a variable comes before its assignment.

    Raises:
        GhostError: There is none, or a variable is never assigned, or an output of the network.
    """
    assigned = {op.output for op in operators if isinstance(op, Assigning)}
    for key, index in file.variables.items():
        if index not in assigned:
            raise file.error(f"{_called(key)} is read, and never assigned")
    if not assigned:
        return tuple(operators)
    same = {op.output: op.inputs[0] for op in operators if isinstance(op, Reshape)}

    def stored(index: int) -> int:
        """Return the tensor whose memory a tensor is."""
        while index in same:
            index = same[index]
        return index

    if assigned & set(map(stored, outputs)):
        raise file.error("a variable as it was before is an output of the network")
    return tuple(_ordered(file, operators, set(outputs), stored))


def _ordered(
    file: Tables, operators: Sequence[Operator], outputs: set[int], stored: Callable[[int], int]
) -> list[Operator]:
    """Return operators so that what only leads to variables comes as soon as it can."""
    early = _only_for_variables(operators, outputs)
    readers = Counter(stored(i) for op in operators for i in op.inputs)
    to_come = {op.output for op in operators if not isinstance(op, Assigning)}
    done: list[Operator] = []

    def put(op: Operator) -> None:
        done.append(op)
        to_come.discard(op.output)
        readers.subtract(map(stored, op.inputs))

    def ready(op: Operator) -> bool:
        free = not isinstance(op, Assigning) or not readers[op.output]
        return free and to_come.isdisjoint(op.inputs)

    waiting = [op for op in operators if id(op) in early]
    for op in (None, *(op for op in operators if id(op) not in early)):
        if op is not None:
            put(op)
        while now := next(filter(ready, waiting), None):
            waiting = [one for one in waiting if one is not now]
            put(now)
    if waiting:
        raise file.error("variables that are assigned to each other are not supported")
    return done


def _only_for_variables(operators: Sequence[Operator], outputs: set[int]) -> set[int]:
    """Return the ids of assignments, and of what nothing else needs."""
    early: set[int] = set()
    needed = set(outputs)
    for op in reversed(operators):
        if isinstance(op, Assigning) or op.output not in needed:
            early.add(id(op))
        else:
            needed.update(op.inputs)
    return early


def _key(options: Any) -> str:
    """Return a variable's whole name."""
    parts = ((part or b"").decode("utf-8", "replace") for part in options)
    return "/".join(part for part in parts if part)


def _called(key: str) -> str:
    return f"variable '{shown(key)}'"


def _name(file: Tables, op: Any) -> None:
    options = tflite.VarHandleOptions()
    file.options(op, options, tflite.BuiltinOptions.VarHandleOptions, "VAR_HANDLE")
    file.handles[op.Outputs(0)] = _key((options.Container(), options.SharedName()))


def _handle(file: Tables, index: int) -> str:
    if index not in file.handles:
        raise file.error(f"{file.label(index)} is no variable")
    return file.handles[index]


def _initialise(file: Tables, op: Any) -> None:
    """Note what variables are at the start."""
    options = tflite.CallOnceOptions()
    file.options(op, options, tflite.BuiltinOptions.CallOnceOptions, "CALL_ONCE")
    once = file.other_graph(options.InitSubgraphIndex())
    for i in range(once.count(once.graph.OperatorsLength())):
        inner = once.graph.Operators(i)
        code, name, _ = once.code(inner)
        if code == _Codes.VAR_HANDLE and inner.OutputsLength() == 1:
            _name(once, inner)
            continue
        if code != _Codes.ASSIGN_VARIABLE or inner.InputsLength() != 2:
            raise file.error(f"CALL_ONCE with {name} is not supported, only constants")
        key, value = _handle(once, inner.Inputs(0)), inner.Inputs(1)
        values = once.constant(value, np.int8, once.shape(value), -128)
        if values.min() != values.max():
            raise file.error(f"{_called(key)} begins with unlike values, which is not supported")
        file.initial[key] = int(values.flat[0])


def _read(file: Tables, op: Any) -> None:
    key, target = _handle(file, op.Inputs(0)), op.Outputs(0)
    number = file.activation(target)
    if key not in file.current:
        file.variables[key] = file.current[key] = number
        return
    _same(file, file.current[key], number, key)
    file.tensors.pop()
    file.known[target] = file.current[key]


def _same(file: Tables, one: int, other: int, key: str) -> None:
    if file.tensors[one].shape != file.tensors[other].shape:
        raise file.error(f"{_called(key)} changes its shape")
    file.same_scale(one, other, _called(key))


def _assign(file: Tables, op: Any) -> tuple[AssignVariable, ...]:
    key, x = _handle(file, op.Inputs(0)), file.read(op.Inputs(1))
    if key in file.assigned:
        raise file.error(f"{_called(key)} is assigned twice")
    file.assigned.add(key)
    before, file.current[key] = file.variables.get(key), x
    if before is None or before == x:
        return ()
    _same(file, before, x, key)
    y = file.tensors[before]
    initial = file.initial.get(key, y.zero_point)
    return (AssignVariable((x,), before, y.size, y.scale, initial),)
