# SPDX-License-Identifier: Apache-2.0
"""The site as a reader gets it: whole, without a network, and small enough to open quickly."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from mcu_ghost import boards
from mcu_ghost.cli import VERBS
from tests.conftest import ROOT
from tests.docs.pages import tokens

pytestmark = pytest.mark.slow
BUILT = ("table", "pre", "li", "h2", "h3")


class Html(HTMLParser):
    """What of a built page is looked at.

    Attributes:
        links: Where `<a>` leads.
        loads: What a browser fetches to show the page.
        anchors: What links into the page may end in.
        inside: How many there are of each kind of element in the text.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.inside: Counter[str] = Counter()
        self._article = False
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors.add(found.get("id", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])
        self._article = self._article or tag == "article"
        if self._article:
            self.inside[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self._article = self._article and tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    pytest.importorskip("material", reason="pip install '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", out]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Html]:
    found = {file: Html(file) for file in site.rglob("*.html") if file.name != "404.html"}
    assert len(found) > 30
    return found


def test_every_link_leads_to_a_file_and_a_heading(pages: dict[Path, Html]) -> None:
    broken = []
    for file, page in pages.items():
        for link in [*page.links, *page.loads]:
            place, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            target = (file.parent / place).resolve() if place else file
            there = target.is_file()
            if there and anchor and target in pages:
                there = anchor in pages[target].anchors
            if not there:
                broken.append(f"{file.name}: {link}")
    assert not broken


def test_nothing_comes_from_elsewhere(site: Path, pages: dict[Path, Html]) -> None:
    """A page may link to other places; to be shown it needs none of them."""
    assert not [load for page in pages.values() for load in page.loads if "//" in load]
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text("utf-8"))
    text = "".join(file.read_text("utf-8") for file in pages)
    assert 'class="mermaid"' not in text, "its script would come from elsewhere"


def test_the_first_page_is_small(site: Path, pages: dict[Path, Html]) -> None:
    """100 kB with all that it needs, as a server sends it."""
    first = site / "index.html"
    needed = {first, *((site / load).resolve() for load in pages[first].loads)}
    sent = {file.name: len(gzip.compress(file.read_bytes())) for file in needed}
    assert sum(sent.values()) <= 100_000, sent


def test_pages_hold_what_they_hold_in_a_checkout(site: Path, pages: dict[Path, Html]) -> None:
    """Python-Markdown does not always agree with CommonMark on where a table or a list ends."""
    names = {"table_open": "table", "fence": "pre", "code_block": "pre", "list_item_open": "li"}
    for source in sorted((ROOT / "docs").rglob("*.md")):
        page = source.relative_to(ROOT / "docs")
        if "<!-- " in source.read_text("utf-8").replace("<!-- needs a board -->", ""):
            continue  # more is generated into it
        wanted: Counter[str] = Counter()
        for token in tokens(source.relative_to(ROOT).as_posix()):
            wanted[names.get(token.type, token.tag if token.type == "heading_open" else "")] += 1
        inside = pages[site / page.with_suffix(".html")].inside
        assert {tag: inside[tag] for tag in BUILT} == {tag: wanted[tag] for tag in BUILT}, page


def test_commands_boards_and_names_are_all_there(site: Path, pages: dict[Path, Html]) -> None:
    assert set(VERBS) <= pages[site / "commands.html"].anchors
    assert "data-synth" in pages[site / "commands.html"].anchors
    shown = (site / "boards.html").read_text("utf-8")
    assert all(name in shown for name in boards.names())
    picture = (site / "pins" / "nrf52840.svg").read_text("utf-8")
    assert all(f">{said}</text>" in picture for said in ("P1.01", "CLK", "P1.02", "DAT", "P0.06"))
    assert "mcu_ghost.build.build.build" in pages[site / "api.html"].anchors
