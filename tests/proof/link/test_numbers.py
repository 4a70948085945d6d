# SPDX-License-Identifier: Apache-2.0
"""The numbers of the protocol are the same in Python and in C."""

from __future__ import annotations

import re
import typing

from mcu_ghost.boards import board
from mcu_ghost.host import resources
from mcu_ghost.proof import on_board
from mcu_ghost.proof.link import messages


def test_numbers_are_those_of_the_header() -> None:
    text = (resources.folder("firmware") / "runtime" / "link.h").read_text()
    numbers = {name: int(n, 0) for name, n in re.findall(r"GHOST_LINK_(\w+) = (\w+)", text)}
    assert len(numbers) == 13
    assert numbers == {name: getattr(messages, name) for name in numbers}
    assert {numbers[name]: name for name in messages.NAMES.values()} == messages.NAMES


def test_every_counter_has_a_driver_a_kind_and_a_unit() -> None:
    drivers = resources.folder("firmware") / "drivers"
    assert set(board.COUNTERS) == set(typing.get_args(board.CounterDriver))
    assert all((drivers / f"{name}.c").is_file() for name in board.COUNTERS)
    assert on_board.UNITS == {1: "cycles", 2: "SysTick ticks", 3: "timer ticks"}
