# SPDX-License-Identifier: Apache-2.0
"""Every page: one file that loads nothing, is well formed and escapes what is not ours."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re

import numpy as np
import pytest

from mcu_ghost.host import charts
from tests import hostile
from tests.pages import PAGES, Reader, colours

ORDINARY = ("yes", "no", "stop")
# Severe protanopia and deuteranopia, of linear RGB (Machado, Oliveira, Fernandes 2009).
SEEN = {
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                 [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param](ORDINARY)


def test_it_is_one_file_that_can_load_nothing(page: str) -> None:
    reader = Reader(page)
    assert all(link.startswith(("data:audio/flac;base64,", "data:image/png;base64,"))
               for link in reader.links)  # fmt: skip
    assert not {"link", "img", "iframe", "object", "base", "form", "a"} & set(reader.tags)
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "", page)
    assert "url(" not in page and "@import" not in page and "fetch(" not in page


def test_its_policy_allows_its_own_script_and_style_alone(page: str) -> None:
    reader = Reader(page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]  # type: ignore[index]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("img-src") == rules.pop("media-src") == "data:"
    assert page.index("Content-Security-Policy") < page.index("<style>")
    for tag in ("style", "script"):
        (text,) = reader.texts[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert not rules
    assert "style" not in reader.attributes  # which the policy would not allow
    assert not [name for name in reader.attributes if name.startswith("on")]


def test_it_is_small_but_for_its_sounds(page: str) -> None:
    silent = re.sub(r'"data:audio[^"]*"', '""', page)
    assert len(silent.encode()) <= 400_000


def test_it_says_what_made_it_and_how_its_numbers_were_got(page: str) -> None:
    reader = Reader(page)
    assert re.search(r"<p>mcu-ghost [\d.]+", page[page.index("<footer>") :])
    footer = page[page.index("<footer>") : page.index("</footer>")]
    assert re.search("emulated|measured", footer)
    assert 'name="viewport"' in page and reader.texts["h1"] == ["yes" + reader.texts["h1"][0][3:]]


def test_each_cell_of_a_card_says_what_it_is(page: str) -> None:
    for table in re.findall(r'<table class="fold.*?</table>', page, re.DOTALL):
        headings = re.findall(r"<th[^>]*>([^<]*)</th>", table)
        for row in table.split("<tr>")[2:]:
            cells = re.findall(r"<td(?: data-of=\"([^\"]*)\")?", row)
            assert len(cells) == len(headings) and cells[1:] == headings[1:]


def test_the_same_numbers_are_the_same_bytes() -> None:
    assert all(make(ORDINARY) == make(ORDINARY) for make in PAGES.values())


@pytest.mark.parametrize("name", PAGES)
def test_what_is_not_ours_stays_text(name: str) -> None:
    words = (*hostile.TEXTS.values(), hostile.HALF)  # a name of a file may be no text
    page = PAGES[name](words)
    page.encode()
    reader = Reader(page)
    assert reader.tags.count("script") == reader.tags.count("style") == 1
    assert "evil" not in reader.texts["script"][0] + reader.texts["style"][0]
    assert "evil" in page and not {"img", "a"} & set(reader.tags)
    assert reader.tags.count("h1") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colours_are_told_apart_by_all(scheme: str) -> None:
    page = PAGES["profile"](ORDINARY)
    assert "prefers-color-scheme: dark" in page
    found = colours(page, scheme)
    card = found["card"]
    hues = [found[f"c{number}"] for number in range(1, charts.COLOURS + 1)]
    assert all(contrast(hue, card) >= 3 for hue in (*hues, found["c0"]))
    assert all(contrast(found[name], found[on]) >= 4.5
               for name in ("ink", "soft") for on in ("card", "page"))  # fmt: skip
    for matrix in SEEN.values():
        seen = [lightness_and_hue(np.array(matrix) @ linear(hue)) for hue in hues]
        for one, other in itertools.combinations(seen, 2):
            assert np.linalg.norm(one - other) > 0.08  # four times what is just seen


def linear(colour: tuple[int, int, int]) -> np.ndarray:
    share = np.array(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast of WCAG 2."""
    lights = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return lights[1] / lights[0]


def lightness_and_hue(rgb: np.ndarray) -> np.ndarray:
    """Return linear RGB as Oklab (B. Ottosson 2020)."""
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
             [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
    lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
           [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip
    return np.array(lab) @ np.cbrt(np.array(cones) @ np.clip(rgb, 0, 1))
