# SPDX-License-Identifier: Apache-2.0
"""Hostile text through every template there is: what is generated has the shape that it always has.

Titles, labels, words, folders and names of functions are all that may be any text; names are
refused where they are read. A template that no test renders fails one here.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import jinja2
import pytest
import yaml

from mcu_ghost import boards
from mcu_ghost.boards import Board, renode
from mcu_ghost.build import apps, build, folder, model_c
from mcu_ghost.build.export import export
from mcu_ghost.host import files, resources, templates
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read
from mcu_ghost.project import new, recipe_file
from tests import hostile, pages, two_ends
from tests.conftest import WARNINGS, need
from tests.listeners import listener
from tests.sound.enhancers import random_enhancer

Outputs = dict[str, list[str]]
HOSTILE = tuple(hostile.TEXTS.values())
ORDINARY = tuple(f"word{i}" for i in range(len(HOSTILE)))
# Others extend or include them.
ABSTRACT = {f"export/{name}.jinja" for name in ("README.md", "ends.md", "take.c")}
ABSTRACT |= {"export/arduino/microphone.ino.jinja", "export/cleaner.md.jinja"}
ABSTRACT |= {f"report/{name}.html.jinja" for name in ("base", "flame", "parts", "script", "style")}


def board(title: str, name: str = "nano33ble") -> Board:
    return dataclasses.replace(boards.load(name), title=title, vendor=title)


def network(labels: tuple[str, ...]) -> Model:
    """Return a network that listens for words of these names."""
    made = random_model(
        14, units=8, ratio=2, inputs=40, classes=len(labels), head_per_frame=True, gain=3.0
    )
    words = dict.fromkeys(labels[:-1], {"threshold": 0.3, "refractory_ms": 300})
    said = {"labels": list(labels), "detector": {"window": 4, "words": words}}
    return dataclasses.replace(made, metadata=listener().metadata | said, name="net")


def cleans(unit: str) -> Model:
    """Return a network that cleans speech whose inputs and outputs have this unit."""
    made = random_enhancer()
    units = {ends: {"units": unit[:40]} for ends in ("inputs", "outputs")}
    return dataclasses.replace(made, metadata=made.metadata | units, name="net")


def sensors(words: tuple[str, ...]) -> Model:
    """Return a network of windows whose inputs and outputs have these names and units."""
    short = [word[:40] for word in words]
    size = len(short)
    made = random_model(15, units=8, ratio=2, inputs=size, classes=size, frames=3, windows=True)
    said = {"inputs": {"names": short, "units": short}, "outputs": {"units": short[::-1]}}
    said["labels"] = list(words)  # type: ignore[assignment]
    return dataclasses.replace(made, metadata=made.metadata | said, name="net")


def several(words: tuple[str, ...]) -> Model:
    """Return a network of two inputs and two outputs whose values have these names and units."""
    a, b, c, *_ = [word[:40] for word in words]
    made = two_ends.network(window=True, frames=2)
    said = {
        "inputs": {"accel": {"names": [a, b, c], "units": c}, "Air pressure": {"units": [b, a]}},
        "outputs": {"gains": {"units": a}, "class": {"names": [c, a, b], "units": [b, c, a]}},
    }
    return dataclasses.replace(made, metadata=made.metadata | said, name="net")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outputs, Outputs]:
    """Return what every template makes of ordinary text, and of hostile text."""
    with pytest.MonkeyPatch.context() as patch:
        return tuple(
            generated(words, tmp_path_factory.mktemp("made"), patch)
            for words in (ORDINARY, HOSTILE)
        )  # type: ignore[return-value]


def generated(words: tuple[str, ...], out: Path, patch: pytest.MonkeyPatch) -> Outputs:
    """Render everything; a file's text by the template that made it."""
    found: Outputs = {}
    render = jinja2.Template.render

    def spy(self: jinja2.Template, *args: Any, **kwargs: Any) -> str:
        made = render(self, *args, **kwargs)
        made.encode()
        found.setdefault(str(self.name), []).append(made)
        return made

    patch.setattr(jinja2.Template, "render", spy)
    for number, word in enumerate(words):
        target = board(word)
        for app in ("stream", "kws"):
            place = out / f"{number}-{app}"
            folder.write(folder.context(target, apps.find(app), ("model.c",), ()), place)
            renode.write(target, "firmware.elf", place, (10, "0123abcd") if app == "kws" else None)
        heard, both = read.load(resources.default_model()), [target, board(word, "nrf52840")]
        context = new._context("lamp", heard, both, None, "zig", bundled=bool(number % 2))
        context = dataclasses.replace(context, words=(word,), no_word=word)
        for template, kind in itertools.product(new._FILES, get_args(new.Kind)):
            made = templates.render(
                f"project/{template}.jinja", dataclasses.replace(context, kind=kind)
            )
            files.write_text(place / template, made)
        files.write_text(place / "recipe.toml", recipe_file.text("lamp", word, word, word))
        recipe_file.enhancement("clean", word, [word, word], word)
    model = network(words)
    context = model_c.model_context(model)
    for name in build._MODEL_FILES:
        templates.render(f"model/{name}.jinja", context)
    cleaner = cleans(words[0])
    for app in apps.APPS.values():
        app.generate(cleaner if app.proof in ("hops", "live") else model, board(words[0]))
    for kind in ("cmake", "zephyr", "arduino", "platformio", "tflm"):
        core = None if kind == "tflm" else "cortex-m4"
        export(model, kind, out / kind, core_name=core)  # type: ignore[arg-type]
        export(sensors(words), kind, out / f"{kind}-windows", core_name=core)  # type: ignore[arg-type]
        if kind != "tflm":
            export(cleaner, kind, out / f"{kind}-cleaner", core_name=core)  # type: ignore[arg-type]
        for start in range(0, len(words) - 2, 3):
            made = several(words[start:])
            export(made, kind, out / f"{kind}-{start}", core_name=core)  # type: ignore[arg-type]
    for make in pages.PAGES.values():
        make(words)
    patch.setattr(jinja2.Template, "render", render)
    return found


def names() -> list[str]:
    root = resources.folder("templates")
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jinja"))


@pytest.mark.slow
def test_every_template_is_rendered_here(everything: tuple[Outputs, Outputs]) -> None:
    for made in everything:
        assert made.keys() | ABSTRACT >= set(names())


# How a line looks that may differ, in languages that no parser is at hand for.
COMMENTS = {
    "CMakeLists.txt": r"#[^\n]*",
    "cmake": r"#[^\n]*",
    "ld": r"/\*(?:(?!\*/).)*\*/",
    "repl": r"//.*",
    "resc": r":name: .*",
    "resource": r"Keywords for images of mcu-ghost on .*",
    "robot": r"(?!\*).*\. Generated by mcu-ghost\. Run with: renode-test board\.robot",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in names() if n not in ABSTRACT])
def test_what_is_generated_keeps_its_shape(name: str, everything: tuple[Outputs, Outputs]) -> None:
    ordinary, wild = (made[name] for made in everything)
    assert len(ordinary) == len(wild)
    file = name.removesuffix(".jinja")
    kind = file.rpartition("/")[2] if file.endswith("CMakeLists.txt") else file.rpartition(".")[2]
    for plain, odd in zip(ordinary, wild, strict=True):
        if kind in ("yml", "yaml"):
            assert yaml.safe_load(odd) == yaml.safe_load(plain)
        elif kind == "toml":
            assert said(tomllib.loads(odd), HOSTILE) == said(tomllib.loads(plain), ORDINARY)
        elif kind == "json":
            assert json.loads(odd) == json.loads(plain)
        elif kind == "html":
            assert tags(odd) == tags(plain)
        elif kind in ("c", "h", "cc", "ino"):
            assert "??" not in odd and "\\\n" not in odd
            assert tokens(odd) == tokens(plain)
        elif kind == "md":
            assert outline(odd) == outline(plain)
        else:
            lines = list(zip(plain.split("\n"), odd.split("\n"), strict=True))
            changed = [new for old, new in lines if old != new]
            assert all(re.fullmatch(COMMENTS[kind], line) for line in changed), changed
            assert all(line.isprintable() and "\\" not in line for line in changed)


def said(value: Any, words: tuple[str, ...]) -> Any:
    """Return what TOML says, with each of the words, if it is whole, as its number."""
    if isinstance(value, dict):
        return {key: said(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [said(item, words) for item in value]
    return words.index(value) if value in words else value


def tokens(source: str) -> list[str]:
    """Return what C consists of, as a compiler splits it, but for the numbers of arrays."""
    form = r"""(?P<gone>/\*.*?\*/|//[^\n]*|\s+)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\w+|."""
    found = [m for m in re.finditer(form, source, re.DOTALL) if not m["gone"]]
    words = ['""' if m[0].startswith('"') and len(m[0]) > 1 else m[0] for m in found]
    return [word for word in words if word != "," and not word.isdigit()]


def tags(source: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the tags of a page with the names of their attributes, and what it refers to."""
    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            # A bar says its name if that fits.
            if tag != "text":
                found.append((tag, tuple(name for name, _ in attributes)))

        def handle_comment(self, data: str) -> None:
            found.append(("a comment", (data,)))

        def handle_decl(self, decl: str) -> None:
            found.append(("a declaration", (decl,)))

    Reader(convert_charrefs=True).feed(source)
    return found


def outline(source: str) -> list[str]:
    """Return how each line of Markdown begins, and all that is markup in it."""
    lines = []
    for line in source.split("\n"):
        if line.startswith("    "):  # code
            lines.append("    " + "".join(re.findall(r"[`<>|\\]", line)))
            continue
        bare = re.sub(r"\\[^\w\s]", "", line)
        lines.append(re.match(r"[#>*+|-]*", bare)[0] + "".join(re.findall(r"[`*<>\[\]|#!]", bare)))  # type: ignore[index]
    return lines


@pytest.mark.slow
def test_labels_arrive_as_they_are(everything: tuple[Outputs, Outputs]) -> None:
    """The words in an export and in an image are the bytes of the labels."""
    strings = r'"((?:\\.|[^"\\\n])*)"'
    for name, decode in (
        ("export/listener.c.jinja", lambda data: data.decode()),
        ("sound/detector.c.jinja", lambda data: json.loads(b'"' + data + b'"')),
    ):
        source = everything[1][name][0].split("{\n", 1)[1]
        found = re.findall(strings, source)
        octets = [re.sub(rb"\\([0-7]{3})|\\(.)", octet, s.encode()) for s in found]
        assert [decode(o) for o in octets][: len(HOSTILE) - 1] == list(HOSTILE[:-1])


def octet(escape: re.Match[bytes]) -> bytes:
    return bytes([int(escape[1], 8)]) if escape[1] else escape[2]


@pytest.mark.slow
@pytest.mark.toolchain
def test_a_compiler_has_nothing_to_say(everything: tuple[Outputs, Outputs], tmp_path: Path) -> None:
    gcc = need("gcc", "gcc")
    firmware = resources.folder("firmware")
    headers = "\n".join(f"#define {m}" for m in ("DETECTOR_WORDS 21", "DETECTOR_WINDOW 4u"))
    (tmp_path / "detector.h").write_text(
        f'{headers}\n#include "sound/ghost_detector.h"\n'
        "extern const ghost_detector_params detector;\n"
    )
    sources = {"detector.c": everything[1]["sound/detector.c.jinja"][0]}
    sources |= {f"board{i}.c": made for i, made in enumerate(everything[1]["build/board.h.jinja"])}
    for name, source in sources.items():
        (tmp_path / name).write_text(source + "\ntypedef int something;\n")
    command = [gcc, "-std=gnu11", *WARNINGS, "-fsyntax-only", f"-I{firmware}", f"-I{tmp_path}"]
    done = subprocess.run(
        [*command, *(tmp_path / n for n in sources)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("word", hostile.TEXTS.values())
def test_names_are_refused_before_anything_is_generated(word: str, tmp_path: Path) -> None:
    model = network(ORDINARY)
    with pytest.raises(GhostError, match="A network cannot be called"):
        model_c.model_context(dataclasses.replace(model, name=word))
    with pytest.raises(GhostError, match="A library cannot be called"):
        export(model, "cmake", tmp_path / "out", core_name="any", name=word)
    with pytest.raises(GhostError, match="is no name for a project|cannot be|no such folder"):
        new.create(tmp_path / word, ["nrf52840"])
    assert not list(tmp_path.iterdir())
