# SPDX-License-Identifier: Apache-2.0
"""Names that a library may have: a C identifier that no header, keyword or package rule forbids."""

from __future__ import annotations

import re

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.names import LONGEST, reserved

# Headers of the C library, which LIBRARY.h would hide; files of an export; targets that CMake and
# Zephyr have themselves; files that Windows does not.
_TAKEN = frozenset(
    """
    assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar
    wctype
    model golden check listen loop
    all clean help install kernel package test arduino zephyr
    aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7
    lpt8 lpt9
    """.split()
)


def validate(name: str) -> None:
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
    if name in _TAKEN or reserved(name) or name.startswith("arduino"):
        raise GhostError(
            f"A library cannot be called '{name}': C, its library, the firmware or a package"
            " manager already uses it. Choose another with --name."
        )
