# SPDX-License-Identifier: Apache-2.0
"""Scores a model beside what others make of the same test sounds.

    python -m experiments.denoise.compare --root FOLDER --model FILE --python PYTHON --out FILE.json

`PYTHON` is one that has what `peers.py` needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from experiments.denoise import RECIPE, TEST_SEED
from mcu_ghost.host import console, files
from mcu_ghost.network.tflite import read
from mcu_ghost.sound import enhancement
from mcu_ghost.train.enhancement import measure, sounds
from mcu_ghost.train.enhancement import recipe as recipes
from mcu_ghost.train.enhancement.measure import BABBLE, Mixture, Score

PEERS = Path(__file__).with_name("peers.py")


def by_others(noisy: Any, python: str) -> dict[str, Any]:
    """Return what others make of (sounds, samples) int16, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = (Path(folder) / name for name in ("noisy.npz", "made.npz"))
        np.savez(given, noisy=noisy)
        subprocess.run([python, str(PEERS), str(given), str(made)], check=True)
        with np.load(made) as found:
            return {name: found[name] for name in found.files}


def table(mixes: list[Mixture], scores: list[Score], noisy: list[Score]) -> dict[str, Any]:
    """Return what is gained by kind of noise, over all and over all but babble."""
    kinds = sorted({m.kind for m in mixes})
    rows = {kind: [i for i, m in enumerate(mixes) if m.kind == kind] for kind in kinds}
    rows["all but babble"] = [i for i, m in enumerate(mixes) if m.kind != BABBLE]
    rows["everything"] = list(range(len(mixes)))
    return {
        name: asdict(measure.mean(scores[i] for i in at).over(measure.mean(noisy[i] for i in at)))
        for name, at in rows.items()
    }


def main() -> None:
    """Make, score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    recipe = recipes.read(RECIPE)
    material = sounds.load(recipe, options.root).material["test"]
    kinds, training = measure.kinds(material), recipe.training
    mixes = measure.test_set(material, kinds, training.test, training.seconds, TEST_SEED)
    noisy = np.stack([m.noisy for m in mixes])
    made = {"noisy": noisy, "clean_speech": enhancement.clean_all(read.load(options.model), noisy)}
    made |= by_others(noisy, options.python)
    pairs = [(y, m.clean) for several in made.values() for y, m in zip(several, mixes, strict=True)]
    with console.stages() as show:
        scores = measure.scores(pairs, lambda done, total: show("scoring", done, total))
    columns = {name: scores[i * len(mixes) : (i + 1) * len(mixes)] for i, name in enumerate(made)}
    found = {name: table(mixes, column, columns["noisy"]) for name, column in columns.items()}
    found["noisy"] = {"everything": asdict(measure.mean(columns["noisy"]))}
    files.write_text(options.out, json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
