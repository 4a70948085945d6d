# SPDX-License-Identifier: Apache-2.0
"""The notebook runs from top to bottom, and is kept without what it printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "costs-notebook.ipynb"


def test_no_output_is_kept() -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install '.[dev]'")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert NOTEBOOK.stat().st_size < 8000


@pytest.mark.slow
@pytest.mark.toolchain
@pytest.mark.emulator
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install '.[dev]'")
    nbclient = pytest.importorskip("nbclient", reason="pip install '.[dev]'")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=400, resources=resources).execute()
    said = "".join(
        out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ())
    )
    assert "wake_words hears alexa" in said and "mps3-an547" in said
    assert "→ ['alexa']" in said
