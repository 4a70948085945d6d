# SPDX-License-Identifier: Apache-2.0
"""How tools are found, and the line that installs each on a system."""

from __future__ import annotations

import re
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcu_ghost.host import tools
from mcu_ghost.host.tools import TOOLS, Tool
from tests.conftest import ROOT


def program(folder: Path, name: str, says: str = "") -> Path:
    """Write a program that prints something."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it; return the one folder on its PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("RENODE_PATH", "RENODE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(tools.ctypes.util, "find_library", lambda name: None)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "scripts"))
    return folder


def test_nothing_is_found_where_nothing_is(bare: Path) -> None:
    for name, tool in TOOLS.items():
        assert tool.find() is None
        told = tools.missing(name) or ""
        assert told.endswith(f" is not installed: {tool.install}") and tool.install


@pytest.mark.parametrize(
    ("system", "manager", "name", "line"),
    [
        ("linux", "apt", "qemu", "sudo apt install qemu-system-arm"),
        ("linux", "apt", "arm-none-eabi-gcc", "sudo apt install gcc-arm-none-eabi"),
        ("linux", "dnf", "arm-none-eabi-gcc", "sudo dnf install arm-none-eabi-gcc-cs"),
        ("darwin", "brew", "arm-none-eabi-gcc", "brew install --cask gcc-arm-embedded"),
        ("darwin", "brew", "qemu", "brew install qemu"),
        ("win32", "winget", "qemu", "winget install SoftwareFreedomConservancy.QEMU"),
        ("win32", "winget", "flite", "build it from https://github.com/festvox/flite"),
        ("linux", "pacman", "qemu", "install it from https://www.qemu.org/download"),
        ("linux", "apt", "zig", "pip install ziglang"),
        ("win32", "winget", "unicorn", "pip install 'mcu-ghost[emulate]'"),
    ],
)
def test_the_line_for_a_system(
    bare: Path, monkeypatch: pytest.MonkeyPatch, system: str, manager: str, name: str, line: str
) -> None:
    program(bare, manager)
    monkeypatch.setattr(sys, "platform", system)
    # A POSIX program stands in for Windows', where names end in .exe.
    monkeypatch.setattr(
        tools.shutil, "which", lambda n, path=None: str(bare / n) if (bare / n).is_file() else None
    )
    assert TOOLS[name].install == line


def test_debian_comes_before_a_dnf_that_happens_to_be_there(bare: Path) -> None:
    program(bare, "dnf")
    assert TOOLS["espeak-ng"].install == "sudo dnf install espeak-ng"
    program(bare, "apt")
    assert TOOLS["espeak-ng"].install == "sudo apt install espeak-ng"


def test_a_program_in_a_package_then_beside_python_then_on_path(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = TOOLS["cmake"]
    on_path = program(bare, "cmake")
    assert tool.find() == on_path
    beside = program(tmp_path / "scripts", "cmake")
    assert tool.find() == beside
    inside = program(tmp_path / "site" / "cmake" / "data" / "bin", "cmake")
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "site" / "cmake")])
    monkeypatch.setattr(
        tools.importlib.util, "find_spec", lambda name: spec if name == "cmake" else None
    )
    assert tool.find() == inside
    assert tools.missing("cmake") is None


def test_what_is_beside_python_is_not_taken_for_a_program_of_the_system(
    bare: Path, tmp_path: Path
) -> None:
    program(tmp_path / "scripts", "renode")
    assert TOOLS["renode"].find() is None


def test_a_variable_names_a_program_or_its_folder(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path / "portable", "renode")
    for value in (path, path.parent):
        monkeypatch.setenv("RENODE_ROOT", str(value))
        assert TOOLS["renode"].find() == path
    path.chmod(0o644)
    assert TOOLS["renode"].find() is None


def test_a_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "explosive.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert Tool("", module="explosive").find() == tmp_path / "explosive.py"


def test_a_library_is_the_systems_or_a_packages(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = TOOLS["portaudio"]
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "site")])
    packages = {"_sounddevice_data": spec}
    monkeypatch.setattr(tools.importlib.util, "find_spec", packages.get)
    assert tool.find() == tmp_path / "site"
    libraries = {"portaudio": "libportaudio.so.2"}
    monkeypatch.setattr(tools.ctypes.util, "find_library", libraries.get)
    assert tool.find() == Path("libportaudio.so.2")


def test_extras_are_ones_that_bring_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, tool in TOOLS.items():
        extra = re.search(r"mcu-ghost\[(\w+)\]", tool.pip)
        lines = project["optional-dependencies"][extra[1]] if extra else project["dependencies"]
        brought = {re.split(r"[<>=\s]", line)[0] for line in lines}
        assert not tool.pip or (name if extra else tool.pip) in brought
