# SPDX-License-Identifier: Apache-2.0
"""One road from a model and a board to a proof: build, run on an emulator, compare.

What is compared depends on the app: every byte of every frame, what the image says of its own
golden cases, every word and a CRC over every output for sound that is played to it, or every sample
of sound that it makes clean, or sends as it is.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.build import apps, build, lock
from mcu_ghost.build import kernels as variants
from mcu_ghost.build.build import Built
from mcu_ghost.host import resources
from mcu_ghost.network.model import Model
from mcu_ghost.proof import enhancement, keywords, live, on_emulator, recording, selftest, verify
from mcu_ghost.proof.on_emulator import Proof as Proof
from mcu_ghost.sound import audio
from mcu_ghost.sound.enhancement import need_task
from mcu_ghost.sound.keywords import RATE, listening
from mcu_ghost.sound.lines import Line, Start

Progress = Callable[[str, float, float | None], None]
"""Called with what is being done, how much of it was done since the last call, and how much there
is; None if that is not known."""

OnLine = Callable[[Line, str], None]
"""Called with each line of an image that listens, and the name of the recording that plays."""


LISTENS = next(app.name for app in apps.APPS.values() if app.proof == "sound")
"""The app that sound is played to."""


@dataclass(frozen=True)
class Trial:
    """What an image is put through.

    Attributes:
        emulator: Which one; the board's first that is installed if None.
        cases: Random sequences.
        frames: Frames of each.
        recordings: WAV or FLAC files.
        sequences: The caller's own.
        seconds: Of silence behind them, for an image that listens.
        progress: Takes what is being done.
        on_line: Takes what is heard, as it is.
    """

    emulator: str | None = None
    cases: int = 3
    frames: int = 49
    recordings: tuple[Path, ...] = ()
    sequences: tuple[verify.Sequence, ...] = ()
    seconds: float = 0.0
    progress: Progress = lambda what, done, total: None
    on_line: OnLine = lambda line, recording: None


Make = Callable[[], Built]
"""Builds the image, once all else that may be refused was looked at."""


def prove(
    model: Model,
    board: Board,
    app: str = apps.DEFAULT,
    out: Path | str | None = None,
    *,
    toolchain: str | None = None,
    kernels: variants.Choice = "auto",
    emulator: str | None = None,
    cases: int = 3,
    frames: int = 49,
    recordings: Sequence[Path | str] = (),
    sequences: Sequence[verify.Sequence] = (),
    seconds: float = 0.0,
    progress: Progress = lambda what, done, total: None,
    on_line: OnLine = lambda line, recording: None,
) -> Proof:
    """Build the firmware of a model for a board, run it on an emulator, and compare.

    Args:
        model: The network.
        board: What it is for.
        app: The main program. It decides what is run: `stream` takes `cases`, `frames` and
            `recordings`, the apps that hear play `recordings` and `seconds`, `denoise` takes them
            all, frames of sound; `selftest` has its own cases.
        out: The build folder; None for a temporary one, which is gone afterwards, and the files
            of `Proof.built` with it.
        toolchain: "gcc", "zig", or None for the first that is installed.
        kernels: "auto" for the fastest on the board's core, "plain" for plain C.
        emulator: "unicorn", "qemu" or "renode"; None for the board's first that is installed.
        cases: Random sequences to compare.
        frames: Frames of each.
        recordings: WAV or FLAC files to recognise; for `kws`, the bundled clips if neither these
            nor `seconds` are given.
        sequences: The caller's own for `stream`, the last to run.
        seconds: Of silence to listen to after the recordings.
        progress: Called with what is being done, how much since the last call, and of how much.
        on_line: Called with each line of a `kws` image, and the name of the recording that plays.

    Returns:
        The proof; `Proof.comparison.mismatches` is 0 when all was equal.

    Raises:
        GhostError: It cannot be built, there is no emulator, a recording cannot be used, or the
            image crashed, hung, or answered nonsense.
    """
    files = tuple(map(Path, recordings))
    trial = Trial(emulator, cases, frames, files, tuple(sequences), seconds, progress, on_line)
    with _folder(out) as place, contextlib.ExitStack() as held:

        def make() -> Built:
            held.enter_context(lock.hold(place))  # until all is proven
            progress("building", 0, None)
            return build.build(model, board, app, place, toolchain, kernels=kernels)

        return _KINDS[apps.find(app).proof](model, board, trial, make)


def image(built: Built, trial: Trial) -> Proof:
    """Prove an image that was built already; errors as of `prove`."""
    return _KINDS[built.app.proof](built.model, built.board, trial, lambda: built)


def emulators(built: Built) -> tuple[str, ...]:
    """Return the emulators of an image's board on which it can be proven."""
    able = built.board.emulators.order
    hears = built.app.proof in ("sound", "live", "recording")
    return tuple(e for e in able if not hears or e == keywords.ENGINE)


def listen(
    model: Model,
    board: Board,
    recordings: Sequence[Path | str] = (),
    seconds: float = 0.0,
    out: Path | str | None = None,
    *,
    toolchain: str | None = None,
    kernels: variants.Choice = "auto",
    on_line: OnLine = lambda line, recording: None,
) -> keywords.Listened:
    """Play recordings into the microphone of an emulated board, and return what it heard.

    Args:
        model: A network that listens without end.
        board: One with a microphone.
        recordings: WAV or FLAC files; the bundled clips if neither these nor `seconds` are given.
        seconds: Of silence to listen to after the recordings.
        out: The build folder; None for a temporary one.
        toolchain: "gcc", "zig", or None for the first that is installed.
        kernels: "auto" for the fastest on the board's core, "plain" for plain C.
        on_line: Called with each line of the image, and the name of the recording that plays.

    Raises:
        GhostError: As of `prove`.
    """
    proof = prove(model, board, LISTENS, out, toolchain=toolchain, kernels=kernels,
                  recordings=recordings, seconds=seconds, on_line=on_line)  # fmt: skip
    assert proof.sound is not None  # of that kind it is
    return proof.sound


@contextlib.contextmanager
def cleaning(
    model: Model,
    board: Board,
    out: Path | str | None = None,
    *,
    toolchain: str | None = None,
    kernels: variants.Choice = "auto",
    emulator: str | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Iterator[enhancement.Device]:
    """Build the firmware that cleans speech, and have it run on an emulator to send sound to.

    Args:
        model: A network that cleans speech.
        board: What it is for.
        out: The build folder; None for a temporary one.
        toolchain: "gcc", "zig", or None for the first that is installed.
        kernels: "auto" for the fastest on the board's core, "plain" for plain C.
        emulator: "unicorn", "qemu" or "renode"; None for the board's first that is installed.
        progress: Called with what is being done.

    Raises:
        GhostError: As of `prove`.
    """
    engine = emulate.choose(board, emulator)
    with _folder(out) as place, lock.hold(place):
        progress("building", 0, None)
        app = enhancement.APP
        built = build.build(model, board, app, place, toolchain, kernels=kernels)
        with enhancement.emulated(built, engine) as device:
            yield device


@contextlib.contextmanager
def _folder(out: Path | str | None) -> Iterator[Path]:
    """Yield a folder to build in: the one that is given, or one that is removed afterwards."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-") as folder:
        yield Path(folder) / "build"


def _link(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Send frames and compare every byte that comes back."""
    engine = emulate.choose(board, trial.emulator)
    work = verify.sequences(model, trial.cases, trial.frames, trial.recordings)
    work += trial.sequences
    total = sum(len(sequence.frames) for sequence in work)
    built = make()
    return on_emulator.run(
        built, work, engine, lambda done: trial.progress("emulating frames", done, total)
    )


def _golden(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Let the image run its own cases."""
    engine = emulate.choose(board, trial.emulator)
    built = make()
    trial.progress("running golden cases", 0, None)
    return selftest.run(built, engine)


def _sound(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Play sound to the image's microphone."""
    keywords.choose(board, trial.emulator)
    clips = () if trial.recordings or trial.seconds else resources.demo_clips()
    task, _ = listening(model)
    parts = keywords.parts(task, (*trial.recordings, *clips), trial.seconds)
    total = round(sum(len(part.samples) for part in parts) / RATE, 1)
    built = make()
    found = keywords.run(
        built,
        parts,
        lambda line: trial.on_line(line, _beside(parts, line)),
        lambda passed: trial.progress("listening, seconds", passed, total),
    )
    stack = found.statuses[-1].stack
    return Proof(built, keywords.ENGINE, keywords.comparison(found), found.instructions_per_frame,
                 stack.used, stack.size, found)  # fmt: skip


def _beside(parts: list[keywords.Part], line: Line) -> str:
    """Return the recording that plays when a line is sent."""
    return "" if isinstance(line, Start) else keywords.part_at(parts, line.ms).name


def _hops(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Send sound and compare every sample that comes back."""
    engine = emulate.choose(board, trial.emulator)
    work = enhancement.sounds(model, trial.cases, trial.frames, trial.recordings, trial.seconds)
    hop = need_task(model).transform.hop
    total = sum(len(part.samples) // hop for part in work)
    built = make()
    with enhancement.emulated(built, engine) as device:
        report = enhancement.compare(
            device, model, work, lambda done: trial.progress("emulating hops", done, total)
        )
        cost, (used, size) = device.cost(), device.stack()
    return Proof(built, engine, report, cost.parts.get("network", cost.mean), used, size,
                 hop=cost)  # fmt: skip


def _live(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Play sound to the image's microphone and compare every sample that it sends."""
    keywords.choose(board, trial.emulator)
    clips = () if trial.recordings or trial.seconds else resources.demo_clips()[:1]
    played = enhancement.sounds(model, 0, 0, (*trial.recordings, *clips), trial.seconds)
    sound = live.sound_of(played)
    built = make()
    heard, cost = live.run(
        built, sound,
        lambda passed: trial.progress("cleaning, seconds", passed, round(len(sound) / RATE, 1)),
    )  # fmt: skip
    report, stack = live.compare(model, sound, heard, len(played)), heard.statuses[-1].stack
    return Proof(built, keywords.ENGINE, report, cost.parts["network"], stack.used, stack.size,
                 hop=cost, live=heard)  # fmt: skip


def _recording(model: Model, board: Board, trial: Trial, make: Make) -> Proof:
    """Play sound to the image's microphone and compare every sample that it sends."""
    keywords.choose(board, trial.emulator)
    clips = () if trial.recordings or trial.seconds else resources.demo_clips()[:1]
    played = [audio.read(path, RATE) for path in (*trial.recordings, *clips)]
    sound = np.concatenate([*played, np.zeros(round(trial.seconds * RATE), np.int16)])
    built = make()
    heard, cost = recording.run(
        built, sound,
        lambda passed: trial.progress("recording, seconds", passed, round(len(sound) / RATE, 1)),
    )  # fmt: skip
    report, stack = recording.compare(sound, heard, len(played)), heard.statuses[-1].stack
    return Proof(built, keywords.ENGINE, report, 0.0, stack.used, stack.size,
                 hop=cost, live=heard)  # fmt: skip


_KINDS: dict[apps.ProofKind, Callable[[Model, Board, Trial, Make], Proof]] = {
    "link": _link,
    "golden": _golden,
    "sound": _sound,
    "hops": _hops,
    "live": _live,
    "recording": _recording,
}
