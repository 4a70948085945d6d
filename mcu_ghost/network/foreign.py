# SPDX-License-Identifier: Apache-2.0
"""Recognises the model files that people bring by what is in them, at once and without TensorFlow.

What `mcu-ghost convert` cannot take is refused by its name, with the way that leads on.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError

_START = 64 << 10  # bytes that are looked at
_WHOLE = (
    "Build the network in Keras, `model.load_weights(…)`, `model.save('whole.keras')`, and"
    " convert that."
)
_ONNX = (
    "Export it as ONNX, `torch.onnx.export(module.eval(), (example,), 'net.onnx')`, and convert"
    " that."
)


def refuse(path: Path) -> None:
    """Refuse a model file that is known not to be one that can be converted.

    Raises:
        GhostError: It is of another framework or version, or holds no whole network.
    """
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise GhostError(f"{path}: is a folder, but no SavedModel: saved_model.pb is missing.")
        return
    start = files.read_file(path, _START)
    if start.startswith(b"\x89HDF"):
        told = _hdf5(path)
    elif zipfile.is_zipfile(path):
        told = _zip(path)
    else:
        told = _other(start, path.suffix.lower())
    if told:
        raise GhostError(f"{path}: {told}")


def is_tflite(path: Path) -> bool:
    """Return whether a file is a TensorFlow Lite model."""
    return not path.is_dir() and files.read_file(path, _START)[4:8] == b"TFL3"


def is_onnx(path: Path) -> bool:
    """Return whether a file is an ONNX model."""
    start = files.read_file(path, _START)
    named = start[:1] == b"\x08" and start[2:3] == b"\x12" and b"onnx" in start
    return named or path.suffix.lower() == ".onnx"


def _hdf5(path: Path) -> str:
    try:
        import h5py
    except ImportError:
        return ""  # who has no Keras either is told so
    with h5py.File(path, "r") as file:
        whole = "model_config" in file.attrs
        weights = not whole and ("layer_names" in file.attrs or "layers" in file)
    if whole:
        return ""
    return f"holds weights, and no network. {_WHOLE}" if weights else ""


def _zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "metadata.json" in names and "config.json" in names:
            return ""
    inner = {name.partition("/")[2] for name in names}
    if "data.pkl" in inner and any(name.startswith("code/") for name in inner):
        return f"is a TorchScript program. {_ONNX}"
    if "data.pkl" in inner:
        return (
            "holds PyTorch's weights, and no network: a state dict names tensors only. Build the"
            f" module, `module.load_state_dict(…)`. {_ONNX}"
        )
    exported = ("models/model.json", "serialized_exported_program.json")
    if any(name.endswith(exported) for name in names):
        return f"is a program by torch.export. {_ONNX}"
    return ""


def _other(start: bytes, suffix: str) -> str:
    if start[4:8] == b"TFL3":
        return "is a .tflite already: `mcu-ghost build --model` takes those of mcu-ghost."
    if start.lstrip()[:1] == b"{":
        if b'"class_name"' in start and b'"config"' in start:
            return f"holds the layers of a network, and no weights. {_WHOLE}"
        return "is JSON, and no model."
    if start[:1] == b"\n" and (b"Placeholder" in start or suffix == ".pb"):
        return (
            "is a frozen graph of TensorFlow 1 (GraphDef): operators without layers. Build the"
            " network in Keras, set its weights from the graph's constants, save it as .keras, and"
            " convert that."
        )
    if start[:2] in (b"\x80\x02", b"\x80\x04"):
        return "is a Python pickle, which may run code when it is opened. Save the model whole."
    return ""
