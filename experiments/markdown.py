# SPDX-License-Identifier: Apache-2.0
"""Tables of the experiments' texts."""

from __future__ import annotations

from collections.abc import Iterator


def table(head: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    """Yield a table's lines, and an empty one: all columns but the first to the right."""
    yield f"| {' | '.join(head)} |"
    yield "|---" + "|--:" * (len(head) - 1) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
