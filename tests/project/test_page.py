# SPDX-License-Identifier: Apache-2.0
"""The page of a check: what got better and worse, and the lines that may not be passed."""

from __future__ import annotations

import dataclasses
import re

import pytest

from mcu_ghost.project import page
from mcu_ghost.project.ghost_toml import Budget, Tolerance
from tests.pages import COSTS, PROJECT, Reader, compared

NOW = dataclasses.replace(COSTS, flash_bytes=50_250, ram_bytes=3_960, instructions_per_frame=41_000)


def strips(made: str) -> dict[str, tuple[str, str, str]]:
    """Return by number what its strip says, its bar's colour, and where its limit is."""
    found = {}
    for title, strip in re.findall(
        r'<td data-of="against[^>]*><svg class="bar hit"[^>]*><title>([^<]*)</title>(.*?)</svg>',
        made,
        re.DOTALL,
    ):
        what, said = title.split("\n", 1)
        colour = re.search(r'class="(c\d) fill"', strip)[1]  # type: ignore[index]
        limit = re.search(r'class="limit" x1="([^"]*)"', strip)[1]  # type: ignore[index]
        found[what] = said, colour, limit
    return found


def made(one: page.Compared, failures: tuple[str, ...] = ()) -> str:
    return page.page("lamp", [one], failures, False, [], [], [])


def test_each_number_stands_beside_its_baseline_and_its_limit() -> None:
    text = made(compared(NOW))
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)[1:]
    cells = [re.sub(r"<svg.*?</svg>|<[^>]*>|\n", "", re.sub("</td>", "|", row)) for row in rows]
    assert [row.split("|")[:5] for row in cells] == [
        ["✓ flash", "50 000 B", "50 250 B", "+0.50 %", "50 500 B"],
        ["✓ RAM", "4 000 B", "3 960 B", "-1.00 %", "4 040 B"],
        ["✗ instructions per frame", "40 000", "41 000", "+2.50 %", "40 400"],
        ["✓ instructions per hop of sound", "60 000", "60 000", "", "60 600"],
        ["✓ bytes that differ", "0", "0", "", "0"],
        ["✓ recordings recognised", "95.0 %", "95.0 %", "", "95.0 %"],
        ["✓ SI-SDR gained", "8.00 dB", "8.00 dB", "", "7.90 dB"],
    ]


def test_a_strip_leads_from_the_baseline_to_what_there_is_now() -> None:
    better, within, worse = "c3", "c2", "c5"
    found = strips(made(compared(NOW)))
    assert found["flash"] == ("+0.50 %\nallowed: ≤ 50 500 B", within, "75%")  # half of the way
    assert found["RAM"][1:] == (better, "75%")
    assert found["instructions per frame"][1:] == (worse, "66%")  # 1 of ± 3.125 %
    assert found["SI-SDR gained"][::2] == ("as it was\nallowed: ≥ 7.90 dB", "25%")
    assert "bytes that differ" not in found


def test_what_falls_when_it_gets_worse_has_its_limit_on_the_left() -> None:
    accuracy = dataclasses.replace(COSTS.accuracy, right=90)  # type: ignore[type-var]
    slack = dataclasses.replace(PROJECT, tolerance=Tolerance(accuracy_points=1.0))
    found = strips(made(compared(dataclasses.replace(COSTS, accuracy=accuracy), project=slack)))
    said, colour, limit = found["recordings recognised"]
    assert (said, colour) == ("-5.0 points\nallowed: ≥ 94.0 %", "c5")
    assert float(limit.rstrip("%")) == 42  # 1 of ± 6.25 points


def test_a_board_without_a_baseline_has_its_numbers_alone() -> None:
    text = made(compared(NOW, None))
    assert not strips(text) and "50 250 B" in text
    assert 'data-of="baseline" class="n">–</td>' in text


def test_memory_is_shown_as_a_share_of_the_boards_and_of_the_budget() -> None:
    budget = dataclasses.replace(PROJECT, budget=Budget(flash_bytes=262_144))
    text = made(compared(NOW, project=budget))
    hits = {title.split("\n")[0]: title for title, _ in Reader(text).hits}
    assert hits["flash of nrf52840"].endswith("49.1 KiB of 1.00 MiB\nbudget: 256.0 KiB")
    assert "dashed: the budget" in text and "budget 262 144 B" in text
    assert '<line class="limit" x1="25%"' in text
    assert "the budget" not in made(compared(NOW)).replace("ghost.toml", "")


@pytest.mark.parametrize("failures", [(), ("flash grew",), ("flash grew", "RAM grew")])
def test_it_says_whether_all_is_well(failures: tuple[str, ...]) -> None:
    headings = Reader(made(compared(NOW), failures)).texts["h2"]
    assert headings[0] == {0: "Nothing is worse than agreed", 1: "1 thing is not as agreed",
                           2: "2 things are not as agreed"}[len(failures)]  # fmt: skip


def test_what_else_has_changed_is_said() -> None:
    text = made(compared(dataclasses.replace(NOW, toolchain="gcc 14")))
    assert "Changed since the baseline: compiler zig → gcc 14." in text
