# SPDX-License-Identifier: Apache-2.0
"""The table of layers on terminals of any width."""

import pytest

from mcu_ghost.cli import summary
from mcu_ghost.convert.rows import Row
from mcu_ghost.host import console

ROWS = (
    Row("first_gru_layer", "Bidirectional", "STRIDED_SLICE, GRU 32, CONCATENATION", (49, 64), 12000,
        9300),
    Row("normalise", "BatchNormalization", "folded into first_gru_layer", (49, 10)),
    Row("[bold]odd", "Lambda", "refused", None, refused="Layer '[bold]odd' (Lambda): no; yes."),
)  # fmt: skip
KINDS = ("Bidirectional", "BatchNormalization")


@pytest.fixture
def shown(monkeypatch, capsys):
    def show(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        console._console.cache_clear()
        summary.show_layers(ROWS, None, ())
        return capsys.readouterr().out.splitlines()

    yield show
    console._console.cache_clear()


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_no_line_is_wider_and_no_name_is_lost(shown, columns):
    lines = shown(columns)
    assert max(map(len, lines)) <= columns
    assert [line.split()[0] for line in lines if line[0] != " "] == [
        "layer", "first_gru_layer", "normalise", "[bold]odd", "Layer"
    ]  # fmt: skip
    assert all(number in " ".join(lines) for number in ("12 000", "9.1 KiB"))
    assert ("kind" in lines[0]) == (columns == 120) and ("output" in lines[0]) == (columns > 60)
    assert lines[-1] == "Layer '[bold]odd' (Lambda): no; yes."
