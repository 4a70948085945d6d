# SPDX-License-Identifier: Apache-2.0
"""Names that a library may have: a C identifier that no header, keyword or package rule forbids."""

from __future__ import annotations

import re

from mcu_ghost.host.errors import GhostError

LONGEST = 40

# C and C++ keywords, and headers of the C library: LIBRARY.h would hide them.
_TAKEN = frozenset(
    """
    alignas alignof and asm auto bool break case catch char class const constexpr continue default
    delete do double else enum explicit export extern false final float for friend goto if inline
    int long main mutable namespace new not nullptr operator or private protected public register
    restrict return short signed sizeof static static_assert struct switch template this throw true
    try typedef typeid typename typeof union unsigned using virtual void volatile while xor
    assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar
    wctype model golden check listen arduino zephyr
    """.split()
)


def check(name: str) -> None:
    """Check a library's name.

    It prefixes everything in C, is the header's name, and must please every package manager:
    Zephyr and Arduino want it to begin with a letter, PlatformIO no longer than 50 characters.

    Raises:
        GhostError: It cannot be used; the message says why.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > LONGEST:
        raise GhostError(
            f"A library cannot be called '{name}': a name has small letters, digits and single"
            f" underscores, begins with a letter, and has at most {LONGEST} characters. Choose"
            " another with --name."
        )
    if name in _TAKEN or name.startswith("arduino"):
        raise GhostError(
            f"A library cannot be called '{name}': C, its library or a package manager already"
            " uses it. Choose another with --name."
        )
