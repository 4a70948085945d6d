# SPDX-License-Identifier: Apache-2.0
"""What narrower recurrent weights would save and cost: see docs/experiments/narrower.md.

    python -m experiments.narrower --data FOLDER

trains whatever `.cache/narrower` does not hold yet and prints the tables. Several of these may run
side by side with different `--seeds`; each run is a file of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
import tf_keras as keras

from experiments import keyword_training
from experiments.narrower.network import CLASSES, FRAMES, INPUTS, Data, Floats, Network
from experiments.narrower.tables import tables
from experiments.narrower.variants import BASE, VARIANTS, Variant
from mcu_ghost import convert, layers
from mcu_ghost.host import files
from mcu_ghost.network import reference

TUNING_RATE = 1e-3


@dataclass(frozen=True)
class Runs:
    """The cache of trained networks and of their answers.

    Attributes:
        data: To train and test with.
        folder: For files, one a run.
        epochs: Of float training.
        tuning: Epochs of training in a variant's form.
    """

    data: Data
    folder: Path
    epochs: int
    tuning: int

    def _path(self, kind: str, variant: Variant, seed: int) -> Path:
        facts = asdict(variant) | {"name": "", "epochs": self.epochs, "data": self.data.name}
        facts |= {"tuning": self.tuning} if kind == "answers" else {}
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
        return self.folder / f"{kind}-{variant.units}-{variant.ratio}-{digest}-{seed}.npz"

    def trunk(self, variant: Variant, seed: int) -> list[Floats]:
        """Return the float weights that a variant starts from."""
        path = self._path("trunk", variant.trunk, seed)
        if not path.is_file():
            keras.utils.set_random_seed(seed)
            network = Network(variant.trunk, quantised=False)
            print(f"training {variant.trunk}, seed {seed}", flush=True)
            network.fit(self.data, self.epochs, keyword_training.Recipe().learning_rate, seed)
            files.write_npz(path, {str(i): v.numpy() for i, v in enumerate(network.variables)})
        with np.load(path) as held:
            return [held[str(i)] for i in range(len(held))]

    def tuned(self, variant: Variant, seed: int) -> Network:
        """Return a variant's network, trained in its form or only rounded to it."""
        start = self.trunk(variant, seed)
        keras.utils.set_random_seed(seed)
        network = Network(variant, quantised=True)
        for variable, value in zip(network.variables, start, strict=True):
            variable.assign(value)
        if variant.tuned:
            network.fit(self.data, self.tuning, TUNING_RATE, seed)
        return network

    def answers(self, variant: Variant, seed: int) -> dict[str, npt.NDArray[np.uint8]]:
        """Return the best classes of a variant on each test set; those of BASE in integers too."""
        path = self._path("answers", variant, seed)
        if not path.is_file():
            print(f"{variant.name}, tuned {variant.tuned}, seed {seed}", flush=True)
            network = self.tuned(variant, seed)
            tests = self.data.tests
            found = {c: network.predict(self.data.form.real(x)) for c, x in tests.items()}
            if variant == BASE:
                found |= {f"integers {c}": v for c, v in self._integers(network).items()}
            files.write_npz(path, found)
        with np.load(path) as held:
            return dict(held)

    def _integers(self, network: Network) -> dict[str, npt.NDArray[np.uint8]]:
        """Return what the product's converter and reference arithmetic answer."""
        plain = keyword_training.network(keyword_training.Recipe(), FRAMES, INPUTS, CLASSES)
        plain.set_weights([v.numpy() for v in network.variables])
        form = self.data.form
        model = layers.quantize_model(plain, form.range, self.data.train[::10])
        with tempfile.TemporaryDirectory() as scratch:
            integers = convert.convert(model, Path(scratch) / "model.tflite")
        return {
            c: reference.run(integers, form.quantize(x)).argmax(-1).astype(np.uint8)
            for c, x in self.data.tests.items()
        }


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="wake_words/ and sentences/")
    parser.add_argument("--cache", type=Path, default=Path(".cache/narrower"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--tuning-epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    data = Data(options.data, options.cache)
    runs = Runs(data, options.cache, options.epochs, options.tuning_epochs)
    for seed in options.seeds:  # all of one seed first, so that what there is can be compared
        for variant in VARIANTS:
            runs.answers(variant, seed)
    if len(options.seeds) > 1:
        answers = {v: [runs.answers(v, s) for s in options.seeds] for v in VARIANTS}
        print("\n".join(tables(answers, data.labels)))


if __name__ == "__main__":
    main()
