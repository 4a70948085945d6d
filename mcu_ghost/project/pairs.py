# SPDX-License-Identifier: Apache-2.0
"""How much cleaner a project's model makes its recordings, of which each has a clean partner.

It is computed with the integer network, whose every sample a board makes as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.project import costs, ghost_toml
from mcu_ghost.project.baseline import Cleaned
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.sound import audio, enhancement, recording
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data import folder
from mcu_ghost.train import recipe as recipes
from mcu_ghost.train.enhancement import measure, recipe

_ROUNDING = 2  # samples by which the same length differs after it was resampled from another rate


@dataclass(frozen=True)
class Pair:
    """A recording, and what became of it.

    Attributes:
        noisy: The recording.
        clean: The same without its noise.
        before_db: SI-SDR of the recording as it is.
        after_db: SI-SDR of what the network makes of it.
    """

    noisy: Path
    clean: Path
    before_db: float
    after_db: float

    @property
    def gained_db(self) -> float:
        """How much better it is than before."""
        return self.after_db - self.before_db

    def as_json(self) -> dict[str, str | float]:
        """Return it as JSON can hold it."""
        return {
            "noisy": str(self.noisy),
            "clean": str(self.clean),
            "before_db": self.before_db,
            "after_db": self.after_db,
        }


def measured(
    project: Project, model: Model, tell: Callable[[str], None] = lambda step: None
) -> list[Pair]:
    """Clean the project's recordings and compare them with their partners.

    Args:
        project: Where they are.
        model: The project's.
        tell: Called with what is being done.

    Returns:
        In order of their names; none where the project names none, or has none yet.

    Raises:
        GhostError: The model does not clean speech, it was trained on them, a partner is missing or
            of another length, or one of them is silent or cannot be read.
    """
    cleans = enhancement.task_of(model) is not None
    if project.clean is None:
        if cleans and project.recordings is not None:
            raise GhostError(
                f"{ghost_toml.NAME}: `recordings` of a model that cleans speech need `clean`, a"
                " folder with each of them without its noise."
            )
        return []
    if not cleans:
        raise GhostError(
            f"{ghost_toml.NAME}: `clean` is for a model that cleans speech, and '{model.name}' does"
            " not."
        )
    if project.recordings is None:
        raise GhostError(
            f"{ghost_toml.NAME}: `clean` needs `recordings`, the folder of the same with noise."
        )
    noisy, clean = Path(project.recordings), Path(project.clean)
    if all(place.is_dir() and not folder.files(place) for place in (noisy, clean)):
        return []  # a new project's
    _refuse_learnt(project, clean)
    found = []
    partners = _partners(noisy, clean)
    for number, (one, other) in enumerate(partners):
        tell(f"cleaning recordings: {number} of {len(partners)}")
        found.append(_pair(model, one, other))
    return found


def summary(found: Sequence[Pair]) -> Cleaned | None:
    """Return what the baseline keeps of them."""
    if not found:
        return None
    mean = float(np.mean([pair.gained_db for pair in found]))
    files = {path: what for pair in found
             for path, what in ((pair.noisy, "noisy"), (pair.clean, "clean"))}  # fmt: skip
    return Cleaned(round(mean, 3), len(found), costs.identity(files))


def _refuse_learnt(project: Project, clean: Path) -> None:
    """Refuse recordings that the project's recipe trains on."""
    if project.recipe is None or not Path(project.recipe).is_file():
        return
    path = Path(project.recipe)
    if not recipes.for_enhancement(path):
        return  # it is of words
    speech = recipe.read(path).speech
    learnt = [(path.parent / name).resolve() for name in (*speech.folders, *speech.training)]
    if any(clean.resolve().is_relative_to(place) for place in learnt):
        raise GhostError(
            f"{clean}: {path} trains on these recordings, so they prove nothing. Take other ones."
        )


def _partners(noisy: Path, clean: Path) -> list[tuple[Path, Path]]:
    """Return the recordings of two folders by their names, which may have another suffix."""
    ones, others = (folder.recordings(place) for place in (noisy, clean))
    known: dict[str, Path] = {}
    for path in others:
        if path.stem in known:
            raise GhostError(f"{known[path.stem]} and {path.name} are partners of one recording.")
        known[path.stem] = path
    for path in ones:
        if path.stem not in known:
            raise GhostError(f"{path}: has no partner {path.stem}.wav or .flac in {clean}.")
    alone = known.keys() - {path.stem for path in ones}
    if alone:
        lost = known[min(alone)]
        raise GhostError(f"{lost}: has no partner {lost.stem}.wav or .flac in {noisy}.")
    return [(path, known[path.stem]) for path in ones]


def _pair(model: Model, noisy: Path, clean: Path) -> Pair:
    """Clean a recording and compare.

    Raises:
        GhostError: It cannot be compared.
    """
    x, wanted = recording.read(noisy), recording.read(clean)
    if abs(len(x) - len(wanted)) > _ROUNDING:
        lasts = [f"{path} lasts {len(samples) / audio.RATE:.3f} s" for path, samples in
                 ((noisy, x), (clean, wanted))]  # fmt: skip
        raise GhostError(f"{' but '.join(lasts)}: a pair must be of the same moments.")
    both = min(len(x), len(wanted))
    x, wanted = x[:both], wanted[:both]
    for path, samples in ((noisy, x), (clean, wanted)):
        if _silent(samples):
            raise GhostError(f"{path}: is silent, so there is nothing to compare.")
    if np.array_equal(x, wanted):
        raise GhostError(f"{noisy}: is the same as {clean}, so there is nothing to clean.")
    made = enhancement.clean(model, x)
    if _silent(made):
        raise GhostError(f"{noisy}: '{model.name}' makes silence of it.")
    return Pair(noisy, clean, measure.si_sdr(x, wanted), measure.si_sdr(made, wanted))


def _silent(samples: Samples) -> bool:
    return int(np.abs(samples.astype(np.int32)).max(initial=0)) <= audio.SILENT
