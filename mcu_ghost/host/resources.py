# SPDX-License-Identifier: Apache-2.0
"""Where the templates, the C sources and the bundled model are, in a checkout or installed."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """Return the folder `templates` or `firmware`: the checkout's own, else the installed copy."""
    checkout = _PACKAGE.parent / name
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return _PACKAGE / "_data" / name


def licence() -> str:
    """Return the text of this package's licence."""
    checkout = _PACKAGE.parent / "LICENSE"
    if checkout.is_file():
        return checkout.read_text(encoding="utf-8")
    text = metadata.distribution("mcu-ghost").read_text("licenses/LICENSE")
    assert text is not None  # every wheel holds it
    return text


def models() -> dict[str, Path]:
    """Return the bundled models' `.tflite` files by their names."""
    return {path.stem: path for path in sorted((_PACKAGE / "models").glob("*.tflite"))}


def default_model() -> Path:
    """Return the bundled keyword model, a `.tflite` file."""
    return models()["wake_words"]


def enhancement_model() -> Path:
    """Return the bundled model that cleans speech, a `.tflite` file."""
    return models()["clean_speech"]


def demo_clips() -> list[Path]:
    """Return the synthesised clips that the demo plays, sorted by name."""
    return sorted((_PACKAGE / "models" / "clips").glob("*.flac"))
