# SPDX-License-Identifier: Apache-2.0
"""What stands on the pages: lines for a shell, code, links, headings.

An indented block is lines for a shell; every other block is fenced and says its language, and by
`title="…"` which file it is to be put into.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT

PAGES = sorted(
    file.relative_to(ROOT).as_posix()
    for folder, pattern in ((".", "*.md"), ("docs", "**/*.md"), ("examples", "**/*.md"),
                            ("benchmarks", "*.md"), ("mcu_ghost", "models/*.md"))
    for file in (ROOT / folder).glob(pattern)
)  # fmt: skip
COMMANDS = [page for page in PAGES if page != "CHANGELOG.md"]  # what was, need not work any more
SHOWN = ("c", "mermaid", "text")  # languages of which nothing can be run
TUTORIALS = [page for page in PAGES if page.startswith("docs/tutorials/")]  # run as a whole
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of a page; `language` is "shell" if it is indented, `file` what it is put into."""

    page: str
    line: int
    language: str
    text: str
    file: str = ""


def tokens(page: str) -> list[Token]:
    """Return what Markdown makes of a page."""
    return _MARKDOWN.parse((ROOT / page).read_text("utf-8"))


def spans(page: str) -> list[Token]:
    """Return the parts of a page's running text: words, `code`, links."""
    return [part for token in tokens(page) for part in token.children or ()]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in order."""
    found = []
    for token in tokens(page):
        if token.type in ("code_block", "fence"):
            info = "shell" if token.type == "code_block" else token.info.strip()
            language, _, title = info.partition(' title="')
            assert token.map is not None
            found.append(Block(page, token.map[0] + 1, language, token.content, title.rstrip('"')))
    return found


def steps(page: str) -> list[Block]:
    """Return what a reader of a page does, in order: single lines for a shell, and Python."""
    found = []
    for block in blocks(page):
        if block.language == "python":
            found.append(block)
        for line in _lines(block):
            found.append(Block(page, block.line, "shell", line))
    return found


def _lines(block: Block) -> list[str]:
    if block.language == "yaml":
        return list(_runs(yaml.safe_load(block.text)))
    if block.language != "shell":
        return []
    whole = re.sub(r" *\\\n +", " ", block.text)
    lines = [re.sub(r"(^|\s+)#\s.*", "", line).strip() for line in whole.splitlines()]
    return [line for line in lines if line]


def _runs(node: Any) -> Iterator[str]:
    """Yield what a workflow's `run` steps run."""
    if isinstance(node, list):
        for one in node:
            yield from _runs(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "run":
                yield from value.splitlines()
            else:
                yield from _runs(value)


def words(line: str, names: dict[str, str]) -> list[str]:
    """Split a line as a shell does, with something for each name in capitals."""
    for name, value in names.items():
        line = re.sub(rf"(?<![\w-]){re.escape(name)}(?!\w)", value, line)
    return shlex.split(line)


def anchors(page: str) -> set[str]:
    """Return what links into a page may end in, as GitHub makes it of the headings."""
    found: list[str] = []
    seen = tokens(page)
    for token, inline in zip(seen, seen[1:], strict=False):
        if token.type == "heading_open":
            text = "".join(part.content for part in inline.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def links(page: str) -> list[str]:
    """Return where a page's links and pictures lead."""
    found = [part.attrs.get("href") or part.attrs.get("src") for part in spans(page)]
    return [str(link) for link in found if link]
