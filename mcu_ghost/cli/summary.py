# SPDX-License-Identifier: Apache-2.0
"""What every verb that makes something of a network says of it: plan, scales, units."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcu_ghost.network.model import Model


def show(model: Model) -> None:
    """Print a network's plan and what the numbers at its ends mean."""
    from mcu_ghost.host import console

    console.say(f"plan    {model.plan}")
    console.say(f"input   {console.literal(model.input.text)}, a frame")
    console.say(f"output  {console.literal(model.output.text)}")
