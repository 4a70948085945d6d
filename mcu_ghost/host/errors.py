# SPDX-License-Identifier: Apache-2.0
"""The one exception that is meant for the user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GhostError(Exception):
    """A message for the user: what is wrong, where, and what to do next.

    The command line prints it and exits 1; any other exception is a bug and keeps its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""
