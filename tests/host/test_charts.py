# SPDX-License-Identifier: Apache-2.0
"""Charts: where values are drawn, what is said of them, and ticks that people would choose."""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host import charts, heat
from mcu_ghost.host.charts import Axis, Bar, Line, Mark, Scale
from tests.hostile import HALF, TEXTS
from tests.pages import Reader


def ticks(axis: Axis, *values: float, rounded: bool = True) -> list[float]:
    return Scale(axis, values, rounded).ticks


def test_ticks_are_round_numbers() -> None:
    assert ticks(Axis(""), 0.03, 0.97) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(Axis(""), -3.1, 9.2) == [-5, 0, 5, 10]
    assert ticks(Axis(""), 6.01, 6.02) == [6.01, 6.012, 6.014, 6.016, 6.018, 6.02]
    assert ticks(Axis("", whole=True), 1, 3, rounded=False) == [1, 2, 3]
    assert ticks(Axis("", whole=True), 1, 400, rounded=False) == [100, 200, 300, 400]
    assert ticks(Axis("", "log"), 0.3, 4) == [0.2, 0.5, 1, 2, 5]
    assert ticks(Axis("", "log"), 0.03, 400) == [0.1, 1, 10, 100]
    assert ticks(Axis("", "logit"), 0.2, 0.99, rounded=False) == [
        0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99]  # fmt: skip


def test_values_stand_where_their_axis_says() -> None:
    assert Scale(Axis(""), [2, 4]).at(2.5) == 25
    assert Scale(Axis("", "log"), [1, 100]).at(10) == pytest.approx(50)
    assert Scale(Axis("", "logit"), [0.2, 0.8]).at(0.5) == pytest.approx(50)
    assert Scale(Axis(""), [5]).at(5) == 50
    assert Scale(Axis("", "log"), [5]).at(5) == pytest.approx(50)
    assert ticks(Axis("", low=0.0), 0.0) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert 20 < Scale(Axis("", "logit"), [0.9]).at(0.9) < 80
    assert Scale(Axis("", low=0), [2, 4]).at(1) == 25
    assert Scale(Axis(""), [2, 4]).at(9) == 100  # and not beside the plot


def drawn() -> str:
    series = [Line("one", [10.0, 20.0, None, 40.0]), Line("two", [0.0, 2.5, 5.0, 7.5], 1)]
    across, up = Axis("time, s", unit=" s"), Axis("level, %", unit=" %", low=0.0)
    limit = Mark("the limit", 30.0)
    return charts.lines("a plot", [0.0, 1.0, 2.0, 4.0], series, across, up, [limit])


def test_what_is_pointed_at_says_the_numbers_that_are_drawn() -> None:
    hits = Reader(drawn()).hits
    assert [title.split("\n") for title, _ in hits] == [
        ["time, s 0 s", "one: 10 %", "two: 0 %"],
        ["time, s 1 s", "one: 20 %", "two: 2.5 %"],
        ["time, s 2 s", "two: 5 %"],
        ["time, s 4 s", "one: 40 %", "two: 7.5 %"],
    ]
    assert [given["data-x"] for _, given in hits] == ["0", "25", "50", "100"]
    assert [given["data-y"] for _, given in hits] == [
        "1:75 2:100", "1:50 2:93.75", "2:87.5", "1:0 2:81.25"]  # fmt: skip


def test_around_each_value_lies_what_is_nearest_to_it() -> None:
    hits = [given for _, given in Reader(drawn()).hits]
    assert [given["x"] for given in hits] == ["0%", "12.5%", "37.5%", "75%"]
    assert [given["width"] for given in hits] == ["12.5%", "25%", "37.5%", "25%"]


def test_lines_go_through_their_values_and_break_where_there_are_none() -> None:
    plot = drawn()
    assert 'class="c1 d0" points="0.0,750.0 250.0,500.0"/>' in plot
    assert 'class="c2 d0" points="0.0,1000.0 250.0,937.5 500.0,875.0 1000.0,812.5"/>' in plot
    assert plot.count("<polyline") == 2  # a single value is a dot
    assert plot.count("<circle") == 7
    assert '<line class="limit" x1="0" x2="100%" y1="25%" y2="25%"/>' in plot
    reader = Reader(plot)
    assert reader.texts["span"] == ["one", "two", "the limit"]
    assert "".join(reader.texts["div"]) == "level, %time, s"
    assert reader.texts["text"] == ["0", "1", "2", "3", "4", "0", "10", "20", "30", "40"]


def test_of_values_at_one_place_the_first_speaks() -> None:
    plot = charts.lines("", [3.0, 1.0, 1.0], [Line("a", [9.0, 5.0, 7.0])], Axis("x"), Axis("y"),
                        heads=["three", "one", "another"])  # fmt: skip
    assert [title for title, _ in Reader(plot).hits] == ["one\na: 5", "three\na: 9"]


def test_what_was_chosen_is_circled() -> None:
    plot = charts.lines("", [0.0, 1.0], [Line("a", [0.0, 1.0], circled=1)], Axis(""), Axis(""))
    assert '<circle class="c1 d0 ring" cx="100%" cy="0%" r="5"/>' in plot


def test_many_lines_have_dashes_besides_their_colours() -> None:
    looks = [Line("", [], number).look for number in range(18)]
    assert len(set(looks)) == 18 and looks[0] == "c1 d0" and looks[7] == "c2 d1"
    assert Line("", [], -1, True).look == "c0 d1"


@pytest.mark.parametrize("kind", ["linear", "log", "logit"])
def test_nothing_at_all_is_drawn_too(kind: Any) -> None:
    plot = charts.lines("", [], [Line("a", [])], Axis("x", kind), Axis("y", kind))
    assert Reader(plot).hits == [] and "nan" not in plot


def test_names_are_text_on_one_line() -> None:
    for word in (HALF, *TEXTS.values()):
        plot = charts.lines(word[:1], [1.0], [Line(word, [1.0])], Axis("x"), Axis("y"))
        ((title, _),) = Reader(plot).hits
        assert title == f"x 1\n{charts.name(word)}: 1" and title.count("\n") == 1
        assert Reader(plot).texts["span"] == [charts.name(word)]
        plot.encode()


def test_bars_begin_at_nothing_and_share_a_scale() -> None:
    rows = [Bar("up", 6.0, "+6", "up\nsix"), Bar("down", -2.0, "-2", "down", 2)]
    made = charts.bars(rows, "both")
    reader = Reader(made)
    assert [title for title, _ in reader.hits] == ["up\nsix", "down"]
    assert '<rect class="c1 fill" x="25%" width="75%"' in made
    assert '<rect class="c2 fill" x="0%" width="25%"' in made
    assert reader.texts["span"] == ["up", "down"] and reader.texts["b"] == ["+6", "-2"]
    assert made.count('<line class="zero" x1="25%"') == 2


def test_a_strip_shows_what_is_allowed() -> None:
    bar = Bar("", 3.0, "", "", 5, (Mark("allowed", 1.0), Mark("now", 3.0, "before")))
    made = charts.strip(bar, -4.0, 4.0)
    assert '<rect class="c5 fill" x="50%" width="37.5%"' in made
    assert '<line class="limit" x1="62.5%"' in made and '<line class="before" x1="87.5%"' in made


def pixels(file: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of a PNG of 8 bits with a palette, and the palette; checks its sums."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(file):
        (length,) = struct.unpack(">I", file[at : at + 4])
        kind, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", file[at + 8 + length :][:4])[0]
        parts[kind] = data
        at += 12 + length
    columns, rows, *kind_of = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert kind_of == [8, 3, 0, 0, 0] and list(parts)[-1] == b"IEND"
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:], np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)


def test_a_picture_of_levels() -> None:
    levels = np.array([[-90, -80, -40], [0, 5, -20]], np.float32)
    found, palette = pixels(heat.png(levels, -80, 0))
    assert found.tolist() == [[0, 0, round(63 / 2)], [63, 63, round(63 * 0.75)]]
    assert palette[0].tolist() == [0, 0, 4] and palette[-1].tolist() == [252, 253, 191]
    light = [math.sqrt(float(c @ [0.299, 0.587, 0.114])) for c in palette.astype(float)]
    assert light == sorted(light)


def test_a_picture_has_axes_and_says_what_is_pointed_at() -> None:
    told = [(1.0, "the first second"), (4.0, "the rest")]
    made = heat.figure("a sound", b"PNG", Axis("seconds", low=0.0, high=4.0),
                       Axis("kHz", low=0.0, high=8.0), told, "-80 to 0 dB")  # fmt: skip
    reader = Reader(made)
    assert [(t, g["x"], g["width"]) for t, g in reader.hits] == [
        ("the first second", "0.00%", "25.00%"), ("the rest", "25.00%", "75.00%")]  # fmt: skip
    assert reader.links == ["data:image/png;base64,UE5H"]
    assert reader.texts["text"] == ["0", "1", "2", "3", "4", "0", "2", "4", "6", "8"]
    assert "kHz" in made and "seconds" in made and "-80 to 0 dB" in made
