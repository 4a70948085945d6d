# SPDX-License-Identifier: Apache-2.0
"""How makers name the pins of their chips."""

from __future__ import annotations

import re

# How a maker, as a driver's name begins, names pins: an example, the form, the ports, pins of each.
PIN_NAMES = {
    "nrf": ("P0.06", re.compile(r"P([0-9])\.([0-9]{1,2})"), "01", 32),
    "stm32": ("PD8", re.compile(r"P([A-Z])(0|[1-9][0-9]?)"), "ABCDEFGHIJK", 16),
}


def pin_number(pin: str, maker: str | None = None) -> int | None:
    """Return a pin's number, or None where that is not its name.

    Args:
        pin: "P1.02" of Nordic's is 32 * port + pin, "PD8" of ST's 16 * port + pin.
        maker: Whose chip it is; None for any that names pins like that.
    """
    for whose, (_, form, ports, size) in PIN_NAMES.items():
        found = form.fullmatch(pin)
        if found and found[1] in ports and int(found[2]) < size and maker in (None, whose):
            return size * ports.index(found[1]) + int(found[2])
    return None
