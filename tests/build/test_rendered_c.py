# SPDX-License-Identifier: Apache-2.0
"""The C of one tiny model, byte for byte.

After a deliberate change: `python -m tests.build.test_rendered_c` writes the snapshots anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost.build import model_c
from mcu_ghost.host import templates
from mcu_ghost.host.version import __version__
from mcu_ghost.network.random_model import random_model

SNAPSHOTS = Path(__file__).with_name("snapshots")
FILES = ("model.h", "model.c", "model_data.h", "model_data.c", "app_model.h")


def rendered(name: str) -> str:
    """Return a file of the tiny model, without the version."""
    model = random_model(1, units=5, ratio=2, inputs=3, classes=2, frames=4)
    text = templates.render(f"model/{name}.jinja", model_c.model_context(model))
    return text.replace(__version__, "VERSION")


@pytest.mark.parametrize("name", FILES)
def test_rendered_c(name: str) -> None:
    assert rendered(name) == (SNAPSHOTS / name).read_text()


if __name__ == "__main__":
    for name in FILES:
        (SNAPSHOTS / name).write_text(rendered(name))
