# SPDX-License-Identifier: Apache-2.0
"""Sizes and counts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def size(n: int) -> str:
    """Return bytes as people read them: 1.31 MB, 96.0 kB (1024 bytes), 312 B."""
    if abs(n) >= 1 << 20:
        return f"{n / (1 << 20):.2f} MB"
    if abs(n) >= 1 << 10:
        return f"{n / (1 << 10):.1f} kB"
    return f"{n} B"


def count(n: float) -> str:
    """Return a count with thin groups of thousands: 128 730."""
    return f"{n:,.0f}".replace(",", " ")
