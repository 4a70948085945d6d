# SPDX-License-Identifier: Apache-2.0
"""`baseline.json`: what counts as worse, and what is said about it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.project import baseline
from mcu_ghost.project.baseline import Accuracy, Cleaned, Costs
from mcu_ghost.project.ghost_toml import Budget, Project, Tolerance

BEFORE = Costs(
    board="nrf52840",
    app="kws",
    mcu_ghost="0.1.0",
    toolchain="zig (clang) 0.17.1",
    kernels="dsp",
    model="00ff",
    emulator="unicorn",
    flash_bytes=50_000,
    ram_bytes=4_000,
    different_bytes=0,
    instructions_per_frame=40_000,
    instructions_per_hop=60_000,
    accuracy=Accuracy(right=95, recordings=100, hash="aa"),
)
PROJECT = Project(
    ("nrf52840",), tolerance=Tolerance(1.0, 2.0, 3.0, accuracy_points=1.0), budget=Budget(60_000)
)


def complaints(now: Costs, project: Project = PROJECT, before: Costs = BEFORE) -> list[str]:
    rows = baseline.compare(project, before, now)
    return [text for row in rows for text in (row.worse, row.wrong) if text]


def changed(**values: object) -> Costs:
    return dataclasses.replace(BEFORE, **values)  # type: ignore[arg-type]


def test_what_is_the_same_or_better_is_fine() -> None:
    assert complaints(BEFORE) == []
    better = changed(flash_bytes=1, ram_bytes=1, instructions_per_frame=1, instructions_per_hop=1,
                     accuracy=Accuracy(100, 100, "aa"))  # fmt: skip
    assert complaints(better) == []


@pytest.mark.parametrize(
    ("key", "most", "told"),
    [
        ("flash_bytes", 50_500, "flash grew from 50 000 to 50 501 B, by 1.0 %;"),
        ("ram_bytes", 4_080, "RAM grew from 4 000 to 4 081 B, by 2.0 %;"),
        ("instructions_per_frame", 41_200, "instructions per frame grew from 40 000 to 41 201,"),
        ("instructions_per_hop", 61_800, "instructions per hop of sound grew from 60 000 to"),
    ],
)
def test_a_number_may_grow_by_its_tolerance_and_not_by_one_more(
    key: str, most: int, told: str
) -> None:
    assert complaints(changed(**{key: most})) == []
    (sentence,) = complaints(changed(**{key: most + 1}))
    assert sentence.startswith(told) and "ghost.toml allows" in sentence


def test_accuracy_may_fall_by_its_tolerance() -> None:
    assert complaints(changed(accuracy=Accuracy(94, 100, "aa"))) == []
    (sentence,) = complaints(changed(accuracy=Accuracy(93, 100, "aa")))
    assert sentence == ("accuracy fell from 95 to 93 of 100, by 2.0 points; ghost.toml allows 1.")


def test_other_recordings_are_no_comparison() -> None:
    for other in (Accuracy(100, 100, "bb"), None):
        (sentence,) = complaints(changed(accuracy=other))
        assert (
            "other recordings or samples than the baseline's" in sentence and "--update" in sentence
        )
    (sentence,) = complaints(BEFORE, before=changed(accuracy=None))
    assert "(100 now, 0 then)" in sentence


def test_wrong_bytes_are_wrong_whatever_the_baseline_says() -> None:
    now = changed(different_bytes=3)
    assert complaints(now, before=now) == ["3 bytes differ from the reference."]


def test_a_budget_counts_besides_the_baseline() -> None:
    now = changed(flash_bytes=60_001)
    assert complaints(now, before=now) == [
        "flash: 60 001 B are over the budget of 60 000 B in ghost.toml."
    ]
    strict = dataclasses.replace(PROJECT, budget=Budget(instructions_per_frame=1))
    unknown = changed(instructions_per_frame=None)
    (sentence,) = complaints(unknown, strict, unknown)
    assert "budget for it, but it cannot be counted" in sentence


def test_numbers_that_come_and_go_are_noticed() -> None:
    """Otherwise a project that no longer runs on an emulator would pass for ever."""
    gone = changed(emulator=None, different_bytes=None, instructions_per_frame=None,
                   instructions_per_hop=None)  # fmt: skip
    assert len(complaints(gone)) == 3 and all("--update" in text for text in complaints(gone))
    assert len(complaints(BEFORE, before=gone)) == 2


def test_a_board_that_is_not_emulated_has_no_rows_for_it() -> None:
    size = changed(emulator=None, different_bytes=None, instructions_per_frame=None,
                   instructions_per_hop=None, accuracy=None)  # fmt: skip
    assert [row.what for row in baseline.compare(PROJECT, size, size)] == ["flash", "RAM"]
    assert complaints(size, before=size) == []


def test_what_else_has_changed_is_said() -> None:
    now = changed(toolchain="arm-none-eabi-gcc 12.2.1", emulator=None)
    assert baseline.changes(BEFORE, now) == [
        "compiler zig (clang) 0.17.1 → arm-none-eabi-gcc 12.2.1",
        "emulator unicorn → none",
    ]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / baseline.NAME
    entries = [BEFORE, changed(board="microbit", accuracy=None, instructions_per_hop=None)]
    baseline.write(path, entries)
    found = baseline.read(path)
    assert found.of("nrf52840") == BEFORE and found.of("microbit") == entries[1]
    assert found.of("mps2-an385") is None
    assert [p.name for p in tmp_path.iterdir()] == [baseline.NAME]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data["boards"][0].pop("flash_bytes"), "flash_bytes is missing"),
        (lambda data: data["boards"][0].update(flash=1), "unknown key boards[0].flash."),
        (lambda data: data["boards"][0].update(ram_bytes="4"), "ram_bytes must be a whole number"),
        (
            lambda data: data["boards"][0].update(ram_bytes=0),
            "boards[0].ram_bytes must be above 0, not 0.",
        ),
        (lambda data: data["boards"][0].update(flash_bytes=None), "flash_bytes must be a whole"),
        (lambda data: data["boards"][0]["accuracy"].update(right=101), "101 of 100"),
        (
            lambda data: data["boards"][0]["accuracy"].update(recordings=0),
            "boards[0].accuracy.recordings must be above 0",
        ),
        (lambda data: data.update(boards={}), "boards must be a list"),
    ],
)
def test_a_baseline_that_was_spoilt_is_refused(tmp_path: Path, change: object, told: str) -> None:
    path = tmp_path / baseline.NAME
    baseline.write(path, [BEFORE])
    data = json.loads(path.read_text())
    change(data)  # type: ignore[operator]
    path.write_text(json.dumps(data))
    with pytest.raises(GhostError) as caught:
        baseline.read(path)
    assert str(caught.value).startswith(f"{path}: ") and told in str(caught.value)


def test_a_baseline_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / baseline.NAME
    with pytest.raises(GhostError, match="no baseline yet.*--update"):
        baseline.read(path)
    for text, told in (("{", "is not valid JSON"), ("[]", "the whole must be a table")):
        path.write_text(text)
        with pytest.raises(GhostError, match=told):
            baseline.read(path)


def test_the_mean_error_of_outputs_may_grow_by_its_tolerance() -> None:
    before = changed(accuracy=None, mean_error=0.02)
    fine = dataclasses.replace(before, mean_error=0.0202)
    assert complaints(fine, before=before) == []
    worse = dataclasses.replace(before, mean_error=0.0203)
    (sentence,) = complaints(worse, before=before)
    assert sentence == "mean error grew from 0.02 to 0.0203; ghost.toml allows 1 %."
    (sentence,) = complaints(dataclasses.replace(before, mean_error=None), before=before)
    assert sentence.startswith("mean error: ") and "--update" in sentence


def test_what_is_gained_by_cleaning_may_fall_by_its_tolerance(tmp_path: Path) -> None:
    before = changed(accuracy=None, cleaned=Cleaned(8.0, 12, "aa"))
    now = dataclasses.replace(before, cleaned=Cleaned(7.9, 12, "aa"))
    assert complaints(now, before=before) == []
    (sentence,) = complaints(
        dataclasses.replace(now, cleaned=Cleaned(7.85, 12, "aa")), before=before
    )
    assert sentence == "SI-SDR gained fell from 8.00 to 7.85 dB; ghost.toml allows 0.1 dB."
    for other in (Cleaned(9.0, 13, "bb"), None):
        (sentence,) = complaints(dataclasses.replace(now, cleaned=other), before=before)
        assert "other recordings than the baseline's" in sentence and "--update" in sentence
    baseline.write(tmp_path / baseline.NAME, [before])
    assert baseline.read(tmp_path / baseline.NAME).of("nrf52840") == before
