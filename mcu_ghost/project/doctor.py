# SPDX-License-Identifier: Apache-2.0
"""What is installed here, which verbs work with it, and what would make the others work."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.tools import TOOLS

Needs = tuple[tuple[str, ...], ...]
"""Tools, all of which are needed; of each group one, the easiest to install first."""

_BUILD: Needs = (("zig", "arm-none-eabi-gcc"), ("cmake",), ("ninja",))
_EMULATE: Needs = (*_BUILD, ("unicorn", "qemu", "renode"))
_CONVERT: Needs = (("h5py",), ("onnx",))
_TRAIN: Needs = (("tensorflow",), ("tf-keras",), ("tensorflow-model-optimization",))
_PORT: Needs = (("pyserial",),)
_MICROPHONE: Needs = (("sounddevice",), ("portaudio",))

VERBS: dict[str, Needs] = {
    "build": _BUILD,
    "test": _EMULATE,
    "listen": (*_BUILD, ("unicorn",)),
    "new": _EMULATE,
    "check": _EMULATE,
    "bench": _EMULATE,
    "profile": (*_BUILD, ("unicorn", "qemu"), ("capstone",)),
    "flash": (tuple(METHODS),),
    "monitor": _PORT,
    "verify": _PORT,
    "data synth": (("espeak-ng",),),
    "data record": _MICROPHONE,
    "train": (*_TRAIN, ("matplotlib",)),
    "convert": _CONVERT,
    "inspect": _CONVERT,
}
"""Verbs that need something, and what. What is not here works wherever mcu-ghost is installed."""

BASIC = ("build", "test")
"""The road that must work."""

_ENGINES = ("unicorn", "qemu", "renode")
_EXTRAS = {  # which a verb can do without
    "data synth": ("flite",),
    "listen": ("capstone", *(name for (name,) in _MICROPHONE)),  # which --live wants
    "train": ("pesq", "pystoi"),
    "convert": tuple(name for (name,) in _TRAIN),  # but for .ghost files and SavedModels
}
_PATIENCE = 5.0  # seconds for a program to say its version


@dataclass(frozen=True)
class Found:
    """A tool, here.

    Attributes:
        name: What it is called.
        title: What it is.
        verbs: What uses it.
        there: Whether it can be used; what needs no program always can.
        path: Where it is, if it is a program or a package.
        version: What it calls itself; "" where it is not installed or does not say.
        install: The line that installs it; "" where it is there.
    """

    name: str
    title: str
    verbs: tuple[str, ...]
    there: bool
    path: Path | None
    version: str
    install: str


@dataclass(frozen=True)
class Verdict:
    """Whether a verb works here.

    Attributes:
        verb: The verb.
        works: Whether nothing that it needs is missing, for one board at least.
        install: What to run to make it work, or work for the other boards.
        boards: The boards that it works for here; empty where it is not about boards.
        others: The boards that it could work for, and does not here.
    """

    verb: str
    works: bool
    install: tuple[str, ...]
    boards: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at.

    Attributes:
        tools: Every tool that one of the verbs can use.
        verdicts: One for each verb.
        works: Whether what was asked for works.
    """

    tools: tuple[Found, ...]
    verdicts: tuple[Verdict, ...]
    works: bool


def diagnose(asked: Sequence[str] = (), board: Board | None = None) -> Diagnosis:
    """Look for tools and judge verbs by them.

    Args:
        asked: Verbs to judge; all of them, of which only the basic ones must work, if empty.
        board: For which board; any one if None.

    Raises:
        GhostError: There is no such verb.
    """
    for verb in asked:
        if verb not in VERBS:
            raise GhostError(
                f"'{verb}' is no verb that needs anything.{did_you_mean(verb, VERBS)} There are"
                f" {', '.join(VERBS)}."
            )
    needs = {verb: _for_board(verb, board) for verb in asked or VERBS}
    used: dict[str, list[str]] = {}
    for verb, groups in needs.items():
        for name in [name for group in groups for name in group] + list(_EXTRAS.get(verb, ())):
            used.setdefault(name, []).append(verb)
    tools = {name: look(name, tuple(verbs)) for name, verbs in used.items()}
    every = boards.every() if board is None and any(map(_of_boards, needs.values())) else []
    verdicts = tuple(
        _judge_all(verb, every, tools)
        if board is None and _of_boards(groups)
        else _judge(verb, groups, tools)
        for verb, groups in needs.items()
    )
    must = asked or BASIC
    works = all(verdict.works for verdict in verdicts if verdict.verb in must)
    return Diagnosis(tuple(tools.values()), verdicts, works)


def look(name: str, verbs: tuple[str, ...]) -> Found:
    """Look for a tool of `TOOLS` or a program of `METHODS`."""
    if name in METHODS:
        method = METHODS[name]
        path = method.find()
        there = path is not None or not method.programs
        return Found(name, method.title, verbs, there, path, "",
                     "" if there else method.how_to_install)  # fmt: skip
    tool = TOOLS[name]
    path = tool.find()
    if path is None:
        return Found(name, tool.title, verbs, False, None, "", tool.install)
    package = tool.inside.partition("/")[0] or (name if tool.module else "")
    return Found(name, tool.title, verbs, True, path, _version(package, path, tool.version), "")


def _for_board(verb: str, board: Board | None) -> Needs:
    """Keep of emulators and flashing methods those that a board has, the one it prefers first."""
    needs = VERBS[verb]
    if board is None:
        return needs
    if verb == "listen" and board.microphone is None:
        return ((),)
    if verb in ("new", "check") and not board.emulators.order:
        return _BUILD  # they do without
    order: tuple[str, ...] = (*board.emulators.order, *board.flashing.methods)
    return tuple(
        tuple(name for name in order if name in group) if _of_boards((group,)) else group
        for group in needs
    )


def _of_boards(needs: Needs) -> bool:
    """Whether some of what is needed, an emulator or a flashing method, is a board's own."""
    return any(set(group) & {*_ENGINES, *METHODS} for group in needs)


def _judge(verb: str, groups: Needs, tools: dict[str, Found]) -> Verdict:
    lacking = [group for group in groups if not any(tools[name].there for name in group)]
    lines = [tools[g[0]].install if g else "nothing can, with this board" for g in lacking]
    return Verdict(verb, not lacking, tuple(dict.fromkeys(lines)))


def _judge_all(verb: str, every: Sequence[Board], tools: dict[str, Found]) -> Verdict:
    """Judge a verb by every board that it can be for."""
    found = {}
    for board in every:
        groups = _for_board(verb, board)
        if all(groups):
            found[board.name] = _judge(verb, groups, tools)
    good = tuple(name for name, verdict in found.items() if verdict.works)
    bad = tuple(name for name in found if name not in good)
    if not good:
        return Verdict(verb, False, _judge(verb, VERBS[verb], tools).install, good, bad)
    lines = dict.fromkeys(line for name in bad for line in found[name].install)
    return Verdict(verb, True, tuple(lines), good, bad)


def _version(package: str, path: Path, argument: str) -> str:
    """Return a version: of the package that it came with, or what the program says."""
    try:
        if package:
            return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pass
    if not argument or path.suffix == ".py":
        return ""
    try:
        said = processes.run([path, argument], _PATIENCE)
    except GhostError:
        return ""
    number = re.search(r"\d+(\.\d+)+[\w.-]*", said.text + said.err)
    return number[0] if number else ""
