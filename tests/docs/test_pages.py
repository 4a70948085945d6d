# SPDX-License-Identifier: Apache-2.0
"""Every line of every page could be run, every link leads somewhere, every name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

from mcu_ghost import boards
from mcu_ghost.boards import board as board_files
from mcu_ghost.cli import cli
from mcu_ghost.project import ghost_toml
from mcu_ghost.train import recipe
from mcu_ghost.train.enhancement import recipe as enhancement
from tests import test_python
from tests.conftest import ROOT
from tests.docs.not_run import NOT_RUN
from tests.docs.pages import (
    COMMANDS,
    PAGES,
    SHOWN,
    TUTORIALS,
    anchors,
    blocks,
    links,
    spans,
    steps,
    words,
)

NAMES = {"NAME": "nrf52840", "KIND": "cmake", "VERB": "build"}  # what the pages leave open
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
OF_A_PROJECT = ["tests/test_firmware.py"]  # of a user's, that is
EXPERIMENTS = "".join(f.read_text("utf-8") for f in (ROOT / "experiments").rglob("*.py"))
OF_OTHERS = {"--verify", *re.findall(r'"(--[a-z]+)"', EXPERIMENTS)}  # probe-rs's, experiments'


def every_option(command: click.Command) -> set[str]:
    """Return the options of a command and of those below it."""
    context = click.Context(command)
    found = {name for option in command.get_params(context) for name in option.opts}
    if isinstance(command, click.Group):
        below = [command.get_command(context, name) for name in command.list_commands(context)]
        found = found.union(*(every_option(one) for one in below if one is not None))
    return found


OPTIONS = every_option(cli)


def parse(line: list[str]) -> None:
    """Read a line of ours as the command line does, and do nothing."""
    command: click.Command = cli
    context = click.Context(cli, info_name="mcu-ghost")
    while isinstance(command, click.Group) and line and line[0] != "--help":
        found = command.get_command(context, line[0])
        assert found is not None, f"there is no verb {line[0]}"
        command, context = found, click.Context(found, parent=context)
        line = line[1:]
    values, rest, _ = command.make_parser(context).parse_args(list(line))
    assert not rest, f"nothing takes {rest}"
    for parameter in command.params:
        value = values.get(parameter.name or "")
        if isinstance(value, str | list | tuple):
            parameter.type_cast_value(context, value)
        if parameter.name == "board" and isinstance(value, str):
            assert value in boards.names()


def could_run(line: str) -> None:
    """Check whether everything that a line names is there."""
    program, *rest = words(line, NAMES)
    if program == "mcu-ghost":
        parse(rest)
    elif program == "make":
        assert set(rest) <= set(TARGETS)
    elif program == "pip":
        named = re.search(r"\[([\w,]+)\]", line)
        assert rest[0] == "install"
        assert named is None or set(named[1].split(",")) <= set(PROJECT["optional-dependencies"])
    elif program == "apt":
        assert rest[0] == "install"
    elif program == "python":
        name = rest[1].split(".") if rest[0] == "-m" else [rest[0].removesuffix(".py")]
        file = next((p for p in (Path(*name, "__main__.py"), Path(*name).with_suffix(".py"))
                     if (ROOT / p).is_file()), None)  # fmt: skip
        assert file is not None, f"there is no {rest}"
        options = [word for word in rest if word.startswith("--")]
        code = "".join(f.read_text("utf-8") for f in (ROOT / file).parent.glob("*.py"))
        assert all(f'"{option}"' in code for option in options), options
    elif program == "renode-test":
        assert (ROOT / "templates" / f"{rest[0]}.jinja").is_file()
    else:
        assert program == ".venv/bin/pytest" or program == "cd", f"what is {program}?"


def test_the_pages_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/data.md", "docs/experiments/kws.md"} <= set(PAGES)
    assert len([step for page in COMMANDS for step in steps(page)]) > 80


@pytest.mark.parametrize("page", COMMANDS)
def test_a_block_is_lines_for_a_shell_or_says_what_it_is(page: str) -> None:
    """So that no line is missed: what is fenced as something else holds none."""
    for block in blocks(page):
        assert block.language in ("shell", "python", "toml", "yaml", *SHOWN), block
        if block.language in SHOWN:
            assert not re.search(r"^\s*(mcu-ghost|pip|python|make|cmake) ", block.text, re.M), block


@pytest.mark.parametrize("page", [page for page in COMMANDS if page not in TUTORIALS])
def test_every_line_could_be_run(page: str) -> None:
    for step in steps(page):
        if step.language == "shell" and "_MCU_GHOST_COMPLETE" not in step.text:
            could_run(step.text)


def test_what_is_not_run_stands_on_its_page() -> None:
    assert set(NOT_RUN) <= {(step.page, step.text) for page in COMMANDS for step in steps(page)}


def test_another_file_runs_the_python_of_its_page() -> None:
    shown = [block.text for block in blocks("docs/python.md") if block.language == "python"]
    assert shown == test_python.blocks(board=True)


@pytest.mark.parametrize("page", COMMANDS)
def test_what_the_text_names_is_there(page: str) -> None:
    """Lines within the text, folders and files of this repository, options."""
    for span in spans(page):
        code = span.content if span.type == "code_inline" else ""
        if re.match(r"(mcu-ghost|python -m|make) [a-z]", code):
            could_run(re.sub(r" (>.*|…)$", "", code))
        elif re.fullmatch(r"(tests|mcu_ghost|firmware|templates|experiments|docs)/[\w./]+", code):
            there = (ROOT / code).exists() or code in OF_A_PROJECT
            assert there or re.search("[A-Z]{4}", code), code  # NAME, KIND, FAMILY: what is new
        elif re.match("--[a-z]", code):
            assert re.split("[ =]", code)[0] in OPTIONS | OF_OTHERS, code


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in links(page):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (ROOT / page).parent / place if place else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT.resolve()).as_posix()), link


@pytest.mark.parametrize("page", ["docs/hardware.md", "docs/renode.md", "docs/training.md"])
def test_what_is_to_be_put_into_a_file_may_stand_there(page: str, tmp_path: Path) -> None:
    found = [block.text for block in blocks(page) if block.language == "toml"]
    assert found
    for number, text in enumerate(found):
        file = tmp_path / f"n{number}.toml"
        if page == "docs/training.md" or "[[negatives]]" in text:
            whole = text if "[words]" in text else '[words]\nfolders = ["lamp"]\n' + text
            file.write_text(whole, "utf-8")
            recipe.read(file)
        else:
            bundled = Path(board_files.__file__).with_name("nrf52832dk.toml")
            file.write_text(f"{bundled.read_text('utf-8')}\n{text}", "utf-8")
            boards.load_file(file)


def test_recipe_and_project_of_clean_speech_may_stand_there(tmp_path: Path) -> None:
    found = [b.text for b in blocks("docs/enhancement.md") if b.language == "toml"]
    kinds = {"task": enhancement.read, "boards": ghost_toml.read}
    assert len(found) == len(kinds)
    for text in found:
        file = tmp_path / "clean.toml"
        file.write_text(text, "utf-8")
        kinds[text.split()[0]](file)
