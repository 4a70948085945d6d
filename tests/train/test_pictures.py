# SPDX-License-Identifier: Apache-2.0
"""The picture of each word's misses and false accepts."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mcu_ghost.train import thresholds
from mcu_ghost.train.thresholds import THRESHOLDS, TradeOff, WordCurve
from tests.hostile import HALF, TEXTS

pytest.importorskip("matplotlib")


def trade(labels: tuple[str, ...], accepts: int = 3) -> TradeOff:
    size = len(THRESHOLDS)
    words = tuple(
        WordCurve(label, 9, tuple(9 * i // size for i in range(size)), (9,) * size,
                  (accepts,) * (size // 2) + (0,) * (size - size // 2))
        for label in labels
    )  # fmt: skip
    return TradeOff(THRESHOLDS, 0.5, 1.0, words, (2.0,) * size, 0.8, ())


def texts(picture: str) -> list[str]:
    nodes = ElementTree.fromstring(f"<div>{picture}</div>").iter()
    return ["".join(node.itertext()) for node in nodes if node.tag.endswith("}text")]


def test_every_word_is_named_whatever_it_is_called() -> None:
    from mcu_ghost.host.text import printable
    from mcu_ghost.train import pictures

    words = ("_yes", "$\\frac{", HALF, *TEXTS.values())
    found = texts(pictures.by_threshold(trade(words), [0.8] * len(words)))
    for word in words:
        assert any(text.startswith(f"'{' '.join(printable(word).split())[:24]}") for text in found)
    assert not [text for text in found if "mathdefault" in text]
    assert {"0.2", "0.99", "the limit", "all words, expected"} <= set(found)


def test_none_at_all_is_drawn_too() -> None:
    from mcu_ghost.train import pictures

    one = trade(("yes", "no"), accepts=0)
    assert {"'yes'", "'no'", "the limit"} <= set(texts(pictures.by_threshold(one, [0.8, 0.815])))
    assert thresholds.near(one)[2] == THRESHOLDS.index(0.8)


@pytest.mark.slow
def test_the_same_numbers_are_the_same_picture() -> None:
    from mcu_ghost.train import pictures

    one = trade(("yes", "no"), accepts=0)
    assert pictures.by_threshold(one, [0.8, 0.815]) == pictures.by_threshold(one, [0.8, 0.815])


def test_losses_of_both_phases_and_ink_that_is_the_pages() -> None:
    from mcu_ghost.train import pictures

    picture = pictures.losses({"float": [[0.9, 0.8], [0.6, 0.5], [0.5, 0.4]], "QAT": [[0.4, 0.4]]})
    assert {"float", "QAT", "epoch", "1", "2", "3", "4"} <= set(texts(picture))
    assert "currentColor" in picture and "#000000" not in picture and "#ffffff" not in picture
