# SPDX-License-Identifier: Apache-2.0
"""Plays sound into the microphone of an emulated board that runs the `record` app, and checks it.

Every sample that the board sends must be the one that was played.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from mcu_ghost.build.apps.record import HOP
from mcu_ghost.build.build import Built
from mcu_ghost.emulate import unicorn
from mcu_ghost.proof import keywords, live, verify
from mcu_ghost.proof.enhancement import HopCost
from mcu_ghost.proof.link.messages import STATS
from mcu_ghost.proof.link.packets import Packet, encode
from mcu_ghost.proof.live import Live
from mcu_ghost.sound.audio import RATE, Samples

_SENDS = "ghost_hops_send"
_ASK = encode(Packet(STATS, 0))


def run(
    built: Built, sound: Samples, progress: Callable[[float], None] = lambda seconds: None
) -> tuple[Live, HopCost]:
    """Play sound to a `record` image, and return what it sent and what sending a hop cost.

    Args:
        built: The image.
        sound: int16 at 16 kHz; silence follows.
        progress: Called with the seconds of sound since the last call.

    Raises:
        GhostError: No emulator, a crash, or the board no longer answers, or sends nonsense.
    """
    board = built.board
    keywords.choose(board)
    with contextlib.closing(unicorn.start(board, built.elf, (_SENDS,))) as machine:
        heard = live.play(machine, sound, HOP, board.cpu.clock_hz, progress, _ASK)
        sent = machine.counts().functions[_SENDS]
        return heard, HopCost(sent.calls, sent.total / sent.calls, sent.max, "instructions")


def compare(sound: Samples, heard: Live, cases: int = 1) -> verify.Comparison:
    """Compare what a board sent with what was played, but for hops that it says it lost.

    Args:
        sound: What was played.
        heard: What came of it.
        cases: Parts that the sound has.

    Returns:
        The outcome; its frames are hops.
    """
    return live.hold(heard, live.hops_of(sound, heard, HOP), HOP * 1000 / RATE, cases)
