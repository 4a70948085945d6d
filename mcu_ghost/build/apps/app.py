# SPDX-License-Identifier: Apache-2.0
"""What an app is: a main program of the firmware, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcu_ghost.boards import Board
from mcu_ghost.build.memory import Part
from mcu_ghost.network.model import Model

ProofKind = Literal["link", "golden", "sound", "hops", "live", "recording"]
"""How an image is proven: frames over the link, its own golden cases, sound into its microphone for
words, hops of sound over the link, or sound into its microphone for clean sound or the same."""


@dataclass(frozen=True)
class Generated:
    """What an app has made for a model and a board.

    Attributes:
        texts: Files by name, for the top of the build folder; the C files among them are compiled.
        constants: What they hold besides the network, as parts of the flash.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    constants: tuple[Part, ...] = ()


# By names, not lambdas, so that a built image can go to another process.


def _suits(model: Model, board: Board) -> None:
    """Every model on every board."""


def _nothing_generated(model: Model, board: Board) -> Generated:
    return Generated()


def _nothing_cold(board: Board) -> tuple[str, ...]:
    return ()


def _nothing_for_renode(model: Model, board: Board, folder: Path) -> None:
    """It needs no more than the image."""


@dataclass(frozen=True)
class App:
    """A main program, `firmware/apps/<name>.c`, and what it needs besides the network.

    Attributes:
        name: What `--app` and `ghost.toml` take.
        summary: What it does, in a few words.
        proof: How its image is proven; `mcu_ghost.proof.prove` knows how each of them goes.
        validate: Raises GhostError where it cannot run a model on a board.
        generate: Makes C for a model and a board that were checked.
        hot: Files of `firmware/` that run for every frame, built for speed.
        cold: Its other files of `firmware/` on a board, built for size.
        network: Whether the model is in its image.
        microphone: Whether `board.h` describes the board's microphone and light.
        watched: Whether a board's watchdog watches it; one that ends needs none.
        busy: Whether it never sleeps for long, so that the watchdog counts then too.
        definitions: Macros that everything is compiled with, NAME=VALUE.
        user: The header that tells of the user's own C files, those of `user/` in the build folder,
            which are part of it then; "" where there are none.
        variables: Static variables that the memory table tells apart, by the name of a part.
        renode: Writes what Renode needs of a model for a board that it knows into a folder.
    """

    name: str
    summary: str
    proof: ProofKind
    validate: Callable[[Model, Board], None] = _suits
    generate: Callable[[Model, Board], Generated] = _nothing_generated
    hot: tuple[str, ...] = ()
    cold: Callable[[Board], tuple[str, ...]] = _nothing_cold
    network: bool = True
    microphone: bool = False
    watched: bool = True
    busy: bool = False
    definitions: tuple[str, ...] = ()
    user: str = ""
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renode: Callable[[Model, Board, Path], None] = _nothing_for_renode
