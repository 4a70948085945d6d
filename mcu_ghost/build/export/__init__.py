# SPDX-License-Identifier: Apache-2.0
"""The network as a library for other people's build systems."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcu_ghost.boards import Board
from mcu_ghost.build.export import checks, core, folder, library, names, tflm
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model

Kind = Literal["cmake", "zephyr", "arduino", "platformio", "tflm"]

# Files by path, with the template below `templates/export/` that makes them.
_FILES: dict[str, dict[str, str]] = {
    "cmake": {"CMakeLists.txt": "cmake/CMakeLists.txt", "examples/check/main.c": "main.c"},
    "zephyr": {
        "zephyr/module.yml": "zephyr/module.yml",
        "zephyr/CMakeLists.txt": "zephyr/CMakeLists.txt",
        "zephyr/Kconfig": "zephyr/Kconfig",
        "samples/check/CMakeLists.txt": "zephyr/sample.CMakeLists.txt",
        "samples/check/prj.conf": "zephyr/prj.conf",
        "samples/check/sample.yaml": "zephyr/sample.yaml",
        "samples/check/src/main.c": "main.c",
    },
    "arduino": {
        "library.properties": "arduino/library.properties",
        "keywords.txt": "arduino/keywords.txt",
        "examples/check/check.ino": "arduino/check.ino",
    },
    "platformio": {
        "library.json": "platformio/library.json",
        "examples/check/platformio.ini": "platformio/platformio.ini",
        "examples/check/src/main.cpp": "arduino/check.ino",
    },
}
# Likewise, of a network that listens.
_LISTENING: dict[str, dict[str, str]] = {
    "cmake": {"examples/listen/main.c": "cmake/listen.c"},
    "arduino": {"examples/listen/listen.ino": "arduino/listen.ino"},
}
# Likewise, of a network that cleans speech.
_CLEANING: dict[str, dict[str, str]] = {
    "cmake": {
        "examples/clean/clean.h": "clean.h",
        "examples/clean/clean.c": "clean.c",
        "examples/clean/main.c": "cmake/clean.c",
    },
    "arduino": {"examples/clean/clean.ino": "arduino/clean.ino"},
}
# Likewise, of a network of numbers: the loop around it.
_LOOPS: dict[str, dict[str, str]] = {
    "cmake": {"examples/loop/main.c": "cmake/loop.c"},
    "arduino": {"examples/loop/loop.ino": "arduino/loop.ino"},
}
# Likewise, of a library for a Cortex-M: its compiler.
_CROSS: dict[str, dict[str, str]] = {
    "cmake": {"arm-none-eabi.cmake": "cmake/arm-none-eabi.cmake"},
}
# Where the example's own C goes.
_CHECK: dict[str, str] = {
    "cmake": "examples/check",
    "zephyr": "samples/check/src",
    "arduino": "examples/check",
    "platformio": "examples/check/src",
}


@dataclass(frozen=True)
class Export:
    """A folder that was written.

    Attributes:
        folder: Where.
        kind: What for.
        name: The library's.
        core: That was asked for.
        cores: What it runs on, in words.
        model: The network.
    """

    folder: Path
    kind: Kind
    name: str
    core: str
    cores: str
    model: Model

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        del data["model"]
        return {**data, "folder": str(self.folder), **self.model.as_json()}


def export(
    model: Model,
    kind: Kind,
    out: Path | str,
    core_name: str | None = None,
    board: Board | None = None,
    name: str | None = None,
) -> Export:
    """Write a network as a library; an earlier one stays until the new one is complete.

    Args:
        model: The network.
        kind: The build system.
        out: The folder.
        core_name: "any" or a Cortex-M; or
        board: a board, for its core.
        name: Of the library; the model's if left out.

    Raises:
        GhostError: A name cannot be used, the core is not clear, or the folder cannot be written.
    """
    target = core.target(*_core(kind, core_name, board))
    model = dataclasses.replace(model, name=name or model.name)
    names.validate(model.name)
    texts = tflm.texts(model) if kind == "tflm" else _texts(model, target, kind)
    texts["LICENSE"] = resources.licence()
    facts = {"mcu_ghost": __version__, "as": kind, "name": model.name, "core": target.core}
    folder.write(texts, facts, Path(out))
    return Export(Path(out), kind, model.name, target.core, target.cores, model)


def _core(kind: Kind, name: str | None, board: Board | None) -> tuple[str | None, Board | None]:
    """Return what the core is chosen by: for TFLM there is nothing to choose."""
    if kind != "tflm":
        return name, board
    if board is not None or name not in (None, core.ANY):
        raise GhostError(
            "TensorFlow Lite Micro gives its operators the weights as the .tflite has them, so"
            " that they run plain C, on any core: leave out --core and --board."
        )
    return core.ANY, None


def _texts(model: Model, target: core.Target, kind: Kind) -> dict[str, str]:
    """Return the files of a library by path."""
    made = library.make(model, target)
    check = _CHECK[kind]
    wanted = {
        f"src/{made.name}.h": "library.h",
        "README.md": f"{kind}/README.md",
        f"{check}/check.c": "check.c",
        f"{check}/check.h": "check.h",
        **_FILES[kind],
        **(_LISTENING.get(kind, {}) if made.detector else {}),
        **(_CLEANING.get(kind, {}) if made.cleaner else {}),
        **(_LOOPS.get(kind, {}) if made.sensor else {}),
        **(_CROSS.get(kind, {}) if target.flags else {}),
    }
    texts = {f"src/{path}": text for path, text in made.sources.items()}
    for path, template in wanted.items():
        texts[path] = render(f"export/{template}.jinja", made)
    for file, text in checks.golden_sources(model).items():
        texts[f"{check}/{file}"] = text
    return texts
