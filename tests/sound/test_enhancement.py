# SPDX-License-Identifier: Apache-2.0
"""What a model that cleans speech says of itself, and what it makes of sound on a PC."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.enhancement import BandScales, Enhancer, Transform, gain_table, in_place
from tests.sound.enhancers import RATE, random_enhancer, sound


def saying(model: Model, **said: Any) -> Model:
    return dataclasses.replace(model, metadata={**model.metadata, **said})


def test_how_a_stream_is_cut_makes_no_difference() -> None:
    model, samples = random_enhancer(), sound()
    whole = Enhancer(model).feed(samples)
    enhancer = Enhancer(model)
    parts = [enhancer.feed(part) for part in np.split(samples, [1, 255, 256, 700, 8000])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len(whole) == len(samples) // 256 * 256 and len(np.unique(whole)) > 1000


def test_it_is_the_network_between_bands_and_gains() -> None:
    """The same by floats, but for the integers' rounding."""
    model, samples = random_enhancer(exponent=1.5), sound()
    task = enhancement.need_task(model)
    found = Enhancer(model).feed(samples)
    window = np.sin(np.arange(512) * np.pi / 512)
    padded = np.concatenate([np.zeros(256), samples])
    frames = np.lib.stride_tricks.sliding_window_view(padded, 512)[::256]
    spectra = np.fft.rfft(frames * window)
    energies = np.abs(spectra * 2**7) ** 2
    lower, share = task.band_shares._lower, task.band_shares._share / 32768
    weights = np.zeros((20, 257))
    weights[lower, np.arange(257)], weights[lower + 1, np.arange(257)] = share, 1 - share
    logarithms = np.log2(np.maximum(energies @ weights.T * 32768, 2.0**-32))
    x = (logarithms - np.array(task.scales.mean) / 1024) * np.array(task.scales.multiplier) / 64
    read = np.clip(np.rint(x), -128, 127).astype(np.int8)
    gains = ((reference.run(model, read).astype(float) + 128) / 255) ** 1.5
    made = np.fft.irfft(spectra * (gains @ weights)) * window
    wanted = np.zeros(len(padded))
    for i, frame in enumerate(made):
        wanted[256 * i : 256 * i + 512] += frame
    wanted = np.clip(wanted[: len(found)], -32768, 32767)
    error = found - wanted
    assert 10 * np.log10((wanted**2).mean() / (error**2).mean()) > 30  # some features round apart


def test_full_gains_give_the_sound_back() -> None:
    """A network whose outputs are all at their largest changes hardly a step."""
    model = random_enhancer()
    *_, sigmoid = model.graph.operators
    dense = next(op for op in model.graph.operators if op.kind == "fully_connected")
    loud = dataclasses.replace(dense, bias=np.full(20, 2**28, np.int32))
    operators = tuple(loud if op is dense else op for op in model.graph.operators)
    model = dataclasses.replace(model, graph=dataclasses.replace(model.graph, operators=operators))
    samples = sound()
    made = enhancement.clean(model, samples)
    assert np.abs(made.astype(int) - samples)[: len(samples) - 256].max() <= 12
    assert sigmoid.kind == "elementwise"


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 5000])
def test_a_whole_recording_keeps_its_length_and_place(length: int) -> None:
    samples = sound()[4000:][:length]
    made = enhancement.clean(random_enhancer(), samples)
    assert made.shape == samples.shape
    late = Enhancer(random_enhancer()).feed(np.pad(samples, (0, 1024)))
    np.testing.assert_array_equal(made, late[256:][:length])


def test_a_stream_in_place_has_whole_hops_and_what_came_beside_it() -> None:
    """Whoever cleans is given whole hops alone, however a stream is cut."""

    class Late:
        def __init__(self, delay: int) -> None:
            self.kept = np.zeros(delay, np.int16)

        def feed(self, samples: np.ndarray) -> np.ndarray:
            assert len(samples) % 128 == 0
            whole = np.concatenate([self.kept, samples])
            self.kept = whole[len(samples) :]
            return whole[: len(samples)]

    transform, samples = Transform(hop=128), sound(0.3)
    for cuts in ([], [1, 2, 400, 401, 2000], range(0, 4800, 100)):
        pairs = list(in_place(Late(384), transform, np.split(samples, cuts)))
        for number in (0, 1):
            made = np.concatenate([pair[number] for pair in pairs])
            np.testing.assert_array_equal(made, samples)


def test_many_recordings_are_cleaned_as_one_by_one() -> None:
    model, samples = random_enhancer(), np.stack([sound(0.3, seed) for seed in (1, 2, 3)])
    made = enhancement.clean_all(model, samples)
    np.testing.assert_array_equal(made, [enhancement.clean(model, one) for one in samples])


def test_delay_and_latency() -> None:
    for transform, delay, latency in (
        (Transform(), 256, 32.0),
        (Transform(frame=512, hop=128), 384, 32.0),
        (Transform(frame=256, hop=128), 128, 16.0),
    ):
        enhancer = Enhancer(random_enhancer(transform=transform))
        assert (enhancer.delay, transform.latency_ms) == (delay, latency)
        assert transform.hop_ms == 1000 * transform.hop / RATE


def test_what_the_network_reads_has_a_deviation_of_32_steps() -> None:
    rng = np.random.default_rng(3)
    logarithms = rng.normal([40, 30], [2, 5], (4000, 2))
    scales = BandScales.of(logarithms.mean(0), logarithms.std(0))
    found = scales.quantize((logarithms * 1024).astype(np.int32))
    np.testing.assert_allclose(found.std(0), 32, rtol=0.02)
    assert scales.quantize(np.array([[-(1 << 15), 1 << 17]], np.int32)).tolist() == [[-128, 127]]


def test_the_gain_table_spans_everything() -> None:
    for exponent in (0.5, 1.0, 2.0):
        table = gain_table(exponent)
        assert (table[0], table[-1]) == (0, 32767) and (np.diff(table) >= 0).all()
    assert gain_table(2.0)[128] == round(32767 * (128 / 255) ** 2)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"task": "keywords"}, "is for keywords: it cannot clean speech"),
        ({"task": None}, "does not say how it hears"),
        ({"transform": {"frame": 500}}, "transform.frame"),
        ({"transform": {"hop": 100}}, "hop must be 256 or 128, not 100"),
        ({"bands": {"mean": [1, 2], "multiplier": [1]}}, "mean has 2 bands, multiplier 1"),
        ({"bands": {"mean": [1, 2], "multiplier": [1, 1]}}, "one value for each of its 2 bands"),
        ({"bands": {"mean": [0] * 300, "multiplier": [1] * 300}}, "300 bands: 2 to 257"),
        ({"bands": {"mean": [0] * 20, "multiplier": [0] * 20}}, "multiplier"),
        ({"gains": {"exponent": 9}}, "gains.exponent"),
        ({"reset": "clip"}, "frame by frame without end"),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(GhostError, match=message):
        Enhancer(saying(random_enhancer(), **said))


def test_other_scales_are_refused() -> None:
    model = random_enhancer()
    first, *others = model.graph.tensors
    tensors = (dataclasses.replace(first, scale=0.05), *others)
    other = dataclasses.replace(model, graph=dataclasses.replace(model.graph, tensors=tensors))
    with pytest.raises(GhostError, match="scale of 1/32"):
        enhancement.need_task(other)
