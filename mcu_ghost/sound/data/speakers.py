# SPDX-License-Identifier: Apache-2.0
"""Who speaks, by the name of a recording."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mcu_ghost.host.errors import GhostError

_WHO = "{speaker}"


@dataclass(frozen=True)
class SpeakerPattern:
    """Where a name says who speaks: `*_{speaker}_*` of `yes_anna_07.wav` is `anna`.

    `*` is any text. A pattern with a `/` is of the folder's name too.

    Attributes:
        text: The pattern.

    Raises:
        ValueError: It does not hold `{speaker}` once.
    """

    text: str

    def __post_init__(self) -> None:
        if self.text.count(_WHO) != 1:
            raise ValueError(f"speaker must hold {_WHO} once, such as '*_{_WHO}_*'.")

    @cached_property
    def _form(self) -> re.Pattern[str]:
        parts = re.split(r"(\*|\{speaker\})", self.text)
        kinds = {"*": "[^/]*?", _WHO: "([^/]+?)"}
        return re.compile("".join(kinds.get(part) or re.escape(part) for part in parts))

    def of(self, path: Path) -> str:
        """Return who speaks in a recording.

        Raises:
            GhostError: It is not called so.
        """
        parts = path.with_suffix("").parts[-1 - self.text.count("/") :]
        found = self._form.fullmatch("/".join(parts))
        if found is None:
            raise GhostError(
                f"{path}: is not called '{self.text}'. In words.speaker, or --speaker, {_WHO} is"
                " who speaks and * is any text, and all recordings must be called so: rename this"
                " one, or list paths, labels and speakers in a CSV file."
            )
        return found[1]
