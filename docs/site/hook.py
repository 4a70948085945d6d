# SPDX-License-Identifier: Apache-2.0
"""What MkDocs calls while it builds: pages keep the links that they have in a checkout.

What a page links to outside `docs/` comes along under `repository/`, and a marker such as
`<!-- commands -->` is replaced by what is generated of the sources.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.site import api, boards, commands

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = "repository/"
MARKERS = {"commands": commands.page, "api": api.page, "boards": boards.page}
_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)")
_FENCE = re.compile(r"^(```.*?^```)", re.M | re.S)


def source(uri: str) -> str:
    """Return where in the repository a file of the site comes from."""
    return uri.removeprefix(OUTSIDE) if uri.startswith(OUTSIDE) else f"docs/{uri}"


def target(page: str, link: str) -> str:
    """Return the file of the site that a link from a file of the repository leads to."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    if (ROOT / path).is_dir():
        path = f"{path}/README.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else OUTSIDE + path


def prose(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a page in order, and whether each is running text, not fenced."""
    for part in _FENCE.split(text):
        yield not part.startswith("```"), part


def linked(page: str) -> set[str]:
    """Return the files of the site that a file of the repository links to."""
    text = "".join(part for is_text, part in prose((ROOT / page).read_text("utf-8")) if is_text)
    return {target(page, link) for link in _LINK.findall(text)}


def notebook(file: Path) -> str:
    """Return a notebook as a page: its text, and its code without what it prints."""
    parts = []
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    return "\n\n".join(parts)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pictures of boards, notebooks as pages, and what pages link to outside `docs/`."""
    for name, picture in boards.pictures().items():
        files.append(File.generated(config, f"pins/{name}.svg", content=picture))
    for file in (ROOT / "docs").glob("*.ipynb"):
        files.append(File.generated(config, f"{file.stem}.md", content=notebook(file)))
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    wanted = set(re.findall(rf"{OUTSIDE}\S+\.md", text))
    for page in (ROOT / "docs").rglob("*.md"):
        wanted |= linked(page.relative_to(ROOT).as_posix())
    while missing := {uri for uri in wanted - files.src_uris.keys() if uri.startswith(OUTSIDE)}:
        for uri in sorted(missing):
            path = source(uri)
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
            if path.endswith(".md"):
                wanted |= linked(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page with its links as the site needs them, and its markers replaced."""
    here = page.file.src_uri
    folder = posixpath.dirname(here) or "."

    def moved(link: re.Match[str]) -> str:
        return posixpath.relpath(target(source(here), link[1]), folder)

    for name, generate in MARKERS.items():
        if f"<!-- {name} -->" in markdown:
            markdown = markdown.replace(f"<!-- {name} -->", generate())
    return "".join(_LINK.sub(moved, part) if is_text else part for is_text, part in prose(markdown))
