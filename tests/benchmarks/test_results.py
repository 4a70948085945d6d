# SPDX-License-Identifier: Apache-2.0
"""The benchmark file: complete, the same text from the same numbers, and nothing grown since."""

from __future__ import annotations

import itertools

import pytest

from benchmarks import report
from benchmarks.measure import (
    BOARDS,
    COMPILERS,
    NETWORK_BOARDS,
    SELFTESTS,
    SHAPES,
    Shape,
    measure,
    network,
    selftest,
)
from benchmarks.networks import NETWORKS
from tests.conftest import need

# At least one of every core, every ratio, both numbers of inputs, and both compilers.
GUARDED = [
    (Shape(154, 2, 10), "nrf52840", "gcc"),
    (Shape(154, 2, 10), "nrf52840", "zig"),
    (Shape(154, 1, 10), "nrf52840", "gcc"),
    (Shape(64, 4, 40), "nrf52840", "zig"),
    (Shape(154, 2, 10), "mps2-an500", "gcc"),
    (Shape(154, 2, 10), "mps2-an505", "zig"),
    (Shape(154, 2, 10), "mps3-an547", "gcc"),
    (Shape(154, 2, 10), "mps3-an547", "zig"),
    (Shape(64, 1, 10), "mps3-an547", "gcc"),
    (Shape(64, 2, 10), "mps2-an385", "gcc"),
    (Shape(64, 2, 10), "microbit", "gcc"),
    (Shape(32, 1, 40), "microbit", "zig"),
]

# The products of each core, and what has none.
GUARDED_NETWORKS = [
    ("Dense 256 → 256", "pico", "zig"),
    ("Dense 256 → 256", "mps3-an547", "gcc"),
    ("Conv 3×3, 10×10 pixels, 16 → 32", "nrf52840", "gcc"),
    ("Conv1D k = 3, 64 → 64, a frame", "mps2-an385", "gcc"),
    ("LSTM-154, 10 inputs", "nrf52840", "zig"),
    ("LSTM-154, 10 inputs", "mps3-an547", "zig"),
    ("softmax of 12", "nrf52840", "gcc"),
    ("add, 640 values", "nrf52840", "gcc"),
    ("RNNoise of 2018, 10 ms", "nrf52840", "gcc"),
]


def test_all_that_was_to_be_measured_is_there() -> None:
    results = report.load()
    wanted = itertools.product((shape.name for shape in SHAPES), BOARDS, COMPILERS)
    assert set(results.costs) == set(wanted)
    assert set(results.networks) == set(itertools.product(NETWORKS, NETWORK_BOARDS, COMPILERS))
    assert set(results.selftests) == set(
        itertools.product((shape.name for shape in SELFTESTS), COMPILERS)
    )


def test_the_text_follows_from_the_numbers() -> None:
    results = report.load()
    assert (report.FOLDER / "RESULTS.md").read_text("utf-8") == report.page(results)
    assert (report.FOLDER / "results.json").read_text("utf-8") == report.as_json(results)


# On QEMU an interrupt may or may not come when the stack is deepest: a frame, and its handler's.
INTERRUPT = 64


def compare(before: object, after: object, board: str = "") -> None:
    """Fail where a number is more than 1 % above what is written down."""
    assert before is not None and after is not None
    for what, was in vars(before).items():
        now = vars(after)[what]
        if what == "ram" and board == "mps3-an547":
            was += INTERRUPT
        assert now <= 1.01 * was, (
            f"{what} grew from {was} to {now}: if it has to be so, run `make benchmarks`"
        )


@pytest.mark.emulator
@pytest.mark.parametrize(("shape", "board", "compiler"), GUARDED, ids=str)
def test_no_layer_has_grown(shape: Shape, board: str, compiler: str) -> None:
    if compiler == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    compare(
        report.load().costs[shape.name, board, compiler], measure(shape, board, compiler), board
    )


@pytest.mark.emulator
@pytest.mark.parametrize(("name", "board", "compiler"), GUARDED_NETWORKS, ids=str)
def test_no_other_layer_has_grown(name: str, board: str, compiler: str) -> None:
    if compiler == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    compare(report.load().networks[name, board, compiler], network(name, board, compiler), board)


@pytest.mark.emulator
def test_the_selftest_image_has_not_grown() -> None:
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    shape = Shape(154, 2, 10)
    compare(report.load().selftests[shape.name, "gcc"], selftest(shape, "gcc"))
