# SPDX-License-Identifier: Apache-2.0
"""The Python API: lazy, typed, the same in any order of imports; its examples run as written."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mcu_ghost
from mcu_ghost.host import resources
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "python.md"
_BLOCK = re.compile(r"^(<!-- needs a board -->\n)?```python\n(.*?)^```$", re.M | re.S)
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}


def fresh(code: str, cwd: Path | None = None) -> str:
    """Run code in an interpreter of its own and return what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=_ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def blocks(board: bool) -> list[str]:
    """Return the page's examples, those for a real board included or not."""
    return [code for needs, code in _BLOCK.findall(PAGE.read_text("utf-8")) if board or not needs]


def test_imports_types_and_places_name_the_same() -> None:
    tree = ast.parse(Path(mcu_ghost.__file__).read_text("utf-8"))
    (typed,) = [n for n in tree.body if isinstance(n, ast.If) and "not" not in ast.unparse(n.test)]
    places = {}
    for line in typed.body:
        assert isinstance(line, ast.ImportFrom) and line.level == 1
        for alias in line.names:
            other = f":{alias.name}" if alias.name != alias.asname else ""
            places[alias.asname] = (line.module or "") + other
    places["build"] = ""  # the package, which is called
    assert places == mcu_ghost._PLACES  # type: ignore[attr-defined]
    assert sorted(places) == sorted(mcu_ghost.__all__)


@pytest.mark.parametrize("name", mcu_ghost.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(mcu_ghost, name)
    assert value.__doc__ and name in dir(mcu_ghost)
    assert callable(value) or name in ("boards", "reference")
    package = ROOT / "mcu_ghost" / name
    assert not package.exists() or name in ("boards", "build"), "a package would take its place"


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match="module 'mcu_ghost' has no attribute 'biuld'"):
        getattr(importlib.import_module("mcu_ghost"), "bi" + "uld")


def test_importing_it_costs_next_to_nothing() -> None:
    """Neither time nor modules: none of others, and of its own only the version."""
    code = (
        "import sys, time, json; before = set(sys.modules); start = time.process_time();"
        "import mcu_ghost; took = time.process_time() - start;"
        "print(json.dumps([took, sorted(set(sys.modules) - before)]))"
    )
    runs = [json.loads(fresh(code)) for _ in range(3)]
    assert min(took for took, _ in runs) < 0.03
    modules = {"__future__", "mcu_ghost", "mcu_ghost.host", "mcu_ghost.host.version"}
    assert set(runs[0][1]) <= modules


def test_no_name_imports_tensorflow() -> None:
    code = (
        "import sys, mcu_ghost\n"
        "for name in mcu_ghost.__all__: getattr(mcu_ghost, name)\n"
        "mcu_ghost.build.build\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'tf_keras', 'keras')]\n"
        "assert not bad, bad\n"
    )
    fresh(code)


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        "import mcu_ghost; mcu_ghost.build; mcu_ghost.boards; import mcu_ghost.build.build",
        "import mcu_ghost.build.build; import mcu_ghost.boards.flash.flash; import mcu_ghost",
        "from mcu_ghost.build import build, folder; from mcu_ghost import boards; import mcu_ghost",
        "from mcu_ghost import build, boards, prove; import mcu_ghost; mcu_ghost.prove",
        "from mcu_ghost import *; import mcu_ghost; import mcu_ghost.proof.verify",
    ],
)
def test_names_mean_the_same_in_any_order(imports: str) -> None:
    """What is a package too is called and looked into, whoever imported what first."""
    code = (
        imports
        + """
import inspect, sys, types
assert mcu_ghost.build is sys.modules["mcu_ghost.build"] and callable(mcu_ghost.build)
try:
    mcu_ghost.build(None, mcu_ghost.boards.load("microbit"), "steam")
except mcu_ghost.GhostError as error:
    assert "no app 'steam'" in str(error)
else:
    raise AssertionError("it was built")
assert "nrf52840" in mcu_ghost.boards.names()
from mcu_ghost.build import build as module
assert isinstance(module, types.ModuleType) and inspect.isfunction(module.build)
import mcu_ghost.build.build as also
assert also is module
from mcu_ghost import verify, profile, export, flash, listen, load
assert all(map(inspect.isfunction, (verify, profile, export, flash, listen, load)))
assert verify is mcu_ghost.verify and profile is mcu_ghost.profile
"""
    )
    fresh(code)


@pytest.mark.slow
def test_a_type_checker_sees_what_everything_is(tmp_path: Path) -> None:
    example = tmp_path / "example.py"
    known = {
        'mcu_ghost.load("a")': "mcu_ghost.network.model.Model",
        'mcu_ghost.boards.load("a")': "mcu_ghost.boards.board.Board",
        "mcu_ghost.boards.names()": "list[str]",
        "mcu_ghost.build(model, board)": "mcu_ghost.build.build.Built",
        "build(model, board, 'kws', 'b').app": "mcu_ghost.build.apps.app.App",
        "mcu_ghost.build(model, board).toolchain": "mcu_ghost.build.toolchain.Toolchain",
        "mcu_ghost.prove(model, board)": "mcu_ghost.proof.on_emulator.Proof",
        "mcu_ghost.prove(model, board).comparison": "mcu_ghost.proof.verify.Comparison",
        "mcu_ghost.profile(model, board)": "mcu_ghost.proof.profile.profile.Profile",
        "mcu_ghost.listen(model, board)": "mcu_ghost.proof.keywords.Listened",
        "mcu_ghost.verify(model, board)": "mcu_ghost.proof.on_board.Measured",
        'mcu_ghost.flash(board, "f.hex")': "mcu_ghost.boards.flash.flash.Plan",
        'mcu_ghost.export(model, "cmake", "lib")': "mcu_ghost.build.export.Export",
    }
    lines = ["import mcu_ghost", "from mcu_ghost import Board, GhostError, Model, build"]
    lines += ['model: Model = mcu_ghost.load("a")', 'board: Board = mcu_ghost.boards.load("b")']
    lines += [f"reveal_type({expression})" for expression in known]
    wrong = ["mcu_ghost.build(board, model)", "mcu_ghost.biuld(model, board)"]
    example.write_text("\n".join([*lines, *wrong]) + "\n")
    page = tmp_path / "page.py"
    page.write_text("\n".join(blocks(board=True)))
    command = [sys.executable, "-m", "mypy", "--strict", "--hide-error-context", "--no-pretty"]
    done = subprocess.run([*command, "--config-file", str(ROOT / "pyproject.toml"), example, page],
                          capture_output=True, text=True, cwd=ROOT, env=_ENVIRONMENT)  # fmt: skip
    found = re.findall(r'note: Revealed type is "(.*)"', done.stdout)
    assert [name.replace("builtins.", "") for name in found] == list(known.values()), done.stdout
    errors = [line for line in done.stdout.splitlines() if " error: " in line]
    places = {int(line.split(":")[1]) - len(lines) for line in errors if "example.py" in line}
    assert places == {1, 2} and not [e for e in errors if "example.py" not in e], errors


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_examples_of_the_page_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(resources.default_model(), "wake_words.tflite")
    clip = next(c for c in resources.demo_clips() if c.name.startswith("alexa_"))
    shutil.copy(clip, "alexa.flac")
    namespace: dict[str, object] = {}
    shown = blocks(board=False)
    assert len(shown) == 10 == len(blocks(board=True)) - 1
    for code in shown:
        exec(compile(code, str(PAGE), "exec"), namespace)
    said = capsys.readouterr().out
    assert "alexa.flac ['alexa']" in said and "microbit has no microphone" in said
    assert Path("out/words/firmware.elf").is_file() and Path("out/library/README.md").is_file()


def test_the_page_names_all_that_is_public() -> None:
    page = PAGE.read_text("utf-8")
    table = page.partition("## Names")[2]
    missing = [n for n in mcu_ghost.__all__ if n not in ("App", "GhostError") and n not in table]
    assert not missing and "GhostError" in page
    assert "docs/python.md" in (ROOT / "README.md").read_text("utf-8")
