# SPDX-License-Identifier: Apache-2.0
"""The network as a library for other people's build systems."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcu_ghost import resources
from mcu_ghost.export import checks, core, folder, library, names
from mcu_ghost.export.library import Library
from mcu_ghost.model import Model
from mcu_ghost.render import render

Kind = Literal["cmake", "zephyr", "arduino", "platformio", "tflm"]

# Files by path, with the template below `templates/export/` that makes them.
_CHECK = {"check.c": "check.c", "check.h": "check.h"}
_FILES: dict[Kind, dict[str, str]] = {
    "cmake": {
        "CMakeLists.txt": "cmake/CMakeLists.txt",
        "examples/check/main.c": "main.c",
    },
}
_LISTENING: dict[Kind, dict[str, str]] = {
    "cmake": {"examples/listen/main.c": "cmake/listen.c"},
}
_EXAMPLE: dict[Kind, str] = {"cmake": "examples/check"}


@dataclass(frozen=True)
class Export:
    """A folder that was written.

    Attributes:
        folder: Where.
        kind: What for.
        name: The library's.
        core: That was asked for.
        cores: What it runs on, in words.
        weights_bytes: Constants of the network.
        state_bytes: What lives from frame to frame.
        scratch_bytes: What lives during a call.
    """

    folder: Path
    kind: Kind
    name: str
    core: str
    cores: str
    weights_bytes: int
    state_bytes: int
    scratch_bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts."""
        return {**dataclasses.asdict(self), "folder": str(self.folder)}


def export(
    model: Model,
    kind: Kind,
    out: Path,
    core_name: str | None = None,
    board: str | None = None,
    name: str | None = None,
) -> Export:
    """Write a network as a library; an earlier one stays until the new one is complete.

    Args:
        model: The network.
        kind: The build system.
        out: The folder.
        core_name: "any" or a Cortex-M; or
        board: the name of a board, for its core.
        name: Of the library; the model's if left out.

    Raises:
        GhostError: A name cannot be used, the core is not clear, or the folder cannot be written.
    """
    target = core.target(core_name, board)
    model = dataclasses.replace(model, name=name or model.name)
    names.check(model.name)
    made = library.make(model, target)
    facts = {"mcu_ghost": made.version, "as": kind, "name": made.name, "core": target.core}
    folder.write(_texts(model, made, kind), facts, out)
    return Export(
        folder=out,
        kind=kind,
        name=made.name,
        core=target.core,
        cores=target.cores,
        weights_bytes=made.weights_bytes,
        state_bytes=made.state_bytes,
        scratch_bytes=made.scratch_bytes,
    )


def _texts(model: Model, made: Library, kind: Kind) -> dict[str, str]:
    """Return the files of an export by path."""
    wanted = {f"src/{made.name}.h": "library.h", "README.md": f"{kind}/README.md", **_FILES[kind]}
    wanted |= {f"{_EXAMPLE[kind]}/{file}": template for file, template in _CHECK.items()}
    if made.detector:
        wanted |= _LISTENING[kind]
    texts = {f"src/{path}": text for path, text in made.sources.items()}
    for path, template in wanted.items():
        texts[path.format(name=made.name)] = render(f"export/{template}.jinja", made)
    for file, text in checks.golden_sources(model).items():
        texts[f"{_EXAMPLE[kind]}/{file}"] = text
    texts["LICENSE"] = resources.licence().read_text(encoding="utf-8")
    return texts
