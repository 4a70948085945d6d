# SPDX-License-Identifier: Apache-2.0
"""The firmware's main programs, a file each: what each needs besides the network.

A further one is a file here, its C in `firmware/apps/`, and a line in `APPS`; a new kind of proof
is a function in `mcu_ghost.proof` and a line in `mcu_ghost.proof.prove`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcu_ghost.boards import Board
from mcu_ghost.build.apps import denoise, denoise_live, kws, kws_clips, record, selftest, stream
from mcu_ghost.build.apps.app import App as App
from mcu_ghost.build.apps.app import ProofKind as ProofKind
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.network.model import Model

_ALL = (kws.APP, kws_clips.APP, denoise_live.APP, denoise.APP, stream.APP, selftest.APP, record.APP)
APPS: dict[str, App] = {app.name: app for app in _ALL}
"""By name; those that ask most of a board and a model come first."""

DEFAULT = stream.APP.name
"""What is built where nothing is said: any model on any board."""


def find(name: str) -> App:
    """Return the app of that name.

    Raises:
        GhostError: There is none.
    """
    if name not in APPS:
        raise GhostError(
            f"There is no app '{name}': take {', '.join(APPS)}.{did_you_mean(name, APPS)}"
        )
    return APPS[name]


def fitting(model: Model, boards: Iterable[Board]) -> App:
    """Return the first of `APPS` that can run a model on all of the boards."""
    targets = tuple(boards)
    return next(app for app in APPS.values() if all(_runs(app, model, b) for b in targets))


def answering(model: Model, board: Board) -> App:
    """Return the first of `APPS` that answers a host, and can run a model on a board."""
    return next(
        app for app in APPS.values() if app.proof in ("hops", "link") and _runs(app, model, board)
    )


def _runs(app: App, model: Model, board: Board) -> bool:
    try:
        app.validate(model, board)
    except GhostError:
        return False
    return True
