# SPDX-License-Identifier: Apache-2.0
"""Reads Renode's platform descriptions, as far as the overlays use their grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = "[A-Za-z][A-Za-z0-9_]*"
_NUMBER = "0x[0-9A-Fa-f_]+|-?[0-9][0-9_]*"
_VALUE = re.compile(rf'{_NUMBER}|"[^"]*"|true|false|{_NAME}(\.{_NAME})*')
_USING = re.compile('using "([^"]+)"')
_ENTRY = re.compile(
    rf"(?P<name>{_NAME}):( (?P<type>{_NAME}(\.{_NAME})+))?( @ (?P<place>none|sysbus ({_NUMBER})))?"
)
_ATTRIBUTE = re.compile(rf"(?P<name>{_NAME}): (?P<value>.+)")
_STATEMENTS = re.compile("(init|reset)( add)?:")
_TAG = re.compile(rf'Tag <({_NUMBER}), ({_NUMBER})> "[^"]+"( ({_NUMBER}))?')


@dataclass
class Entry:
    """A new peripheral, or a change to one of the platform's.

    Attributes:
        type: The model's class without Antmicro.Renode.Peripherals; "" for a change.
        place: Where it is registered; "none" takes it from the bus; "" leaves it as it is.
        attributes: Constructor arguments and properties.
        statements: Of its init and reset sections.
    """

    type: str
    place: str
    attributes: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)


def read(text: str) -> tuple[list[str], dict[str, Entry]]:
    """Return the files that a description uses, and its entries by name.

    Raises:
        ValueError: A line that Renode would not take, or a peripheral described twice.
    """
    uses: list[str] = []
    entries: dict[str, Entry] = {}
    entry: Entry | None = None
    in_statements = False
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)//.*", "", line).rstrip()
        indent, bare = len(bare) - len(bare.lstrip(" ")), bare.strip()
        using, head = _USING.fullmatch(bare), _ENTRY.fullmatch(bare)
        if not bare:
            continue
        if indent == 0 and using and not entries:
            uses.append(using[1])
        elif indent == 0 and head and head["name"] not in entries:
            entry = Entry(head["type"] or "", head["place"] or "")
            entries[head["name"]] = entry
            in_statements = False
        elif indent == 4 and entry and _STATEMENTS.fullmatch(bare):
            in_statements = True
        elif indent == 4 and entry and (found := _ATTRIBUTE.fullmatch(bare)):
            if not _VALUE.fullmatch(found["value"]) or found["name"] in entry.attributes:
                raise ValueError(f"line {number}: {line}")
            entry.attributes[found["name"]] = found["value"]
        elif indent == 8 and entry and in_statements and _TAG.fullmatch(bare):
            entry.statements.append(bare)
        else:
            raise ValueError(f"line {number}: {line}")
    return uses, entries
