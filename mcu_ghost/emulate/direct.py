# SPDX-License-Identifier: Apache-2.0
"""Ways around the Python layers of Unicorn's binding, for the few calls that are made most.

Callbacks given here must not raise. With a binding that is built differently, its own functions
are used: slower, and as right.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

_IT = 0x0600_FC00  # of xPSR: what is left of an IT block


def add_hook(
    uc: Any,
    unicorn: Any,
    kind: int,
    callback: Callable[..., None],
    begin: int = 1,
    end: int = 0,
) -> None:
    """Have a function called with (engine, address, size, nothing) before blocks or instructions.

    Args:
        uc: The engine.
        unicorn: Its module.
        kind: UC_HOOK_BLOCK or UC_HOOK_CODE.
        callback: What to call.
        begin: First address; above `end` for all addresses.
        end: Last address.
    """
    _add(uc, unicorn, kind, callback, begin, end, "HOOK_CODE_CFUNC")


def add_read_hook(
    uc: Any, unicorn: Any, callback: Callable[..., None], begin: int, end: int
) -> None:
    """Have a function called with (engine, kind, address, size, …) at loads from `begin` to `end`.

    `end` is the last address.
    """
    kind = unicorn.UC_HOOK_MEM_READ
    _add(uc, unicorn, kind, callback, begin, end, "HOOK_MEM_ACCESS_CFUNC")


def _add(
    uc: Any,
    unicorn: Any,
    kind: int,
    callback: Callable[..., None],
    begin: int,
    end: int,
    prototype: str,
) -> None:
    binding = _binding(uc)
    if binding is None:
        uc.hook_add(kind, callback, begin=begin, end=end)
        return
    handle = ctypes.c_size_t()
    function = getattr(binding, prototype)(callback)
    pointer = ctypes.cast(function, ctypes.c_void_p)
    first, last = ctypes.c_uint64(begin), ctypes.c_uint64(end)
    status = binding.uclib.uc_hook_add(
        uc._uch, ctypes.byref(handle), kind, pointer, None, first, last
    )
    if status != unicorn.UC_ERR_OK:
        raise unicorn.UcError(status)
    if not hasattr(uc, "mcu_ghost_hooks"):
        uc.mcu_ghost_hooks = []
    uc.mcu_ghost_hooks.append(function)  # alive as long as the engine


def reader(uc: Any, register: int) -> Callable[[], int]:
    """Return what reads a register of 32 bits."""
    binding = _binding(uc)
    if binding is None:
        return functools.partial(uc.reg_read, register)
    value = ctypes.c_uint32()
    read, engine, pointer = binding.uclib.uc_reg_read, uc._uch, ctypes.byref(value)

    def get() -> int:
        read(engine, register, pointer)
        return value.value

    return get


def forgetter(uc: Any, arm: Any) -> Callable[[], None]:
    """Return what a hook of loads or stores must call before it ends.

    Unicorn 2.1 brings the core up to date for such a hook, the rest of an IT block included, and
    lets that stand behind the block: the next one's first instructions would not run.
    """
    read = reader(uc, arm.UC_ARM_REG_XPSR)

    def forget() -> None:
        xpsr = read()
        if xpsr & _IT:
            uc.reg_write(arm.UC_ARM_REG_XPSR, xpsr & ~_IT)

    return forget


class Registers:
    """Several registers of 32 bits that are read and written together.

    Args:
        uc: The engine.
        registers: Its names for them.
    """

    def __init__(self, uc: Any, registers: Sequence[int]) -> None:
        self._uc = uc
        self._names = list(registers)
        self._library = getattr(_binding(uc), "uclib", None)
        count = len(self._names)
        self._ids = (ctypes.c_int * count)(*self._names)
        self._values = (ctypes.c_uint64 * count)()
        self._packed = struct.Struct(f"<{count}Q")
        places = [ctypes.addressof(self._values) + 8 * i for i in range(count)]
        self._pointers = (ctypes.c_void_p * count)(*places)

    def read(self) -> list[int]:
        """Return their values in order."""
        if self._library is None:
            return [self._uc.reg_read(name) for name in self._names]
        self._library.uc_reg_read_batch(self._uc._uch, self._ids, self._pointers, len(self._names))
        return list(self._packed.unpack(self._values))

    def write(self, *values: int) -> None:
        """Write a value into each."""
        if self._library is None:
            for name, value in zip(self._names, values, strict=True):
                self._uc.reg_write(name, value)
            return
        self._packed.pack_into(self._values, 0, *values)
        self._library.uc_reg_write_batch(self._uc._uch, self._ids, self._pointers, len(self._names))


def _binding(uc: Any) -> Any:
    try:
        from unicorn.unicorn_py3 import unicorn as binding
    except ImportError:
        return None
    parts = ("HOOK_CODE_CFUNC", "HOOK_MEM_ACCESS_CFUNC", "uclib")
    return binding if all(hasattr(binding, p) for p in parts) and hasattr(uc, "_uch") else None
