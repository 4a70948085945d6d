# SPDX-License-Identifier: Apache-2.0
"""A profile as https://www.speedscope.app reads it, also offline (`npx speedscope FILE`).

The file format is https://www.speedscope.app/file-format-schema.json, an evented profile in which a
position is a number of instructions: means over all frames, emulated.
"""

from __future__ import annotations

import json
from typing import Any

from mcu_ghost.host.version import __version__
from mcu_ghost.proof.profile.attribution import Node
from mcu_ghost.proof.profile.profile import Profile

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def text(profile: Profile) -> str:
    """Return the file's content, JSON."""
    names: dict[str, int] = {}
    events: list[dict[str, Any]] = []
    _walk(profile.flame, 0.0, names, events)
    title = f"{profile.model} on {profile.board}, instructions per frame (emulated)"
    content = {
        "$schema": _SCHEMA,
        "name": title,
        "exporter": f"mcu-ghost {__version__}",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in names]},
        "profiles": [
            {
                "type": "evented",
                "name": title,
                "unit": "none",
                "startValue": 0,
                "endValue": events[-1]["at"],
                "events": events,
            }
        ],
    }
    return json.dumps(content, allow_nan=False) + "\n"


def _walk(node: Node, at: float, names: dict[str, int], events: list[dict[str, Any]]) -> float:
    """Add a bar and those above it, from a position on; return where it ends.

    Rounding may let children reach a hair beyond their parent: it ends where the last one does.
    """
    frame = names.setdefault(node.name, len(names))
    events.append({"type": "O", "frame": frame, "at": at})
    inner = at
    for child in node.children.values():
        inner = _walk(child, inner, names, events)
    end = max(inner, at + node.instructions)
    events.append({"type": "C", "frame": frame, "at": end})
    return end
