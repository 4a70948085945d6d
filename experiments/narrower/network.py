# SPDX-License-Identifier: Apache-2.0
"""A keyword network whose kernels take a variant's form at each use, trained and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from experiments import keyword_clips, keyword_training
from experiments.narrower.variants import BLOCK, Variant
from experiments.unseen_noise import WORDS, noisy
from mcu_ghost.layers.configs import GhostGRUQuantizeConfig
from mcu_ghost.sound import audio
from mcu_ghost.train import inputs

CLASSES, INPUTS, FRAMES = len(WORDS) + 2, audio.KEYWORDS.channels, 74
GATES = {"kernel": 3, "recurrent_kernel": 3, "ghost_kernel": 1}
CLIPPED = tuple(i / 20 for i in range(8, 21))  # shares of the largest weight that a scale may span

Floats = npt.NDArray[np.float32]


class Data:
    """Training clips and the three test sets as the network reads them.

    Args:
        source: Holds `wake_words` and `sentences`.
        cache: For features.
    """

    def __init__(self, source: Path, cache: Path) -> None:
        self.name = keyword_clips.fingerprint(source, WORDS, 1)
        clips = keyword_clips.load(source, WORDS, 1, cache)
        self.form = inputs.of_features(clips["train"].features)
        self.train = self.form.real(clips["train"].features)
        self.targets = keras.utils.to_categorical(clips["train"].labels, CLASSES)
        human = clips["test"].sources != "synthetic"
        features, labels = noisy(source, cache / f"noisy-{self.name}.npz")
        self.tests = {"clean": clips["test"].features[human]} | features
        self.labels = {"clean": clips["test"].labels[human]} | dict.fromkeys(features, labels)


def rounded(weights: Any, gates: int, bits: int, per_row: bool) -> Any:
    """Return (K, gates * m) weights rounded; the gradient passes as if they were not.

    With 8 bits a scale spans the largest weight, as in the product. With fewer it spans the share
    of it that leaves the least squared error.
    """
    top = 2.0 ** (bits - 1) - 1
    shape = (-1, gates, weights.shape[1] // gates)
    w = tf.stop_gradient(tf.reshape(weights, shape))
    axes = 0 if per_row else (0, 2)
    largest = tf.maximum(tf.reduce_max(tf.abs(w), axes, keepdims=True), 1e-6)
    best, least = tf.zeros_like(w), tf.fill(tf.shape(largest), np.float32(np.inf))
    for share in (1.0,) if bits == 8 else CLIPPED:
        step = largest * share / top
        candidate = tf.clip_by_value(tf.round(w / step), -top, top) * step
        error = tf.reduce_sum(tf.square(candidate - w), axes, keepdims=True)
        best = tf.where(error < least, candidate, best)
        least = tf.minimum(error, least)
    return weights + tf.reshape(best, weights.shape) - tf.stop_gradient(weights)


def block_mask(weights: Floats, pruned: float) -> Floats:
    """Return (n, 3m) zeros and ones that drop each gate's weakest blocks of 4 rows by 4 inputs.

    A block's strength is the mean square of the weights in it, so that those at the edge, partly
    padding, are not dropped for being small.
    """
    n, columns = weights.shape
    m = columns // 3
    up = (-n % BLOCK, -m % BLOCK)
    masks = []
    for gate in np.split(weights, 3, axis=1):
        padded = [np.pad(a, ((0, up[0]), (0, up[1]))) for a in (gate**2, np.ones_like(gate))]
        sums = [a.reshape(a.shape[0] // BLOCK, BLOCK, -1, BLOCK).sum(axis=(1, 3)) for a in padded]
        strength = sums[0] / sums[1]
        order = np.argsort(strength, axis=None)
        keep = np.ones(strength.size, np.float32)
        keep[order[: round(pruned * len(order))]] = 0
        spread = np.kron(keep.reshape(strength.shape), np.ones((BLOCK, BLOCK), np.float32))
        masks.append(spread[:n, :m])
    return np.concatenate(masks, axis=1)


class Network:
    """A GhostGRU classifier whose kernels pass through a variant's form at each use.

    Args:
        variant: The network and the form.
        quantised: Round the kernels; False: only mask them.
    """

    def __init__(self, variant: Variant, quantised: bool) -> None:
        self.variant, self.quantised = variant, quantised
        recipe = keyword_training.Recipe(variant.units, variant.ratio)
        self.model = keyword_training.network(recipe, FRAMES, INPUTS, CLASSES)
        self.cell = self.model.layers[0].cell
        self.dense = next(layer for layer in self.model.layers if hasattr(layer, "kernel"))
        self.variables = list(self.model.trainable_variables)
        self.kernels = {
            k: getattr(self.cell, k) for k in GATES if getattr(self.cell, k) is not None
        }
        self.head = self.dense.kernel
        self.mask = tf.Variable(tf.ones_like(self.cell.recurrent_kernel), trainable=False)
        if variant.diagonal:  # as Glorot would start a layer of one input and one output
            m = variant.intrinsic
            self.cell.ghost_kernel.assign(
                tf.linalg.diag(tf.random.uniform((m,), -(3**0.5), 3**0.5))
            )

    def formed(self, kernel: str) -> Any:
        """Return one kernel as the network multiplies with it."""
        weights, bits = self.kernels[kernel], self.variant.bits(kernel)
        if kernel == "recurrent_kernel":
            weights = weights * self.mask
        if kernel == "ghost_kernel" and self.variant.diagonal:
            weights = weights * tf.eye(self.variant.intrinsic)
        if not self.quantised:
            return weights
        return rounded(weights, GATES[kernel], bits, self.variant.per_row and bits < 8)

    def __call__(self, x: Any, training: bool) -> Any:
        """Return the classes' probabilities."""
        for kernel in self.kernels:
            setattr(self.cell, kernel, self.formed(kernel))
        if self.quantised:
            self.dense.kernel = rounded(self.head, 1, 8, False)
        return self.model(x, training=training)

    def prune(self, share: float) -> None:
        """Drop blocks by the strength that the weights have now."""
        self.mask.assign(block_mask(self.kernels["recurrent_kernel"].numpy(), share))

    def fit(self, data: Data, epochs: int, rate: float, seed: int, batch: int = 128) -> None:
        """Train; blocks go in two steps, at the beginning of the first two epochs."""
        clips = len(data.train)
        steps = -(-clips // batch)
        optimizer = keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, epochs * steps), clipnorm=1.0
        )
        optimizer.build(self.variables)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.05)
        shape = [tf.TensorSpec((None, FRAMES, INPUTS)), tf.TensorSpec((None, CLASSES))]

        @tf.function(input_signature=shape, autograph=False)
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(y, self(x, training=True))
            gradients = tape.gradient(value, self.variables)
            optimizer.apply_gradients(zip(gradients, self.variables, strict=True))
            return value

        rng = np.random.default_rng([seed, epochs])
        for epoch in range(epochs):
            if self.variant.pruned and epoch < 2:
                self.prune(self.variant.pruned * (epoch + 1) / 2)
            order = rng.permutation(clips)
            losses = [
                float(step(data.train[part], data.targets[part]))
                for part in (order[i : i + batch] for i in range(0, clips, batch))
            ]
            print(f"  epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.4f}", flush=True)

    def predict(self, x: Floats) -> npt.NDArray[np.uint8]:
        """Return the best classes, with states and pre-activations rounded as in the product."""
        layer, config = self.model.layers[0], GhostGRUQuantizeConfig()
        formats = [q for _, q in config.get_activations_and_quantizers(layer)]
        config.set_quantize_activations(layer, [lambda v, q=q: q(v, False, {}) for q in formats])
        run = tf.function(
            lambda part: tf.argmax(self(part, training=False), -1),
            input_signature=[tf.TensorSpec((None, FRAMES, INPUTS))],
            autograph=False,
        )
        found = [run(x[i : i + 256]).numpy() for i in range(0, len(x), 256)]
        return np.concatenate(found).astype(np.uint8)
