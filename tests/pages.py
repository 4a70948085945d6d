# SPDX-License-Identifier: Apache-2.0
"""Every page there is, made of any texts, and a reader of pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from mcu_ghost import boards
from mcu_ghost.project import baseline
from mcu_ghost.project import page as check_page
from mcu_ghost.project.baseline import Accuracy, Cleaned, Costs
from mcu_ghost.project.costs import Miss
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.project.pairs import Pair
from mcu_ghost.proof.accuracy import FLOAT, IMAGE, Judgement
from mcu_ghost.proof.accuracy import Row as Judged
from mcu_ghost.proof.profile import page as profile_page
from mcu_ghost.proof.profile.attribution import Block, Function, Layer, Line, Node
from mcu_ghost.proof.profile.profile import Profile
from mcu_ghost.sound import cleaning
from mcu_ghost.sound import page as denoise_page
from mcu_ghost.sound.spectrogram import Excerpt
from mcu_ghost.train import rates
from mcu_ghost.train import report as train_report
from mcu_ghost.train.enhancement import report as enhancement_report
from mcu_ghost.train.enhancement.measure import Mixture, Score
from mcu_ghost.train.enhancement.result import Condition
from mcu_ghost.train.enhancement.result import Result as Enhanced
from mcu_ghost.train.rates import Rate
from mcu_ghost.train.result import Accepts, Image, Result, Speaker, Words
from mcu_ghost.train.thresholds import THRESHOLDS, TradeOff, WordCurve

Texts = tuple[str, ...]
SIZE = len(THRESHOLDS)
RATE = 16000
IMAGE_OF = Image("nrf52840", "kws", 70_000, 5_000, 55_283, 20)


def profile(words: Texts) -> Profile:
    """Return a profile whose every name is one of these."""
    flame = Node("step", 10.0)
    layers, functions, blocks, mix = [], [], [], {}
    for word in words:
        flame.children[word] = Node(word, 1.0, {word: Node(word, 1.0)})
        layers.append(Layer(word, word, 1.0, 1, None))
        functions.append(Function(word, word, 1.0, 1.0))
        blocks.append(Block(word, 1.0, 1.0, (Line(0, word, word),)))
        mix[word] = 1.0
    flame.instructions = len(mix)
    word = layers[0].name
    return Profile(word, word, word, word, word, word, 1, len(mix), 1, tuple(layers),
                   tuple(functions), mix, tuple(blocks), flame, None)  # fmt: skip


def training(words: Texts, image: Image | None = IMAGE_OF) -> Result:
    """Return what a training measured, for words of these names."""
    said = tuple(
        WordCurve(word, 90, tuple(90 * i // SIZE for i in range(SIZE)), tuple(range(SIZE)),
                  tuple(max(0, 40 - i - n) for i in range(SIZE)))
        for n, word in enumerate(words)
    )  # fmt: skip
    expected = tuple(60.0 * 0.9**i for i in range(SIZE))
    curve = tuple(i / SIZE for i in range(SIZE))
    rate = Rate(3, 10, 0.1, 0.6)
    reports = tuple(SIZE - i for i in range(SIZE))
    return Result(
        labels=words,
        thresholds=(0.8,) * len(words),
        validation=TradeOff(THRESHOLDS, 2.0, 1.0, said, expected, 0.8, words),
        train_hours=1.0,
        losses={"float": [[0.9, 0.8], [0.625, 0.5]], "QAT": [[0.4375, 0.375]]},
        words=tuple(Words(word, snr, rate, rate, 0, curve) for word in words
                    for snr in (None, 5.0)),
        speakers=tuple(Speaker(word, word, rates.share(1, 9)) for word in words),
        accepts=tuple(Accepts(word, Rate(2, 4.0, 0.1, 2), Rate(0, 4.0, 0, 1), reports)
                      for word in words),
        confusion=((1,) * (len(words) + 1),) * len(words),
        model_bytes=1,
        image=image,
        no_image="" if image else words[0],
    )  # fmt: skip


def sound(seed: int = 1, seconds: float = 0.5) -> np.ndarray:
    """Return a little noise, int16."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2000, round(seconds * RATE)).astype(np.int16)


def enhanced(kinds: Texts, image: Image | None = IMAGE_OF) -> Enhanced:
    """Return what a training for enhancement measured, with these kinds of noise."""
    return Enhanced(
        history=((10, 1.0, 2.5), (20, 0.5, 4.25)),
        validation_noisy_db=1.5,
        conditions=tuple(
            Condition(kind, n % 2 == 1, snr, 1, Score(snr, 1.25, 0.5), Score(snr + 3, 1.5, 0.75),
                      Score(snr + n - 1, 1.5, 0.75))
            for n, kind in enumerate(kinds) for snr in (5.0, 10.0)
        ),
        clean=Score(20.0, 4.0, 1.0),
        missing=kinds,
        model_bytes=1,
        latency_ms=32.0,
        image=image,
        no_image="" if image else kinds[0],
    )  # fmt: skip


COSTS = Costs("nrf52840", "kws", "0.1.0", "zig", "dsp", "aa", "unicorn", 50_000, 4_000, 0, 40_000,
              60_000, Accuracy(95, 100, "aa"), None, Cleaned(8.0, 12, "aa"))  # fmt: skip
PROJECT = Project(("nrf52840",))


def compared(now: Costs, before: Costs | None = COSTS, project: Project = PROJECT) -> Compared:
    """Return a board's costs beside its baseline."""
    rows = baseline.compare(project, before or now, now)
    return check_page.Compared(boards.load("nrf52840"), before, now, rows)


Compared = check_page.Compared


def checked(words: Texts) -> str:
    """Return the page of a check with these names and sentences."""
    word = words[0]
    now = Costs(word, word, word, word, word, word, word, 60_000, 3_900, 0, 41_000, None,
                Accuracy(96, 100, "aa"), None, Cleaned(7.0, 12, "aa"))  # fmt: skip
    misses = [Miss(one, one, one, one) for one in words]
    rows = tuple(Judged(one, 3, {FLOAT: 0.5, IMAGE: 0.25}, True, one) for one in words)
    judgements = [Judgement(one, 9, 3, 3, words, rows, None) for one in words]
    pairs = [Pair(Path("a") / one.replace("/", "_"), Path(one), 1.0, 2.0) for one in words]
    return check_page.page(word, [compared(now), compared(now, None)], words, False, misses,
                           judgements, pairs)  # fmt: skip


def cleaned(words: Texts) -> str:
    """Return the page of a recording of such a name that was made clean."""
    excerpt = Excerpt(RATE)
    excerpt.add(sound(), sound() // 3)
    found = cleaning.Cleaned(8000, RATE, 0.5, (-30.0, -45.5), (-20.0, -20.5), words)
    return denoise_page.page(words[0], words[-1], found, excerpt, words)


def enhancement(words: Texts, image: Image | None = IMAGE_OF) -> str:
    """Return the page of a training for enhancement."""
    made = [(Mixture(kind, 5.0, sound(1), sound(2)), sound(3)) for kind in words]
    return enhancement_report.page(enhanced(words, image), made, words[0])


PAGES: dict[str, Callable[[Texts], str]] = {
    "train": lambda words: train_report.page(training(words), words[0]),
    "train, no image": lambda words: train_report.page(training(words, None), words[0]),
    "enhancement": enhancement,
    "enhancement, no image": lambda words: enhancement(words, None),
    "profile": lambda words: profile_page.page(profile(words)),
    "check": checked,
    "denoise": cleaned,
}
"""By name, what makes each of texts."""


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what a test may ask for.

    Attributes:
        links: What is referred to.
        attributes: Names of all attributes.
        hits: What each thing says that may be pointed at: its title, and its attributes.
        texts: Of elements by their tag.
    """

    VOID = ("meta",)

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.tags: list[str] = []
        self.hits: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), attrs
        self.attributes |= given.keys()
        self.links += [v for n, v in given.items() if n in ("src", "href", "xlink:href", "srcset")]
        if tag not in self.VOID:
            self._open.append((tag, given))
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1][0] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        tag = self._open[-1][0]
        self.texts[tag][-1] += data
        if tag == "title" and len(self._open) > 1:
            around = self._open[-2][1]
            if "hit" in around.get("class", "").split():
                self.hits.append((self.texts[tag][-1], around))


def colours(page: str, scheme: str) -> dict[str, tuple[int, int, int]]:
    """Return the colours that a page names, by their names, in a scheme: light or dark."""
    blocks = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    found = re.findall(r"--(\w+): #(\w{6});", blocks[scheme == "dark"])
    return {name: (int(h[:2], 16), int(h[2:4], 16), int(h[4:], 16)) for name, h in found}
