# SPDX-License-Identifier: Apache-2.0
"""Model files of other frameworks and halves of models are called by their names."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import foreign
from tests.cli.in_process import refusal

ARCHITECTURE = json.dumps({"class_name": "Sequential", "config": {"layers": []}}).encode()
# The first bytes of protobufs: ir_version 8, the producer's name; a graph's first node.
ONNX = b"\x08\x08\x12\x07pytorch:\x00onnx::GRU"
GRAPH = b"\n\x1b\n\x05input\x12\x0bPlaceholder"


def archive(path: Path, **entries: str) -> Path:
    """Write a zip file; `a__b` is `a/b`, and every name ends in .json."""
    with zipfile.ZipFile(path, "w") as file:
        for name, text in entries.items():
            file.writestr(f"{name.replace('__', '/')}.json", text)
    return path


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("net.json", ARCHITECTURE, "holds the layers of a network, and no weights"),
        ("some.json", b"{}", "is JSON, and no model"),
        ("frozen.pb", GRAPH, "is a frozen graph of TensorFlow 1"),
        ("net.tflite", b"\x1c\0\0\0TFL3", "is a .tflite already: `mcu-ghost build"),
        ("old.pt", b"\x80\x02\x8a", "is a Python pickle"),
    ],
)
def test_by_their_first_bytes(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GhostError) as caught:
        foreign.refuse(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: {told}")


def test_archives(tmp_path: Path) -> None:
    old = archive(tmp_path / "old", metadata='{"keras_version": "2.21.0"}', config="{}")
    foreign.refuse(old)
    new = archive(tmp_path / "new", metadata='{"keras_version": "3.9.0"}', config="{}")
    foreign.refuse(new)
    exported = archive(tmp_path / "exported", net__models__model="{}")
    with pytest.raises(GhostError, match="is a program by torch.export"):
        foreign.refuse(exported)
    for inner, told in (("code/__torch__.py", "TorchScript"), ("version", "state dict")):
        path = tmp_path / inner.partition("/")[0]
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("net/data.pkl", b"")
            file.writestr(f"net/{inner}", b"")
        with pytest.raises(GhostError, match=told):
            foreign.refuse(path)
    with pytest.raises(GhostError, match="saved_model.pb is missing"):
        foreign.refuse(tmp_path)


def test_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "only.weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"gru"]
    with pytest.raises(GhostError, match="holds weights, and no network"):
        foreign.refuse(tmp_path / "only.weights.h5")
    for version in ("2.21.0", "3.1"):
        with h5py.File(tmp_path / "whole.h5", "w") as file:
            file.attrs["keras_version"], file.attrs["model_config"] = version, "{}"
        foreign.refuse(tmp_path / "whole.h5")


def test_convert_says_so_at_once(tmp_path: Path) -> None:
    (tmp_path / "net.pb").write_bytes(GRAPH)
    said = refusal("convert", "net.pb", "-o", "n.tflite", cwd=tmp_path)
    assert "is a frozen graph of TensorFlow 1" in said


def test_an_onnx_model_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    for name in ("net.onnx", "renamed.keras"):
        (tmp_path / name).write_bytes(ONNX)
        foreign.refuse(tmp_path / name)
        assert foreign.is_onnx(tmp_path / name)
    (tmp_path / "other.pb").write_bytes(GRAPH)
    assert not foreign.is_onnx(tmp_path / "other.pb")
