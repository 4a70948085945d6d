# SPDX-License-Identifier: Apache-2.0
"""The float network that cleans speech, what it is fed and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from mcu_ghost import layers
from mcu_ghost.sound import bands, stft
from mcu_ghost.sound.bands import LOG_BITS
from mcu_ghost.sound.enhancement import FULL_SCALE, INPUT_SCALE, BandScales, Transform
from mcu_ghost.train.enhancement.recipe import Network

Floats = npt.NDArray[np.float32]
Learner = Callable[[Any, Any, Any, Any], tuple[Any, Any]]
RANGE = (-128 * INPUT_SCALE, 127 * INPUT_SCALE)
"""Of the network's inputs."""

_SILENCE = 1e-9  # of an energy, so that it has a logarithm
_COMPRESSION = 0.25  # of magnitudes in the loss
_LOUDEST_DB = 30.0  # beyond which a better SI-SDR does not count
_WEIGHT = 0.05  # of a dB beside the magnitudes' mean square, times _SCALE
_SCALE = 10.0
_LEAST = 1e-4  # of a gain, whose root has a slope then


def of_frames(shape: Network, frames: int | None, **ghosts: Any) -> Any:
    """Return the untrained model: (batch, frames, bands) to as many gains from 0 to 1.

    Args:
        shape: Of its layers.
        frames: None: any number.
        **ghosts: Further arguments of its recurrent layers.
    """
    before = [keras.layers.Dense(shape.dense, activation="relu")] if shape.dense else []
    recurrent = [
        layers.GhostGRU(shape.units, ratio=shape.ratio, return_sequences=True, **ghosts)
        for _ in range(shape.layers)
    ]
    gains = keras.layers.Dense(shape.bands, activation="sigmoid", bias_initializer="ones")
    first = keras.layers.Input((frames, shape.bands))
    return keras.Sequential([first, *before, *recurrent, gains])


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Spectra of floats on the scale of the integers, and their bands.

    Args:
        transform: How sound is cut into frames.
        count: Bands.
    """

    transform: Transform
    count: int

    def of(self, samples: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.complex64]:
        """Return the spectra of (…, length) samples, (…, frames, bins); silence is before them."""
        from scipy import fft

        s = self.transform.settings
        before = np.zeros((*samples.shape[:-1], self.transform.delay), np.float32)
        padded = np.concatenate([before, samples.astype(np.float32)], axis=-1)
        views = np.lib.stride_tricks.sliding_window_view(padded, s.frame, axis=-1)[..., :: s.hop, :]
        window = stft.window(s.frame).astype(np.float32) * np.float32(2.0 ** (s.fraction - 15))
        spectra: npt.NDArray[np.complex64] = fft.rfft(views * window)
        return spectra

    def back(self, spectra: npt.NDArray[np.complex64]) -> Floats:
        """Return the samples of (…, frames, bins) spectra, (…, frames * hop), the delay later."""
        from scipy import fft

        s = self.transform.settings
        frames = fft.irfft(spectra, s.frame) * stft.window(s.frame).astype(np.float32)
        count, parts = spectra.shape[-2], s.frame // s.hop
        made = np.zeros((*spectra.shape[:-2], count + parts - 1, s.hop), np.float32)
        for part in range(parts):
            made[..., part : part + count, :] += frames[..., part * s.hop : (part + 1) * s.hop]
        scale = np.float32(2.0 ** (-15 - s.fraction) / (parts // 2))
        return made[..., :count, :].reshape(*spectra.shape[:-2], count * s.hop) * scale

    @property
    def weights(self) -> Floats:
        """Each band's share of each bin, (bands, bins)."""
        bins = self.transform.settings.bins
        lower, share = bands.shares(self.count, bins, self.transform.sample_rate)
        made = np.zeros((self.count, bins), np.float32)
        made[lower, np.arange(bins)] = share / np.float32(32768)
        made[lower + 1, np.arange(bins)] = 1 - share / np.float32(32768)
        return made

    def logarithms(self, energies: Floats) -> Floats:
        """Return the binary logarithms of the bands of (…, bins) energies, (…, bands)."""
        sums = energies @ self.weights.T * np.float32(32768)
        found: Floats = np.log2(sums + np.float32(_SILENCE)).astype(np.float32)
        return found

    def read(self, energies: Floats, scales: BandScales) -> Floats:
        """Return what the network reads of (…, bins) energies, (…, bands), in a board's steps."""
        level = self.logarithms(energies) * np.float32(1 << LOG_BITS)
        quantized = scales.quantize(np.rint(level).astype(np.int32))
        return quantized.astype(np.float32) * np.float32(INPUT_SCALE)


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step of the optimizer takes; the last two axes are frames and bins, or bands.

    Attributes:
        x: What the network reads, quantised.
        noisy: Energies of the mixtures, of which a clip's mean is that of its speech to one.
        clean: Energies of the speech.
        shared: Real parts of the mixtures times the conjugated speech.
    """

    x: Floats
    noisy: Floats
    clean: Floats
    shared: Floats

    @classmethod
    def of(cls, spectrum: Spectrum, scales: BandScales, noisy: Floats, clean: Floats) -> Batch:
        """Make it of (clips, length) samples."""
        a, b = spectrum.of(noisy), spectrum.of(clean)
        energies = _energies(a)
        speech = _energies(b)
        mean = speech.mean(axis=(-2, -1), keepdims=True) + np.float32(_SILENCE)
        return cls(
            spectrum.read(energies, scales),
            energies / mean,
            speech / mean,
            (a.real * b.real + a.imag * b.imag) / mean,
        )


def _energies(x: npt.NDArray[np.complex64]) -> Floats:
    found: Floats = x.real**2 + x.imag**2
    return found


def scales(spectrum: Spectrum, noisy: Floats) -> BandScales:
    """Return the statistics of the bands of (clips, length) samples."""
    found = spectrum.logarithms(_energies(spectrum.of(noisy)))
    loud = found[found.max(axis=-1) > 0]  # frames of digital silence tell nothing
    return BandScales.of(loud.mean(axis=0), loud.std(axis=0))


def clean(
    model: Any, spectrum: Spectrum, scales: BandScales, noisy: Floats, exponent: float = 1.0
) -> Floats:
    """Return (clips, length) samples made clean by the float network, in place.

    Args:
        model: Its input is of any number of frames.
        spectrum: How sound is cut into frames.
        scales: How bands become the network's input.
        noisy: Whole hops.
        exponent: Of the gains.
    """
    delay = spectrum.transform.delay
    spectra = spectrum.of(np.pad(noisy, ((0, 0), (0, delay))))
    gains = np.asarray(model.predict_on_batch(spectrum.read(_energies(spectra), scales)))
    full = np.minimum(gains * np.float32(256 / FULL_SCALE), 1) ** np.float32(exponent)
    return spectrum.back(spectra * (full @ spectrum.weights))[:, delay:]


def si_sdr(gains: Any, batch: tuple[Any, Any, Any]) -> Any:
    """Return (clips,) scale-invariant ratios of speech to distortion in dB, of spectra.

    Source: J. Le Roux et al., arXiv:1811.02508; of the spectra of overlapping frames.

    Args:
        gains: (clips, frames, bins).
        batch: `noisy`, `clean` and `shared` of a `Batch`.
    """
    noisy, clean, shared = batch
    axes = (-2, -1)
    wanted = tf.square(tf.reduce_sum(gains * shared, axes)) / tf.reduce_sum(clean, axes)
    rest = tf.reduce_sum(tf.square(gains) * noisy, axes) - wanted
    ratio = wanted / (tf.maximum(rest, 0.0) + 10 ** (-_LOUDEST_DB / 10) * wanted + _SILENCE)
    return 10 / np.log(10) * tf.math.log(ratio + _SILENCE)


def loss(gains: Any, batch: tuple[Any, Any, Any]) -> Any:
    """Return what training makes small: compressed magnitudes' mean square, less some SI-SDR."""
    noisy, clean, _ = batch
    half = _COMPRESSION / 2  # energies are squares
    wanted = tf.pow(clean + _SILENCE, half)
    made = tf.pow(gains + _LEAST, _COMPRESSION) * tf.pow(noisy + _SILENCE, half)
    error = tf.reduce_mean(tf.square(wanted - made))
    return _SCALE * error - _WEIGHT * tf.reduce_mean(si_sdr(gains, batch))


def step(model: Any, spectrum: Spectrum, optimizer: Any) -> tuple[Learner, Learner]:
    """Return a compiled function that learns from a batch, and one that only judges it.

    Both take `x`, `noisy`, `clean`, `shared` and return (loss, mean SI-SDR in dB).
    """
    to_bins = tf.constant(spectrum.weights)
    full = np.float32(256 / FULL_SCALE)  # an output of 255 / 256 lets all through

    def judged(x: Any, batch: tuple[Any, Any, Any], training: bool) -> tuple[Any, Any]:
        gains = tf.minimum(model(x, training=training) * full, 1.0) @ to_bins
        return loss(gains, batch), tf.reduce_mean(si_sdr(gains, batch))

    @tf.function
    def learn(x: Any, noisy: Any, clean: Any, shared: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            lost, ratio = judged(x, (noisy, clean, shared), True)
        slopes = tape.gradient(lost, model.trainable_variables)
        slopes, _ = tf.clip_by_global_norm(slopes, 1.0)
        optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
        return lost, ratio

    @tf.function
    def judge(x: Any, noisy: Any, clean: Any, shared: Any) -> tuple[Any, Any]:
        return judged(x, (noisy, clean, shared), False)

    return learn, judge
