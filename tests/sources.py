# SPDX-License-Identifier: Apache-2.0
"""The package's own source, parsed once for all tests that read it."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file's syntax tree, the whole of it first."""
    return tuple(ast.walk(ast.parse(file.read_text("utf-8"))))
