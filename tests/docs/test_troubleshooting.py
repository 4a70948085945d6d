# SPDX-License-Identifier: Apache-2.0
"""The page on troubleshooting: a section for each kind of error, and errors that lead there."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from mcu_ghost import cli
from mcu_ghost.host import advice
from tests.conftest import ROOT
from tests.docs.pages import anchors, blocks, tokens

PAGE = "docs/troubleshooting.md"


def messages() -> list[list[str]]:
    """Return the texts of this package's source, each in the parts around what is filled in."""
    found = []
    for file in (ROOT / "mcu_ghost").rglob("*.py"):
        if file.name == "advice.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [""]
                for value in node.values:
                    if isinstance(value, ast.Constant):
                        parts[-1] += str(value.value)
                    else:
                        parts.append("")
                found.append(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append([node.value])
    return found


def sections() -> dict[str, list[str]]:
    """Return what the page quotes, line by line, under each of its headings."""
    starts = {}
    seen = tokens(PAGE)
    for token, inline in zip(seen, seen[1:], strict=False):
        if token.type == "heading_open" and token.tag == "h2" and token.map is not None:
            slug = re.sub(r"[^\w\- ]", "", inline.content.lower()).replace(" ", "-")
            starts[token.map[0]] = slug
    found: dict[str, list[str]] = {slug: [] for slug in starts.values()}
    for block in blocks(PAGE):
        place = max(line for line in starts if line < block.line)
        found[starts[place]] += block.text.splitlines()
    return found


def test_each_kind_has_its_section_and_each_section_its_kind() -> None:
    assert list(sections()) == list(advice.KINDS)
    assert set(advice.KINDS) <= anchors(PAGE)


@pytest.mark.parametrize("kind", advice.KINDS)
def test_what_a_section_quotes_leads_to_it(kind: str) -> None:
    quoted = sections()[kind]
    assert quoted
    for message in quoted:
        assert advice.place(message) == f"{PAGE}#{kind}", message


def test_what_is_quoted_could_be_said() -> None:
    """Each is a text of the source with something filled in, or its first line."""
    lines = ["\0".join(parts).partition("\n")[0].split("\0") for parts in messages()]
    known = [re.compile(".*".join(map(re.escape, parts)))
             for parts in lines if sum(map(len, parts)) > 12]  # fmt: skip
    assert not any(one.fullmatch("some: other (words) here.") for one in known)
    for kind, quoted in sections().items():
        for line in quoted:
            after_file = line.partition(": ")[2]
            said = any(one.fullmatch(line) or one.fullmatch(after_file) for one in known)
            assert said, (kind, line)


def test_each_part_of_a_pattern_is_said_somewhere() -> None:
    """What the source no longer says must leave the page."""
    said = ["x".join(parts) for parts in messages()]
    for kind, patterns in advice.KINDS.items():
        for pattern in patterns:
            assert any(re.search(pattern, message) for message in said), (kind, pattern)


def test_an_error_ends_with_where_more_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcu-ghost", "boards", "nrf52"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr()
    assert end.value.code == 1 and told.out == ""
    error, more = told.err.splitlines()
    assert error.startswith("error: There is no board 'nrf52'.")
    assert more == "more: docs/troubleshooting.md#no-such-board"


def test_an_error_that_no_section_is_about_stands_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcu-ghost", "boards", "nrf52"])
    monkeypatch.setattr(advice, "KINDS", {})
    with pytest.raises(SystemExit):
        cli.main()
    assert "more:" not in capsys.readouterr().err


def test_help_says_where_the_pages_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcu-ghost", "--help"])
    cli.main()
    assert f"{advice.PAGES}/index.md" in capsys.readouterr().out
    assert (ROOT / advice.PAGES / "index.md").is_file()
