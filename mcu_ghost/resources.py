# SPDX-License-Identifier: Apache-2.0
"""Where the templates, the C sources and the bundled model are, in a checkout or installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder `templates` or `firmware`: the checkout's own, else the installed copy."""
    checkout = _PACKAGE.parent / name
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return _PACKAGE / "_data" / name


def licence() -> Path:
    """Return the text of the licence, wherever this package is."""
    checkout = _PACKAGE.parent / "LICENSE"
    return checkout if checkout.is_file() else _PACKAGE / "_data" / "LICENSE"


def default_model() -> Path:
    """Return the bundled keyword model, a `.tflite` file."""
    return _PACKAGE / "models" / "wake_words.tflite"


def demo_clips() -> list[Path]:
    """Return the synthesised clips that the demo plays, sorted by name."""
    return sorted((_PACKAGE / "models" / "clips").glob("*.flac"))
