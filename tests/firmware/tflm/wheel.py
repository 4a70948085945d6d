# SPDX-License-Identifier: Apache-2.0
"""The stock tflite-micro wheel, with our operator from a shared library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any


def micro(library: ctypes.CDLL, arena: int = 1 << 20) -> Callable[[bytes], Any]:
    """Return a function from a `.tflite` to an interpreter of it.

    Args:
        library: `glue.c` and the operator, loaded with RTLD_GLOBAL; the wheel finds it by name.
        arena: Bytes of working memory.
    """
    import tflite_micro
    from tflite_micro.python.tflite_micro import runtime

    assert library.RegisterGhostGRU
    # Its functions become visible to the glue.
    wheel = Path(tflite_micro.__file__).parent / "python" / "tflite_micro" / "_runtime.so"
    ctypes.CDLL(str(wheel), ctypes.RTLD_GLOBAL)

    def start(data: bytes) -> Any:
        return runtime.Interpreter.from_bytes(
            data, custom_op_registerers=["RegisterGhostGRU"], arena_size=arena
        )

    return start
