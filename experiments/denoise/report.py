# SPDX-License-Identifier: Apache-2.0
"""Writes the tables and the picture of denoise.md, of what `experiments.denoise` left.

    python -m experiments.denoise.report --root FOLDER

builds every network's `denoise` image with gcc for an M4 and an M55, runs it on an emulator, and
writes `denoise_networks.json`, `denoise.png`, spectrograms, and the tables between their marks.
`FOLDER` is that of the recipe.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.denoise import RECIPE, ROOT, TEST_SEED
from experiments.denoise.networks import VARIANTS, Variant
from experiments.markdown import table
from mcu_ghost import boards
from mcu_ghost.build.apps import denoise
from mcu_ghost.host import console, files, text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import read
from mcu_ghost.proof.prove import prove
from mcu_ghost.train.enhancement.measure import BABBLE

TEXTS = ROOT / "docs" / "experiments"
RESULTS, TEXT, PICTURE = (TEXTS / f"denoise{end}" for end in ("_networks.json", ".md", ".png"))
BEGIN, END = "<!-- tables: experiments.denoise -->\n", "<!-- end of tables -->\n"
M4, M55 = "nrf52840", "mps3-an547"
GROUPS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "all": lambda c: True,
    "all but babble": lambda c: c["kind"] != BABBLE,
    "babble": lambda c: c["kind"] == BABBLE,
    "unheard": lambda c: c["unseen"],
}
"""Which mixtures of the test a mean is of."""

SCORES = ("si_sdr_db", "pesq", "stoi")
_COLOURS = 64  # of the picture
SHOWN = ("nature", 5.0)  # whose first mixture is the picture


def gains(result: dict[str, Any]) -> dict[str, Any]:
    """Return what float and integer network gain, by groups of mixtures, and the noisy means."""
    found: dict[str, Any] = {}
    for group, wanted in GROUPS.items():
        chosen = [c for c in result["conditions"] if wanted(c)]
        means = {
            made: {s: statistics.fmean(c[made][s] for c in chosen) for s in SCORES}
            for made in ("noisy", "float32", "int8")
        }
        for made in ("float32", "int8"):
            means[made] = {s: means[made][s] - means["noisy"][s] for s in SCORES}
        found[group] = means
    return found


def costs(model: Path) -> dict[str, Any]:
    """Return sizes of the `denoise` image and instructions of a hop, emulated.

    Raises:
        GhostError: A tool is missing, or a sample of an image is wrong.
    """
    network = read.load(model)
    found: dict[str, Any] = {"tflite": model.stat().st_size}
    for name in (M4, M55):
        proof = prove(network, boards.load(name), denoise.APP.name, toolchain="gcc", cases=1)
        if proof.comparison.mismatches:
            raise GhostError(f"{model}: the image is wrong: {proof.comparison.first}")
        assert proof.hop is not None  # of this app there are
        found[name] = {
            "flash": proof.built.flash_bytes,
            "ram": proof.built.ram_bytes,
            "instructions": round(proof.hop.mean),
            **{part: round(count) for part, count in proof.hop.parts.items()},
        }
    return found


def collect(cache: Path) -> list[dict[str, Any]]:
    """Return every run that is there, by network and seed; costs are the first seed's."""
    found = []
    for variant in VARIANTS:
        for facts in sorted(cache.glob("*.facts.json")):
            run = json.loads(facts.read_text("utf-8"))
            if run["variant"] != asdict(variant):
                continue
            model = facts.with_name(facts.name.replace(".facts.json", ".tflite"))
            result = json.loads(model.with_suffix(".json").read_text("utf-8"))
            run["gains"], run["clean_pesq"] = gains(result), result["clean"]["pesq"]
            if run["seed"] == 1:
                console.note(f"counting {variant.name}")
                run["costs"] = costs(model)
            found.append(run)
    return found


def load() -> dict[Variant, list[dict[str, Any]]]:
    """Return the runs in denoise_networks.json by their networks."""
    found: dict[Variant, list[dict[str, Any]]] = {}
    for run in json.loads(RESULTS.read_text("utf-8")):
        found.setdefault(Variant(**run["variant"]), []).append(run)
    return found


def rendered() -> str:
    """Return denoise.md with its tables made anew."""
    written = TEXT.read_text("utf-8")
    before, after = written.split(BEGIN)[0], written.split(END)[1]
    return f"{before}{BEGIN}\n" + "\n".join(tables(load())) + f"\n{END}{after}"


def tables(runs: dict[Variant, list[dict[str, Any]]]) -> Iterator[str]:
    """Yield the tables as Markdown: what is gained by whom, babble and the unheard, and costs."""
    seeds = min(len(several) for several in runs.values())
    others = list(GROUPS)[1:]
    yield from table(
        [f"int8, mean of {seeds} seeds ± their spread", "SI-SDR, dB", "PESQ", "STOI",
         "float: SI-SDR", "clean speech: PESQ"],
        ([variant.name, *_scores(several, "all"),
          _spread([run["gains"]["all"]["float32"]["si_sdr_db"] for run in several], "+.2f"),
          f"{statistics.fmean(run['clean_pesq'] for run in several):.2f}"]
         for variant, several in runs.items()),
    )  # fmt: skip
    yield from table(
        ["SI-SDR gained, dB", *others],
        ([variant.name, *(_score(several, group, "si_sdr_db", "+.2f") for group in others)]
         for variant, several in runs.items()),
    )  # fmt: skip
    yield from table(
        ["costs", "parameters", "`.tflite`, B", "flash, B", "RAM, B", "instructions a hop, M4",
         "of them the network", "M55"],
        (_cost_row(variant, several[0]) for variant, several in runs.items()),
    )  # fmt: skip


def _scores(several: list[dict[str, Any]], group: str) -> list[str]:
    forms = ("+.2f", "+.3f", "+.4f")
    return [_score(several, group, s, form) for s, form in zip(SCORES, forms, strict=True)]


def _score(several: list[dict[str, Any]], group: str, score: str, form: str) -> str:
    return _spread([run["gains"][group]["int8"][score] for run in several], form)


def _spread(values: list[float], form: str) -> str:
    deviation = f" ± {format(statistics.stdev(values), form[1:])}" if len(values) > 1 else ""
    return f"{format(statistics.fmean(values), form)}{deviation}"


def _cost_row(variant: Variant, run: dict[str, Any]) -> list[str]:
    found = run["costs"]
    counts = [run["parameters"], found["tflite"], found[M4]["flash"], found[M4]["ram"]]
    counts += [found[M4]["instructions"], found[M4]["network"], found[M55]["instructions"]]
    return [variant.name, *map(text.count, counts)]


def draw(cache: Path, root: Path) -> None:
    """Draw a mixture, what two networks make of it, and the speech in it."""
    import numpy as np
    from matplotlib.figure import Figure
    from PIL import Image

    from mcu_ghost.sound import enhancement
    from mcu_ghost.sound.audio import RATE
    from mcu_ghost.sound.spectrogram import levels
    from mcu_ghost.train.enhancement import measure, sounds
    from mcu_ghost.train.enhancement import recipe as recipes

    recipe = recipes.read(RECIPE)
    material, training = sounds.load(recipe, root).material["test"], recipe.training
    mixes = measure.test_set(
        material, measure.kinds(material), training.test, training.seconds, TEST_SEED
    )
    mix = next(m for m in mixes if (m.kind, m.snr_db) == SHOWN)
    columns = {f"{SHOWN[0]} at {SHOWN[1]:g} dB": mix.noisy}
    for variant in VARIANTS[:2]:
        model = read.load(cache / f"{variant.units}-{variant.ratio}-1.tflite")
        columns[variant.name] = enhancement.clean(model, mix.noisy)
    columns["the speech in it"] = mix.clean
    figure = Figure(figsize=(10, 8), layout="constrained")
    top = np.ceil(max(float(levels(samples).max()) for samples in columns.values()) / 10) * 10
    for axis, (title, samples) in zip(figure.subplots(4, 1, sharex=True), columns.items(),
                                      strict=True):  # fmt: skip
        extent = (0, len(samples) / RATE, 0, RATE / 2000)
        axis.imshow(levels(samples).T, origin="lower", aspect="auto", cmap="magma", extent=extent,
                    vmin=top - 80, vmax=top)  # fmt: skip
        axis.set_title(title, loc="left")
        axis.set_ylabel("kHz")
    axis.set_xlabel("time, s; black to white are 80 dB")
    content = io.BytesIO()
    figure.savefig(content, dpi=80)
    with Image.open(content) as drawn:
        drawn.convert("RGB").quantize(_COLOURS).save(PICTURE, optimize=True)


def main() -> None:
    """Count, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "denoise")
    options = parser.parse_args()
    runs = collect(options.cache)
    lines = ",\n".join(json.dumps(run) for run in runs)
    files.write_text(RESULTS, f"[\n{lines}\n]\n")
    files.write_text(TEXT, rendered())
    draw(options.cache, options.root)


if __name__ == "__main__":
    main()
