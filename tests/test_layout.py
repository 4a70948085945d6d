# SPDX-License-Identifier: Apache-2.0
"""The house: which room may use which, counted from the imports."""

from __future__ import annotations

import functools
import graphlib
from pathlib import Path

import pytest

from mcu_ghost.network import ops
from tests.conftest import ROOT
from tests.sources import source

PACKAGE = ROOT / "mcu_ghost"
LOOSE = {"__init__", "__main__"}
# From the ground up: a room uses only rooms of floors below its own.
FLOORS = [
    {"host"},
    {"network", "boards"},
    {"sound", "emulate", "layers"},
    {"build", "convert"},
    {"proof"},
    {"train"},
    {"project"},
    {"cli"},
    {"__init__", "__main__"},
]
TENSORFLOW = {"tensorflow", "tensorflow_model_optimization", "tf_keras", "keras"}
WITH_TENSORFLOW = {"layers", "convert", "train"}


def modules() -> dict[str, Path]:
    """Return every module's file by its dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@functools.cache
def graph() -> dict[str, frozenset[str]]:
    """Return the modules of this package that each module imports."""
    known = modules()

    def module(name: str) -> str:
        return name if name in known else name.rpartition(".")[0]

    return {
        name: frozenset(
            module(used) for used in source(file).imports if used.startswith("mcu_ghost.")
        ) - {name}
        for name, file in known.items()
    }  # fmt: skip


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def test_every_room_has_a_floor() -> None:
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name[0] not in "_."}
    assert len(folders) <= 13
    assert folders - {"models"} | LOOSE == set().union(*FLOORS)
    assert {p.name for p in PACKAGE.iterdir() if p.is_file()} == {
        "__init__.py", "__main__.py", "py.typed"}  # fmt: skip
    assert len(FLOORS) <= 9


def test_imports_run_one_way() -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    wrong = [
        f"{name} imports {used}"
        for name, uses in graph().items()
        for used in uses
        if room(used) != room(name) and floor[room(used)] >= floor[room(name)]
    ]
    assert not wrong


def test_no_circles() -> None:
    """Neither between modules, nor between the folders of a room."""
    graphlib.TopologicalSorter(graph()).prepare()
    rooms: dict[str, set[str]] = {}
    for name, uses in graph().items():
        rooms.setdefault(room(name), set()).update({room(used) for used in uses} - {room(name)})
    graphlib.TopologicalSorter(rooms).prepare()


@pytest.mark.parametrize("file", modules().values(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_tensorflow_stays_upstairs(file: Path) -> None:
    used = {name.split(".")[0] for name in source(file).imports} & TENSORFLOW
    inside = file.relative_to(PACKAGE).parts[0]
    assert not used or inside in WITH_TENSORFLOW, f"imports {used}"


def test_no_file_is_long() -> None:
    folders = [
        PACKAGE,
        ROOT / "firmware",
        ROOT / "tests",
        ROOT / "benchmarks",
        ROOT / "experiments",
        ROOT / "docs",
    ]
    lengths = {
        file.relative_to(ROOT).as_posix(): file.read_bytes().count(b"\n")
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".py", ".c", ".h", ".S", ".cc", ".jinja")
    }
    assert {name: n for name, n in lengths.items() if n > 400} == {}


def test_kinds_of_layers_are_told_apart_by_their_own_files() -> None:
    """Nothing asks an operator what kind it is: it is asked what it needs."""
    planned = {"Reshape"}  # planned away
    kinds = {kind.__name__ for kind in ops.KINDS.values()} - planned | {"Gated"}
    asked = []
    for name, file in modules().items():
        if room(name) in ("convert", "layers"):
            continue  # Keras' layers are asked there
        asked += [f"{name}:{line}" for line, names in source(file).asked if names & kinds]
    assert not asked
