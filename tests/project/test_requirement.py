# SPDX-License-Identifier: Apache-2.0
"""What a new project is installed from, by where this mcu-ghost came from (PEP 610)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.version import __version__
from mcu_ghost.project import requirement
from tests.conftest import ROOT

GIT = "https://example.org/mcu-ghost.git"


@pytest.mark.parametrize(
    ("origin", "needed"),
    [
        ({}, f"mcu-ghost[{{extra}}]=={__version__}"),
        (
            {"url": GIT, "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            f"mcu-ghost[{{extra}}] @ git+{GIT}@0a1b",
        ),
        (
            {"url": GIT, "vcs_info": {"vcs": "git", "commit_id": "0a"}, "subdirectory": "py"},
            f"mcu-ghost[{{extra}}] @ git+{GIT}@0a#subdirectory=py",
        ),
        (
            {"url": "https://example.org/m.whl", "archive_info": {}},
            "mcu-ghost[{extra}] @ https://example.org/m.whl",
        ),
    ],
)
def test_where_it_came_from(
    origin: dict[str, Any], needed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirement, "_origin", lambda: origin)
    assert requirement.requirement(tmp_path) == needed
    assert not list(tmp_path.iterdir())


def test_a_wheel_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "a b" / "mcu_ghost-9-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"a wheel")
    monkeypatch.setattr(requirement, "_origin", lambda: {"url": wheel.as_uri()})
    needed = requirement.requirement(tmp_path / "lamp")
    assert needed == "./wheels/mcu_ghost-9-py3-none-any.whl[{extra}]"
    assert (tmp_path / "lamp" / "wheels" / wheel.name).read_bytes() == b"a wheel"


@pytest.mark.parametrize("url", ["https://example.org/a b", "https://x\n--pre", "https://x/{y}"])
def test_what_no_requirement_can_name(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirement, "_origin", lambda: {"url": url})
    with pytest.raises(GhostError, match="no requirement can name"):
        requirement.requirement(tmp_path)


@pytest.mark.slow
def test_a_checkout_becomes_a_wheel_that_pip_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = {"url": ROOT.as_uri(), "dir_info": {"editable": True}}
    monkeypatch.setattr(requirement, "_origin", lambda: origin)
    needed = requirement.requirement(tmp_path)
    (tmp_path / "requirements.txt").write_text(needed.format(extra="emulate") + "\n")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--target", "there", "-r", "requirements.txt"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "there" / "mcu_ghost" / "_data" / "templates").is_dir()
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert "mcu_ghost/cli/__init__.py" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow  # runs pip
def test_a_folder_that_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "_origin", lambda: {"url": tmp_path.as_uri(), "dir_info": {}})
    with pytest.raises(GhostError, match="pip cannot make a wheel of that"):
        requirement.requirement(tmp_path / "lamp")
