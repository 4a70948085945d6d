# SPDX-License-Identifier: Apache-2.0
"""Serial numbers and paths of any characters: in every command they are data, or refused."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import flash as flashing
from mcu_ghost.boards.flash.choose import Wanted
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.boards.flash.run import Step
from mcu_ghost.host import escape
from mcu_ghost.host.errors import GhostError
from tests import hostile
from tests.boards.flash.images import elf, program

FOLDERS = ["a b", "a\nexit", "-x", "a;halt\"'[exec evil]$(evil)`evil`{\\%a%"]
SERIALS = ["Tcl", "lines", "shell"]


def words_of_tcl(script: str) -> list[list[str]]:
    """Return the commands that a real Tcl makes of a script, by their words."""
    tkinter = pytest.importorskip("tkinter", reason="needs Python with Tcl")
    tcl = tkinter.Tcl()
    seen: list[list[str]] = []
    for name in ("adapter", "transport", "write"):
        tcl.createcommand(name, lambda *words, name=name: seen.append([name, *words]))
    # What OpenOCD's own procedure of that name does with a path.
    tcl.eval("proc program {file args} { set file \\{$file\\}; eval write $file }")
    tcl.eval(script)
    return seen


def plan_of(method: str, folder: Path, wanted: Wanted) -> flashing.Plan:
    all_boards = map(boards.load, boards.names())
    board = next((b for b in all_boards if method in b.flashing.methods), boards.load("nrf52840"))
    methods = (*board.flashing.methods, method)
    board = dataclasses.replace(
        board, flashing=dataclasses.replace(board.flashing, methods=methods)
    )
    folder.mkdir()
    path = elf(folder / "firmware.elf", board, program(board), board.name)
    return flashing.prepare(board, path, dataclasses.replace(wanted, method=method), dry_run=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", FOLDERS)
def test_every_path(
    method: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs are given a path that means nothing to them; what is written is the same."""
    monkeypatch.chdir(tmp_path)
    plan = plan_of(method, Path(name), Wanted())
    for step in (*plan.procedure.steps, *plan.procedure.unlock):
        if not isinstance(step, Step):
            assert step.source.is_file()
            continue
        assert name == "a b" or f"{name}/" not in str(step)
        assert all(word.isprintable() for word in step.command)
        assert not any(word.startswith("-x/") for word in step.command)
        if step.script is not None:
            lines = step.script.read_text().splitlines()
            assert len(lines) == len([line for line in lines if re.fullmatch(r"[^;\[$`]+", line)])
            assert lines.count("exit") == 1 and lines[-1] == "exit"
    if method == "openocd":
        words = words_of_tcl(plan.procedure.steps[0].command[-1])
        assert len(words) == 1 and Path(words[0][1]).is_file()


@pytest.mark.parametrize("method", [m for m in METHODS if METHODS[m].through in ("probe", "usb")])
@pytest.mark.parametrize("aim", SERIALS)
def test_every_serial_number(
    method: str, aim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    serial = hostile.TEXTS[aim]
    try:
        plan = plan_of(method, Path("folder"), Wanted(probe=serial))
    except GhostError as refused:
        assert method == "openocd" and str(refused).startswith("The serial number ")
        return
    for step in (*plan.procedure.steps, *plan.procedure.unlock):
        assert isinstance(step, Step)
        alone = [word for word in step.command if serial in word]
        if method == "openocd":
            script = next(word for word in step.command if word.startswith("adapter serial"))
            assert words_of_tcl(script) == [["adapter", "serial", serial]]
        elif alone:
            assert alone in ([serial], [f":{serial}"]), alone
        if step.script is not None:
            assert serial not in step.script.read_text()
        assert shlex.split(str(step)) == list(step.command)


@pytest.mark.parametrize("aim", hostile.TEXTS)
def test_a_word_of_tcl(aim: str) -> None:
    text = hostile.TEXTS[aim]
    for quote in (escape.tcl, escape.braced):
        try:
            assert words_of_tcl(f"write {quote(text, 'It')} end") == [["write", text, "end"]]
        except GhostError as refused:
            assert not text.isprintable() or set(text) & set("{}\\"), refused
    assert escape.tcl("000683123456", "It") == "000683123456"
    assert escape.tcl("", "It") == "{}"


@pytest.mark.parametrize("aim", hostile.TEXTS)
def test_a_word_in_quotes(aim: str) -> None:
    text = hostile.TEXTS[aim]
    try:
        assert shlex.split(f"compare 0x0 {escape.quoted(text, 'It')}") == ["compare", "0x0", text]
    except GhostError as refused:
        assert not text.isprintable() or set(text) & set('"\\;'), refused


def test_a_label_is_no_pattern(desk: Callable[..., object]) -> None:
    from mcu_ghost.boards.flash import devices

    desk.drive("JLINK")  # type: ignore[attr-defined]
    assert len(devices.volumes("JLINK")) == 1
    assert (
        devices.volumes("J*") == devices.volumes("[A-Z]*") == devices.volumes("../me/JLINK") == []
    )
