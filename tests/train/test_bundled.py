# SPDX-License-Identifier: Apache-2.0
"""The bundled model, its numbers and the promises made about them belong together."""

import json

import pytest

from mcu_ghost import resources, tflite_file


def test_the_numbers_are_of_the_bundled_model() -> None:
    path = resources.default_model()
    numbers = json.loads(path.with_suffix(".json").read_text())
    model = tflite_file.load(path)
    assert path.stat().st_size == numbers["model_bytes"] <= 80_000
    assert model.metadata["thresholds"]["accept"] == numbers["threshold"]
    assert list(model.metadata["labels"]) == list(numbers["recalls"])
    assert numbers["int8"] == pytest.approx(sum(numbers["recalls"].values()) / 8)
    assert numbers["int8"] >= 0.96
    assert abs(numbers["int8"] - numbers["qat"]) <= 0.005


def test_the_card_says_the_same() -> None:
    path = resources.default_model()
    card = path.with_suffix(".md").read_text()
    numbers = json.loads(path.with_suffix(".json").read_text())
    for name in ("float32", "qat", "int8", "int8_synthetic"):
        assert f"{numbers[name]:.2%}".replace("%", " %") in card
    assert f"{numbers['false_alarms']} of 2 342 windows" in card
