# SPDX-License-Identifier: Apache-2.0
"""Names in the generated C: of a network, which begins every other one, and of its ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcu_ghost.host.errors import GhostError

LONGEST = 40

KEYWORDS = frozenset(
    """
    alignas alignof and asm auto bool break case catch char class const constexpr continue default
    delete do double else enum explicit export extern false final float for friend goto if inline
    int long main mutable namespace new not nullptr operator or private protected public register
    restrict return short signed sizeof static static_assert struct switch template this throw true
    try typedef typeid typename typeof union unsigned using virtual void volatile while xor
    """.split()
)
"""What a C or C++ compiler keeps for itself."""

# What other names of an image begin with; those of `firmware/` nearly all with `ghost_`.
_OURS = frozenset(["app", "app_model", "front_end", "ghost", "put"])
_SUFFIX = "_net"
# Macros of compilers and libraries that look like names of an input.
_MACROS = frozenset(
    "arm errno far i386 interface linux mips near small stderr stdin stdout sun unix".split()
)


def reserved(name: str) -> bool:
    """Whether a prefix could make names that are keywords or taken by the firmware."""
    ours = name in _OURS or name.startswith("ghost_")
    return name in KEYWORDS or (ours and not name.endswith(_SUFFIX))


def identifier(name: str) -> str:
    """Return the prefix closest to a name: a C identifier of its own, `_net` behind a taken one."""
    word = re.sub(r"\W+", "_", name[:LONGEST], flags=re.ASCII).strip("_").lower()
    if not word or word[0].isdigit():
        word = f"model_{word}".strip("_")
    return word + _SUFFIX if reserved(word) else word


def members(names: Sequence[str], fallback: str) -> tuple[str, ...]:
    """Return an identifier for each of some inputs or outputs, closest to its name.

    They name members of a struct and end names of functions, of which one has `_fixed` behind it.

    Args:
        names: As people call them.
        fallback: What one is called whose name has no letter that C knows, with its number.
    """
    found: list[str] = []
    for number, name in enumerate(names):
        word = re.sub(r"\W+", "_", name[:LONGEST], flags=re.ASCII).strip("_").lower()
        word = word or f"{fallback}{number}"
        if word[0].isdigit() or word in KEYWORDS | _MACROS:
            word = f"{fallback}_{word}"
        taken = {form for other in found for form in (other, f"{other}_fixed")}
        while word in taken or f"{word}_fixed" in taken:
            word = f"{word}_{number}"
        found.append(word)
    return tuple(found)


def validate(name: str) -> None:
    """Check a prefix that somebody chose.

    Raises:
        GhostError: It is no identifier, or one that is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or reserved(name):
        raise GhostError(
            f"A network cannot be called '{name}': its name begins every name in the generated C,"
            f" so it must be an identifier that nothing else uses, such as '{identifier(name)}'."
        )
