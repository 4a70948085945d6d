# SPDX-License-Identifier: Apache-2.0
"""The `selftest` app: golden cases in flash, which it runs by itself and judges in text."""

from __future__ import annotations

from pathlib import Path

from mcu_ghost.boards import Board, renode
from mcu_ghost.build import golden_c
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.build.memory import Part
from mcu_ghost.host.templates import render
from mcu_ghost.network import golden
from mcu_ghost.network.model import Model

_FILES = ("golden.h", "golden.c")


def _generate(model: Model, board: Board) -> Generated:
    cases = golden.make(model)
    context = golden_c.context(cases)
    texts = {name: render(f"model/{name}.jinja", context) for name in _FILES}
    size = cases.inputs.nbytes + cases.outputs.nbytes + 2 * len(cases.inputs)
    return Generated(texts, (Part("golden cases", size),))


def _renode(model: Model, board: Board, folder: Path) -> None:
    renode.write(board, renode.IMAGE, folder)


APP = App(
    "selftest",
    "golden cases in flash, judged by the board",
    proof="golden",
    generate=_generate,
    renode=_renode,
    watched=False,
)
