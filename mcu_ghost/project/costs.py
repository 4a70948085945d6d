# SPDX-License-Identifier: Apache-2.0
"""Builds a project's firmware for a board, runs it on the board's emulator, notes what it cost."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.build import apps, build, lock, toolchain
from mcu_ghost.build.build import Built
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.text import count
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import read, write
from mcu_ghost.project import ghost_toml
from mcu_ghost.project.baseline import Accuracy, Costs
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.proof import prove
from mcu_ghost.proof.accuracy import Judgement, Selection, judge
from mcu_ghost.proof.verify import Comparison
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.data import folder, plan
from mcu_ghost.sound.keywords import task_of
from mcu_ghost.train import recipe

NO_WORD = plan.UNKNOWN  # the folder of recordings in which a model that listens must hear nothing
_CASES, _FRAMES = 3, 49  # as `mcu-ghost test` has them
_SHARE = 8  # recordings that one process plays at a time
_CLIPS = 2  # that the microphone hears: enough for the mean of a hop

Step = Callable[[str], None]


def model(project: Project) -> Model:
    """Return the project's network.

    Raises:
        GhostError: The file is missing or is no model.
    """
    return read.load(Path(project.model) if project.model else resources.default_model())


@dataclass(frozen=True)
class Miss:
    """A recording of which a board made something else than its folder says.

    Attributes:
        board: The board.
        file: The recording.
        word: What is said in it; "" for nothing.
        recognised: What the board made of it; "" for nothing.
    """

    board: str
    file: str
    word: str
    recognised: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        made, word = (f"'{text}'" if text else "nothing" for text in (self.recognised, self.word))
        return f"{self.board}: {self.file}: {made} recognised, {word} is said"


def recordings(project: Project, network: Model) -> dict[Path, str]:
    """Return the project's recordings and what is said in each; "" where nothing is to be spoken.

    Raises:
        GhostError: A folder is empty, the model does not know its word, or it learns from them.
    """
    if project.recordings is None or enhancement.task_of(network) is not None:
        return {}  # what is cleaned has no words
    if project.data is not None:
        raise GhostError(
            f"{ghost_toml.NAME}: accuracy is counted on recordings or on data; leave one out."
        )
    place = Path(project.recordings)
    if project.recipe is not None and Path(project.recipe).is_file():
        root = Path(project.recipe).parent
        learnt = [root / name for name in recipe.read(Path(project.recipe)).words.folders]
        if place.resolve() in [path.resolve() for path in learnt]:
            raise GhostError(
                f"{place}: {project.recipe} trains on these recordings, so they prove nothing."
                " Count on other ones."
            )
    names = [path.name for path in folder.subfolders(place)]
    task = task_of(network)
    listens = task is not None and task.detector is not None
    known = words(network)
    found: dict[Path, str] = {}
    for name in names:
        if name in known:
            label = name
        elif name == NO_WORD and listens:
            label = ""
        else:
            silent = f"; recordings without any go into {place / NO_WORD}" if listens else ""
            raise GhostError(
                f"{place / name}: {network.name} knows no '{name}', but {', '.join(known)}{silent}."
                f"{did_you_mean(name, known)}"
            )
        found |= dict.fromkeys(folder.recordings(place / name), label)
    return found


def words(network: Model) -> list[str]:
    """Return what a recording can be of: what a model that listens reports, else every label."""
    task = task_of(network)
    if task is not None and task.detector is not None:
        return [word.label for word in task.detector.words]
    return network.labels


def board(
    project: Project,
    target: Board,
    network: Model,
    out: Path,
    tell: Step = lambda step: None,
    own: Selection | None = None,
    judged: Callable[[Judgement], None] = lambda found: None,
    missed: Callable[[Miss], None] = lambda miss: None,
) -> Costs:
    """Build and run a project's firmware.

    Args:
        project: What to build.
        target: For which board.
        network: The project's model.
        out: Where build folders go, `<board>-<app>`.
        tell: Called with what is being done.
        own: The project's data, ready to run.
        judged: Called with what came of them.
        missed: Called with each recording of which the image made something else.

    Raises:
        GhostError: It does not fit, does not compile, crashes, or a tool is missing.
    """
    spoken = recordings(project, network)
    names = dict.fromkeys((apps.DEFAULT, project.app))
    folders = {app: out / f"{target.name}-{app}" for app in names}
    with contextlib.ExitStack() as held:
        for place in folders.values():
            held.enter_context(lock.hold(place))
        return _board(project, target, network, folders, spoken, tell, own, judged, missed)


def _board(
    project: Project,
    target: Board,
    network: Model,
    folders: dict[str, Path],
    spoken: dict[Path, str],
    tell: Step,
    own: Selection | None,
    judged: Callable[[Judgement], None],
    missed: Callable[[Miss], None],
) -> Costs:
    engine = emulate.choose(target) if target.emulators.order else None
    tell(f"building for {target.name}")
    built = {
        app: build.build(network, target, app, place, project.toolchain)
        for app, place in folders.items()
    }
    stream, image = built[apps.DEFAULT], built[project.app]
    different, per_frame, per_hop, accuracy, mean_error = None, None, None, None, None
    if engine is not None:
        tell(f"running frames on {engine}")
        proof = prove.image(stream, prove.Trial(engine, _CASES, _FRAMES))
        different, per_frame = proof.comparison.mismatches, round(proof.instructions_per_frame)
        if spoken:
            tell(f"playing {count(len(spoken), 'recording')} on {engine}")
            reports = _played(stream, engine, list(spoken), tell)
            different += sum(report.mismatches for report in reports)
            heard = [one for report in reports for one in report.recognised]
            wrong = [
                Miss(target.name, str(path), label, one.label)
                for one, (path, label) in zip(heard, spoken.items(), strict=True)
                if one.label != label
            ]
            for miss in wrong:
                missed(miss)
            accuracy = Accuracy(len(spoken) - len(wrong), len(spoken), identity(spoken))
        if own is not None:
            tell(f"running {count(len(own.chosen), 'sample')} of {own.samples.name} on {engine}")
            trial = prove.Trial(engine, 0, 1, sequences=tuple(own.sequences))
            comparison = prove.image(stream, trial).comparison
            different += comparison.mismatches
            found = judge(network, own, comparison.outputs)
            judged(found)
            mean_error = found.number("mean error")
            share = found.number("accuracy")
            if share is not None:
                answers = len(own.chosen) * (own.frames if network.head_per_frame else 1)
                accuracy = Accuracy(round(share * answers), answers, own.hash)
    if image.app != stream.app and prove.emulators(image):
        tell(f"running {image.app.name}")
        clips = tuple(resources.demo_clips()[:_CLIPS])
        proof = prove.image(image, prove.Trial(recordings=clips))
        different = (different or 0) + proof.comparison.mismatches
        per_hop = proof.instructions_per_hop
    return Costs(
        board=target.name,
        app=project.app,
        mcu_ghost=__version__,
        toolchain=toolchain.find(project.toolchain).version,
        kernels=image.kernels,
        model=write.model_hash(network).hex(),
        emulator=engine,
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        different_bytes=different,
        instructions_per_frame=per_frame,
        instructions_per_hop=per_hop,
        accuracy=accuracy,
        mean_error=mean_error,
    )


def _played(stream: Built, engine: str, files: list[Path], tell: Step) -> list[Comparison]:
    """Play recordings, each from a reset on, on as many emulators as there are processors."""
    shares = [tuple(files[i : i + _SHARE]) for i in range(0, len(files), _SHARE)]
    if len(shares) == 1:
        return [_compared(stream, engine, shares[0])]
    workers = min(len(shares), os.cpu_count() or 1)
    fresh = multiprocessing.get_context("spawn")
    dies = signal.SIGINT, signal.SIG_DFL  # at Ctrl-C, without a word
    found: list[Comparison] = []
    with futures.ProcessPoolExecutor(workers, fresh, signal.signal, dies) as pool:
        try:
            for report in pool.map(functools.partial(_compared, stream, engine), shares):
                found.append(report)
                done = sum(len(share) for share in shares[: len(found)])
                tell(f"playing recordings on {engine}: {done} of {len(files)}")
        except BrokenProcessPool:
            raise GhostError("An emulator was killed: is there enough memory?") from None
        finally:
            for child in multiprocessing.active_children():
                child.terminate()
    return found


def _compared(stream: Built, engine: str, files: tuple[Path, ...]) -> Comparison:
    return prove.image(stream, prove.Trial(engine, 0, 1, files)).comparison


def identity(spoken: dict[Path, str]) -> str:
    """Return a hash of recordings: of their labels, names and contents."""
    digest = hashlib.sha256()
    for path, label in spoken.items():
        digest.update(f"{label}\0{path.name}\0".encode("utf-8", "surrogateescape"))
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]
