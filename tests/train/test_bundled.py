# SPDX-License-Identifier: Apache-2.0
"""The bundled model, its numbers and the promises made about them belong together."""

import json
from typing import Any

import msgspec

from mcu_ghost.host import resources
from mcu_ghost.network.tflite import read
from mcu_ghost.sound.enhancement import need_task
from mcu_ghost.sound.keywords import listening
from mcu_ghost.train.enhancement.result import Result, Row

PATH = resources.default_model()


def numbers() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.with_suffix(".json").read_text())
    return found


def test_the_numbers_are_of_the_bundled_model() -> None:
    found = numbers()
    model = read.load(PATH)
    assert PATH.stat().st_size == found["model_bytes"] <= 64_000
    words = listening(model)[1].words
    assert [word.label for word in words] == found["labels"]
    given = model.metadata["detector"]["words"]
    assert [given[label]["threshold"] for label in found["labels"]] == found["thresholds"]
    assert model.metadata["training"]["hours"] == found["train_hours"]


def test_integers_lose_no_more_than_half_a_point() -> None:
    """Of all human test words, in all noises together."""
    human = [w for w in numbers()["words"] if w["folder"] == "wake_words"]
    assert {w["snr_db"] for w in human} == {None, 10.0, 5.0, 0.0}
    total = sum(w["int8"]["of"] for w in human)
    missed = {kind: sum(w[kind]["count"] for w in human) for kind in ("int8", "float32")}
    assert missed["int8"] - missed["float32"] <= 0.005 * total


def test_the_card_says_the_same() -> None:
    card = PATH.with_suffix(".md").read_text()
    found = numbers()
    for words in found["words"]:
        for kind in ("float32", "int8"):
            assert f"{100 * words[kind]['count'] / words[kind]['of']:.1f} %" in card
    for accepts in found["accepts"]:
        assert f"| {accepts['int8']['count']} in {accepts['int8']['of']:.2f} h |" in card


CLEANER = resources.enhancement_model()


def measured() -> Result:
    return msgspec.convert(json.loads(CLEANER.with_suffix(".json").read_text()), Result)


def test_the_numbers_are_of_the_bundled_cleaner() -> None:
    found = measured()
    assert CLEANER.stat().st_size == found.model_bytes <= 100_000
    assert need_task(read.load(CLEANER)).bands == 64
    assert found.missing == () and {row.title for row in found.rows() if row.unseen} == {
        "keys", "nature", "vehicles"}  # fmt: skip


def test_integers_clean_as_floats_do() -> None:
    everything, *_ = measured().rows()
    assert everything.float32.si_sdr_db - everything.int8.si_sdr_db <= 0.1
    assert everything.float32.pesq is not None and everything.int8.pesq is not None
    assert everything.float32.pesq - everything.int8.pesq <= 0.02


def test_the_cleaners_card_says_the_same() -> None:
    card = CLEANER.with_suffix(".md").read_text()

    def line(row: Row) -> str:
        gained = row.int8
        return (
            f"| **{gained.si_sdr_db:+.2f} dB** | {gained.pesq:+.2f} | {gained.stoi:+.3f} |"
        ).replace("-", "−")

    found = measured()
    for row in [*found.rows(), *found.by_snr()]:
        assert line(row) in card, row.title
    assert f"{found.model_bytes:,}".replace(",", " ") in card
