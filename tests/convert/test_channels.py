# SPDX-License-Identifier: Apache-2.0
"""Channels of unlike size: degrees beside hectopascals keep their steps."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.convert import channels, nodes, quantise
from mcu_ghost.convert.graph import FloatGraph, Input
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import read, write

RNG = np.random.default_rng(8)
MEAN, DEVIATION = np.float32([12, 1013, 60]), np.float32([8, 8, 20])
ALIKE = RNG.normal(0, 1, (80, 10, 3)).astype(np.float32)
X = (ALIKE * DEVIATION + MEAN).astype(np.float32)


def network(*before: nodes.Node, source: str = "x") -> FloatGraph:
    """Return a GRU and a dense layer behind other nodes."""
    gru = nodes.GRU("gru", (source,), "h", kernel=RNG.normal(0, 0.5, (3, 24)).astype(np.float32),
                    recurrent_kernel=RNG.normal(0, 0.3, (8, 24)).astype(np.float32),
                    bias=np.zeros((2, 24), np.float32), return_sequences=False)  # fmt: skip
    dense = nodes.Dense("y", ("h",), "y", RNG.normal(0, 1, (8, 2)).astype(np.float32),
                        np.zeros(2, np.float32))  # fmt: skip
    return FloatGraph("net", (Input("x", (10, 3)),), (*before, gru, dense), ("y",)).checked()


def normalised() -> FloatGraph:
    scale = nodes.Affine("norm", ("x",), "n", 1 / DEVIATION, -MEAN / DEVIATION)
    return network(scale, source="n")


def test_each_channel_has_its_steps() -> None:
    graph = normalised()
    made = quantise.quantise(graph, "net", {"x": X})
    model = made.network
    assert [step.op.kind for step in model.steps] == ["ghost_gru", "fully_connected"]
    assert len(model.input.scales) == 3
    assert model.input.offsets[1] == pytest.approx(1013, abs=8)
    for channel in model.input.quantize(X).reshape(-1, 3).T:
        assert len(np.unique(channel)) > 150
    found = model.output.dequantize(reference.run(model, model.input.quantize(X)))
    exact = graph.run({"x": X})["y"]
    assert np.abs(found - exact).mean() < 0.01 * np.ptp(exact)
    again = read.parse(write.serialize(model), "net")
    assert again.input == model.input
    back = model.input.dequantize(model.input.quantize(X))
    assert (np.abs(back - X) <= 0.51 * np.array(model.input.scales)).mean() > 0.99


def test_channels_of_one_size_share_a_scale() -> None:
    made = quantise.quantise(network(), "net", {"x": ALIKE}).network
    assert not made.input.scales and "inputs" not in made.metadata
    wide = quantise.quantise(normalised(), "net", {"x": X}, input_range=(0, 1100)).network
    assert not wide.input.scales


def test_a_channel_that_never_moves_and_a_glitch() -> None:
    still = X.copy()
    still[..., 2] = 60
    still[0, 0, 0] = 90_000
    made = quantise.quantise(normalised(), "net", {"x": still})
    assert made.network.input.offsets[2] == 60
    (clipped,) = made.clipped
    assert clipped.where == "input 0" and clipped.largest == 90_000
    assert clipped.high < 60


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"scales": [1, 2]}, "2 scales and 0 offsets"),
        ({"scales": [1, 2], "offsets": [0, 0]}, "2 scales of inputs, but"),
        ({"scales": [1, 0, 1], "offsets": [0, 0, 0]}, "inputs.scales that are not all positive"),
        ({"scales": [1, True, 1], "offsets": [0, 0, 0]}, "a list of numbers"),
        ({"scales": "abc", "offsets": [0, 0, 0]}, "a list of numbers"),
    ],
)
def test_scales_that_cannot_be(said: dict[str, object], told: str) -> None:
    with pytest.raises(GhostError) as caught:
        quantise.quantise(network(), "net", {"x": ALIKE}, metadata={"inputs": said})
    assert told in str(caught.value)


def test_what_the_data_become() -> None:
    found, beyond = channels.needed(normalised(), {"x": X})
    rows = channels.alike({"x": X}, found)["x"]
    assert np.abs(rows).max() == pytest.approx(1, abs=1e-5) and not beyond
