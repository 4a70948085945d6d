# SPDX-License-Identifier: Apache-2.0
"""Keeps what TensorFlow's C++ says about itself off the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send stderr nowhere meanwhile, unless TF_CPP_MIN_LOG_LEVEL=0 asks for the log.

    TensorFlow logs before any of its settings take effect. Exceptions pass as ever.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
