# SPDX-License-Identifier: Apache-2.0
"""Counts and articles that people read: 1 frame, 2 frames, and never "1 frames"; an I2S one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from mcu_ghost.host import text
from tests.conftest import ROOT
from tests.sources import source

COUNTED = """answers arrays bits blocks bytes channels characters clips clocks cycles devices
differences dimensions drives files frames hops hours inputs instructions integers labels layers
lines numbers objects outputs periods places recordings replies samples scales scenes sequences
speakers states streams times units values voices windows words workers MACs""".split()
KINDS = "UF2|calibration|training|wait|more|quantisation|int8|audio|random"
NOUN = rf" (?:(?:{KINDS}) )?(?:{'|'.join(COUNTED)})\b"
# What stands before such a noun and is no count, or is one of another program's words.
NO_COUNT = {"given", "matrix.shape", "split", "answers", "job.payload.size"}


def bare(texts: Iterable[ast.JoinedStr]) -> Iterator[str]:
    """Yield what f-strings show right before a noun that should follow its count."""
    for node in texts:
        for shown, after in zip(node.values, node.values[1:], strict=False):
            if not isinstance(shown, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            if not re.match(NOUN, after.value):
                continue
            what = ast.unparse(shown.value)
            fraction = shown.format_spec is not None and re.search(
                r"\.\d|x", ast.unparse(shown.format_spec)
            )
            if not (fraction or what in NO_COUNT or what.isupper()):
                yield f"{{{what}}}{after.value}"


def bare_in_template(source: str) -> list[str]:
    return re.findall(rf"\}}\}}{NOUN}", source)


@pytest.mark.parametrize(
    ("n", "noun", "told"),
    [
        (0, ("frame",), "0 frames"),
        (1, ("frame",), "1 frame"),
        (2, ("frame",), "2 frames"),
        (128730.4, ("instruction",), "128 730 instructions"),
        (1, ("reply", "replies"), "1 reply"),
        (3, ("reply", "replies"), "3 replies"),
        (1, ("byte differs", "bytes differ"), "1 byte differs"),
        (1000, (), "1 000"),
    ],
)
def test_a_noun_goes_with_its_count(n: float, noun: tuple[str, ...], told: str) -> None:
    assert text.count(n, *noun) == told


@pytest.mark.parametrize(
    "told",
    [
        "an I2S",
        "a PDM",
        "an M4",
        "an stm32f1",
        "an nRF52840",
        "a pico",
        "an int",
        "a list",
        "a GRU",
    ],
)
def test_a_name_has_the_article_that_is_said(told: str) -> None:
    assert text.a(told.split()[1]) == told


def test_a_bare_count_is_found() -> None:
    def of(code: str) -> list[str]:
        return list(bare(n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.JoinedStr)))

    assert of("f'{n} frames'") == ["{n} frames"]
    assert of("f'{len(x)} mixed' f' up {len(y)} UF2 blocks are'")
    assert not of("f'{hours:.1f} hours, {LONGEST} bytes, {count(n, \"frame\")} of scenes'")
    assert bare_in_template("{{ n }} frames") and not bare_in_template('{{ count(n, "frame") }}')


def test_every_count_goes_with_its_noun() -> None:
    """A noun right behind a number is `text.count`'s to write, which knows what one is called."""
    found = []
    for file in sorted((ROOT / "mcu_ghost").rglob("*.py")):
        found += [f"{file.name}: {one}" for one in bare(source(file).texts)]
    for file in sorted((ROOT / "templates").rglob("*.jinja")):
        found += [f"{file.name}: {one}" for one in bare_in_template(file.read_text("utf-8"))]
    assert not found
