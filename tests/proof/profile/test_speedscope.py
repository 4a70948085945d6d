# SPDX-License-Identifier: Apache-2.0
"""What speedscope opens: events that nest, and add up to the frame."""

from __future__ import annotations

import json

import pytest

from mcu_ghost.proof.profile import speedscope
from mcu_ghost.proof.profile.attribution import Node
from mcu_ghost.proof.profile.profile import Profile


def profile_of(flame: Node) -> Profile:
    return Profile(
        board="b", core="c", model="m", toolchain="gcc", kernels="dsp", emulator="unicorn",
        frames=1, instructions_per_frame=flame.instructions, macs_per_frame=0, layers=(),
        functions=(), mix={}, blocks=(), flame=flame, estimate=None,
    )  # fmt: skip


def test_events_nest_and_add_up() -> None:
    leaf, other = Node("model.c:3", 40.0), Node("model.c:4", 30.0)
    step = Node("ghost_gru_step_s8", 70.0, {"a": leaf, "b": other})
    flame = Node("m_step", 100.0, {"x": step, "y": Node("model.c:3", 30.0)})
    data = json.loads(speedscope.text(profile_of(flame)))
    names = [frame["name"] for frame in data["shared"]["frames"]]
    assert names == ["m_step", "ghost_gru_step_s8", "model.c:3", "model.c:4"]
    (profile,) = data["profiles"]
    assert (profile["type"], profile["startValue"], profile["endValue"]) == ("evented", 0, 100.0)
    opened: list[tuple[int, float]] = []
    own: dict[str, float] = {}
    last = 0.0
    for event in profile["events"]:
        assert event["at"] >= last
        if opened:
            name = names[opened[-1][0]]
            own[name] = own.get(name, 0.0) + event["at"] - last
        last = event["at"]
        if event["type"] == "O":
            opened.append((event["frame"], event["at"]))
        else:
            assert opened.pop()[0] == event["frame"]
    assert not opened
    assert {name: n for name, n in own.items() if n} == {"model.c:3": 70.0, "model.c:4": 30.0}


def test_rounding_does_not_break_the_order() -> None:
    flame = Node("m_step", 1.0, {"a": Node("a", 0.7), "b": Node("b", 0.3000001)})
    (profile,) = json.loads(speedscope.text(profile_of(flame)))["profiles"]
    positions = [event["at"] for event in profile["events"]]
    assert positions == sorted(positions)
    assert profile["endValue"] == pytest.approx(1.0)
