# SPDX-License-Identifier: Apache-2.0
"""GhostGRU against plain GRUs on keyword spotting: see docs/experiments/kws.md.

    python -m experiments.kws --data FOLDER [--commands FOLDER] [--seeds 5]

trains whatever the cache does not hold yet, writes kws.json after each run, and kws.svg and the
tables of kws.md at the end; stopped at any time, the same command goes on. `--report` only writes
the tables and the plot again, from kws.json.
"""

from __future__ import annotations

import os

# One thread costs the least work a step; others may run beside it.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import argparse
import base64
import hashlib
import json
import shutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.kws import costs, data, report
from experiments.kws.data import Task
from experiments.kws.networks import Network, networks
from mcu_ghost.host import console, files

if TYPE_CHECKING:
    from experiments.keyword_training import Recipe

# Epochs in float and with rounding, chosen on the validation split with another seed: see kws.md.
EPOCHS = {"wake words": (6, 2), "synthetic commands": (6, 2), "Speech Commands": (10, 3)}
_VERSION = 1  # of how a run is made and judged


@dataclass(frozen=True)
class Run:
    """One network, trained once.

    Attributes:
        task: The data.
        network: The layer.
        recipe: The training, seed included.
        cache: A folder with a folder for each run.
    """

    task: Task
    network: Network
    recipe: Recipe
    cache: Path

    def __str__(self) -> str:
        return f"{self.network}, {self.task.name}, seed {self.recipe.seed}"

    @property
    def folder(self) -> Path:
        """Where its files are: a place that changes with whatever decides the result."""
        facts = [_VERSION, self.task.data, asdict(self.recipe)]
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
        name = f"{self.task.name}-{self.network}-{self.recipe.seed}-{digest}"
        return self.cache / "runs" / name.replace("/", "-").replace(" ", "-").lower()

    @property
    def result(self) -> dict[str, Any] | None:
        """What an earlier process found."""
        path = self.folder / "result.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    def make(self) -> None:
        """Train, convert, judge, and keep the result; the first seed's image is built and counted.

        Raises:
            GhostError: It cannot be converted or built, or its image computes something else.
        """
        import tf_keras as keras

        from experiments import keyword_training
        from mcu_ghost import convert
        from mcu_ghost.train import inputs

        task, recipe = self.task, self.recipe
        form = inputs.of_features(task.train[0])
        models = keyword_training.train(
            recipe,
            (form.real(task.train[0]), task.train[1]),
            (form.real(task.validation[0]), task.validation[1]),
            len(task.labels),
            form.range,
            self.folder / "training",
            task.data,
        )
        path = self.folder / "model.tflite"
        integers = convert.convert(models[1], path)
        cost = {"cost": costs.measure(path)} if recipe.seed == 1 else {}
        found = {
            "task": task.name,
            "network": asdict(self.network),
            "seed": recipe.seed,
            "recipe": asdict(recipe),
            "parameters": models[0].count_params(),
            **cost,
            **_judge(models, integers, form, task),
        }
        files.write_text(self.folder / "result.json", json.dumps(found) + "\n")
        shutil.rmtree(self.folder / "training")
        keras.backend.clear_session()


def _judge(models: tuple[Any, Any], integers: Any, form: Any, task: Task) -> dict[str, Any]:
    """Return the accuracies of the float, the QAT and the integer network in each condition."""
    from experiments import keyword_training
    from mcu_ghost.network import reference

    accuracy: dict[str, dict[str, float]] = {}
    same, right = {}, {}
    tests = {"validation": task.validation} | task.tests
    for condition, (features, labels) in tests.items():
        real, bytes_ = form.real(features), form.quantize(features)
        best = {
            name: keyword_training.scores(model, real).argmax(-1)
            for name, model in zip(("float", "qat"), models, strict=True)
        }
        parts = [reference.run(integers, bytes_[i : i + 512]) for i in range(0, len(bytes_), 512)]
        best["int8"] = np.concatenate(parts).argmax(-1)
        classes = len(task.labels)
        accuracy[condition] = {
            name: keyword_training.macro_accuracy(labels, found, classes)
            for name, found in best.items()
        }
        same[condition] = float((best["int8"] == best["qat"]).mean())
        if condition != "validation":
            right[condition] = _packed(np.packbits(best["int8"] == labels))
    return {"accuracy": accuracy, "same": same, "right": right}


def _packed(array: Any) -> str:
    return base64.b64encode(array.astype(np.uint8).tobytes()).decode()


def _facts(task: Task) -> dict[str, Any]:
    """Return what kws.json says of a data set."""
    clean, noisy = (task.tests[c][1] for c in ("clean", data.CONDITIONS[-1]))
    return {
        "data": task.data,
        "labels": task.labels,
        "clips": {"train": len(task.train[1]), "validation": len(task.validation[1])},
        "kinds": task.kinds,
        "clean": _packed(clean),
        "noisy": _packed(noisy),
    }


def plan(tasks: list[Task], seeds: int, cache: Path) -> Iterator[Run]:
    """Yield every run: all networks of all tasks with one seed before the next seed."""
    from experiments.keyword_training import Recipe

    for seed in range(1, seeds + 1):
        for role in networks(1):
            for task in tasks:
                network = networks(len(task.labels))[role]
                epochs, qat_epochs = EPOCHS[task.name]
                recipe = Recipe(network.units, network.ratio, epochs, qat_epochs, seed=seed)
                yield Run(task, network, recipe, cache)


def collect(tasks: list[Task], runs: list[Run]) -> dict[str, Any]:
    """Return what kws.json holds: these runs, and the tasks that are not run here as they were."""
    path = report.RESULTS
    before = json.loads(path.read_text("utf-8")) if path.is_file() else {"tasks": {}, "runs": []}
    ours = {task.name for task in tasks}
    kept = [run for run in before["runs"] if run["task"] not in ours]
    done = [result for run in runs if (result := run.result)]
    others = {name: facts for name, facts in before["tasks"].items() if name not in ours}
    return {
        "tasks": others | {task.name: _facts(task) for task in tasks},
        "runs": kept + done,
    }


def main() -> None:
    """Run what is missing; write results after each run, tables and plot at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with wake_words/ and sentences/")
    parser.add_argument("--commands", type=Path, help="a folder in Speech Commands layout")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path(".cache/kws"))
    parser.add_argument("--report", action="store_true", help="only tables and plot")
    options = parser.parse_args()
    if options.report:
        report.write()
        return
    if not (options.data or options.commands):
        parser.error("nothing to do: give --data, --commands, or --report")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    console.note("preparing clips (minutes the first time)")
    tasks = [data.wake_words(options.data, options.cache)] if options.data else []
    tasks += [data.commands(options.commands, options.cache)] if options.commands else []
    runs, failed = list(plan(tasks, options.seeds, options.cache)), []
    for number, run in enumerate(runs, 1):
        if run.result is None:
            console.note(f"run {number} of {len(runs)}: {run}")
            try:
                run.make()
            except Exception:  # whatever it is, the other runs go on
                traceback.print_exc()
                failed.append(str(run))
                continue
            report.save(collect(tasks, runs))
    report.save(collect(tasks, runs))
    report.write()
    if failed:
        sys.exit("failed: " + "; ".join(failed))


if __name__ == "__main__":
    main()
