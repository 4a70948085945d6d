# SPDX-License-Identifier: Apache-2.0
"""What tests ask the source files of: each is parsed once for all, and its tree forgotten."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A Python file.

    Attributes:
        imports: The dotted names that it imports, wherever in it; not those for types alone.
        asked: Of each `isinstance`, the line and the names of its second argument.
        texts: The f-strings.
    """

    imports: frozenset[str]
    asked: tuple[tuple[int, frozenset[str]], ...]
    texts: tuple[ast.JoinedStr, ...]


@functools.cache
def source(file: Path) -> Source:
    """Return what a file's source says."""
    nodes = tuple(ast.walk(ast.parse(file.read_text("utf-8"))))
    typing_only = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.If) and _named(node.test, "TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    imports: set[str] = set()
    for node in nodes:
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            imports |= {f"{node.module}.{alias.name}" for alias in node.names}
    asked = tuple(
        (node.lineno, frozenset(n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)))
        for node in nodes
        if isinstance(node, ast.Call) and _named(node.func, "isinstance")
    )
    texts = tuple(node for node in nodes if isinstance(node, ast.JoinedStr))
    return Source(frozenset(imports), asked, texts)


def _named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
