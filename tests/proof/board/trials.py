# SPDX-License-Identifier: Apache-2.0
"""Counts how verification over a bad cable ends: `python -m tests.proof.board.trials 1000`.

Each trial is a session of 49 frames with the `stream` app behind a pseudo-terminal, and its seed's
luck. It may end correct, or in words; a difference or a hang is a bug.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import tempfile
from collections import Counter
from pathlib import Path

from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read
from mcu_ghost.proof import on_board, verify
from tests.proof.board.board import BOARD, KINDS, BadCable, PtyBoard, compile_app

_HANG = 120  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--rate", type=float, default=0.01, help="part of the bytes spoilt")
    parser.add_argument("--kinds", nargs="+", default=["corrupt"], choices=KINDS)
    parser.add_argument("--bundled", action="store_true", help="the bundled model, not 24 units")
    asked = parser.parse_args()
    model = random_model(3, units=24, ratio=2, inputs=10, classes=4)
    if asked.bundled:
        model = read.load(resources.default_model())
    work = verify.sequences(model, 1, 49, [])

    def hang(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, hang)
    ends: Counter[str] = Counter()
    repeats = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(
            PtyBoard(compile_app(model, Path(folder) / "app"), Path(folder) / "tty")
        ) as board,
    ):
        for seed in range(asked.first, asked.first + asked.count):
            signal.alarm(_HANG)
            try:
                with contextlib.closing(SerialPort(str(board.device), BOARD)) as port:
                    cable = BadCable(port, seed, asked.rate, tuple(asked.kinds))
                    result = on_board.run(cable, BOARD, model, work, delay=0.005)  # type: ignore[arg-type]
                ends["different" if result.comparison.mismatches else "correct"] += 1
                repeats += result.repeats
            except TimeoutError:
                ends["hang"] += 1
            except GhostError as error:
                ends["in words"] += 1
                print(f"seed {seed}: {error}", flush=True)
            signal.alarm(0)
    print(dict(ends), f"{repeats / max(1, ends['correct']):.1f} requests sent again in each")


if __name__ == "__main__":
    main()
