# SPDX-License-Identifier: Apache-2.0
"""What every verb that makes something of a network says of it: plan, scales, units."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcu_ghost.network.ends import End
    from mcu_ghost.network.model import Model


def show(model: Model) -> None:
    """Print a network's plan and what the numbers at its ends mean."""
    from mcu_ghost.host import console

    console.say(f"plan    {model.plan}")
    for end in model.input_ends:
        console.say(f"input   {console.literal(_called(end) + end.text)}, a frame")
    for end in model.output_ends:
        console.say(f"output  {console.literal(_called(end) + end.text)}")


def _called(end: End) -> str:
    """Return how an end's line begins where there are several, with its name in C if it has two."""
    if not end.part:
        return ""
    return f"{end.name}: " if end.name == end.part else f"{end.name} (in C {end.part}): "
