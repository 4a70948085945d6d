# SPDX-License-Identifier: Apache-2.0
"""The package as it is installed: sdist, wheel, an empty environment, another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from mcu_ghost.host.version import __version__
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist and, from it, the wheel."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(out.glob("*.whl"))


@pytest.mark.toolchain
def test_the_wheel_holds_what_a_build_needs_and_no_junk(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "mcu_ghost/_data/templates/model/model.c.jinja" in names
    assert "mcu_ghost/_data/firmware/kernels/ghost_nn.h" in names
    assert "mcu_ghost/_data/templates/export/library.h.jinja" in names
    assert "mcu_ghost/boards/nrf52840.toml" in names
    assert "mcu_ghost/models/wake_words.tflite" in names
    assert "mcu_ghost/models/clean_speech.tflite" in names
    junk = (".pyc", ".o", ".so", ".elf")
    assert not [n for n in names if n.endswith(junk) or n.startswith(("tests/", "experiments/"))]
    assert wheel.stat().st_size < 2 << 20


@pytest.mark.toolchain
def test_an_installed_wheel_builds_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    """Its own files only: the environment sees this one's dependencies, not this checkout."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    # Borrow this environment's packages, but not its editable install of the project.
    site = Path(json.__file__).parent.parent / "site-packages"
    borrowed = [p for p in sys.path if p.endswith("site-packages")] or [str(site)]
    code = (
        "import sys; sys.path += sys.argv[1].split(':'); import mcu_ghost.host.resources as r; "
        "assert '_data' in str(r.folder('templates')), r.folder('templates'); "
        "assert 'Apache License' in r.licence(); "
        "sys.argv = ['mcu-ghost', 'build', '-b', 'nrf52840', '--toolchain', 'zig', '--json']; "
        "from mcu_ghost.cli import main; main()"
    )
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [python, "-c", code, ":".join(borrowed)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=clean)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / json.loads(result.stdout)["elf"]).is_file()


def test_it_is_cited_as_what_it_is() -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (said["title"], said["license"]) == (project["name"], project["license"])
    assert said["version"] == __version__


def test_a_container_runs_what_the_readme_says() -> None:
    told = (ROOT / "Dockerfile").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in ("make demo", "make test"):
        assert command in readme
    assert "RUN make demo\n" in told and told.endswith('CMD ["make", "test"]\n')
    needed = {"git", "make", "python3"}
    assert needed <= set(told.split()) and all(word in readme for word in ("git", "make"))
