# SPDX-License-Identifier: Apache-2.0
"""Random graphs as images, on emulators of every kind of core: many in one image, side by side.

python -m tests.firmware.test_graphs_on_boards 100
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.about import Plan
from mcu_ghost.network.model import Model
from mcu_ghost.proof import on_emulator, verify
from tests import graphs
from tests.firmware.kernels.networks import guarded
from tests.grower import Wish

GRAPHS = 6  # of each image
FRAMES = 6
BOARDS = {
    "microbit": ("unicorn", "lanes"),
    "mps2-an385": ("unicorn", "lanes"),
    "nrf52840": ("unicorn", "dsp"),
    "nrf5340dk": ("unicorn", "dsp"),
    "mps3-an547": ("qemu", "mve"),
}


def network(first: int, count: int, plan: Plan) -> Model:
    """Return the next graphs that have this plan, side by side."""
    wish = Wish(breaks=0.2 if plan == "window" else 0.0, frames=FRAMES, moves=5)
    found: list[graphs.Graph] = []
    seed = first
    while len(found) < count:
        graph = graphs.graph(seed, wish)
        seed += 1
        if plan == "window" or every_frame(Model("g", graph)):
            found.append(graph)
    return graphs.parsed(graphs.together(found), {"version": 1, "plan": plan, "name": "many"})


def every_frame(model: Model) -> bool:
    """Return whether a network is a stream that answers every frame."""
    planned = Model("g", model.graph, {"version": 1, "plan": "stream"})
    try:
        return planned.schedule.answers.period == 1
    except GhostError:
        return False


def check(model: Model, board: str, folder: Path, sequences: int = 2) -> None:
    """Build for a board, run on an emulator and compare outputs and states with the reference."""
    engine, kernels = BOARDS[board]
    with guarded():
        built = build.build(model, boards.load(board), "stream", folder)
    assert built.kernels == kernels
    report = on_emulator.run(built, verify.sequences(model, sequences, FRAMES, []), engine)
    found = report.comparison
    assert (found.mismatches, found.frames, found.first) == (0, sequences * FRAMES, "")


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "plan"),
    list(zip(BOARDS, ["window", "stream", "window", "stream", "window"], strict=True)),
)
def test_same_bytes(board: str, plan: Plan, tmp_path: Path) -> None:
    check(network(0, GRAPHS, plan), board, tmp_path)


if __name__ == "__main__":
    for start in range(0, int(sys.argv[1]) // 2, GRAPHS):
        wanted: Plan
        for wanted in ("stream", "window"):
            for name in BOARDS:
                with tempfile.TemporaryDirectory() as where:
                    check(network(1000 * (start + 1), GRAPHS, wanted), name, Path(where))
            print(f"{wanted} {start}: right on {', '.join(BOARDS)}", flush=True)
