# SPDX-License-Identifier: Apache-2.0
"""Trains and measures GRU and GhostGRU on speech in noise, side by side.

    python -m experiments.denoise --root FOLDER

trains whatever `.cache/denoise` does not hold yet, by the recipe of `examples/clean_speech` with
fewer steps, recordings at their own speed and gains as they are, and writes the numbers of every
run to a file of its own. `FOLDER` is that recipe's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from experiments.denoise import RECIPE, ROOT, TEST_SEED
from experiments.denoise.networks import VARIANTS, Variant, made
from mcu_ghost.host import console, files
from mcu_ghost.sound.data.mixtures import Mixing
from mcu_ghost.sound.enhancement import Gains
from mcu_ghost.train.enhancement import pipeline, sounds, training
from mcu_ghost.train.enhancement import recipe as recipes
from mcu_ghost.train.enhancement.recipe import Recipe
from mcu_ghost.train.enhancement.sounds import Sounds


def run(recipe: Recipe, found: Sounds, variant: Variant, seed: int, cache: Path) -> None:
    """Train and measure a network, if that was not done yet."""
    slug = f"{variant.units}-{variant.ratio}{'-diagonal' if variant.diagonal else ''}-{seed}"
    out = cache / f"{slug}.tflite"
    if out.with_suffix(".json").is_file():
        return
    console.note(f"{variant.name}, seed {seed}")
    shaped = dataclasses.replace(
        recipe,
        name=f"denoise_{slug.replace('-', '_')}",
        network=variant.shape,
        training=dataclasses.replace(recipe.training, seed=seed),
    )
    trained = training.train(shaped, found, cache / slug, lambda _, frames: made(variant, frames))
    judged = dataclasses.replace(
        shaped, training=dataclasses.replace(shaped.training, seed=TEST_SEED)
    )
    with console.stages() as show:
        pipeline.judge(judged, found, trained, out, show)
    facts = {"variant": dataclasses.asdict(variant), "seed": seed,
             "parameters": variant.parameters, "steps": recipe.training.steps}  # fmt: skip
    files.write_text(cache / f"{slug}.facts.json", json.dumps(facts, indent=2) + "\n")


def main() -> None:
    """Run everything that is missing, all networks of a seed first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "denoise")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    recipe = recipes.read(RECIPE)
    shorter = dataclasses.replace(recipe.training, steps=options.steps, every=250)
    recipe = dataclasses.replace(recipe, training=shorter, mixing=Mixing(), gains=Gains())
    options.cache.mkdir(parents=True, exist_ok=True)
    found = sounds.load(recipe, options.root)
    for seed in options.seeds:
        for variant in VARIANTS:
            run(recipe, found, variant, seed, options.cache)


if __name__ == "__main__":
    main()
