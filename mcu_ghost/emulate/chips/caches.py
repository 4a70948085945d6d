# SPDX-License-Identifier: Apache-2.0
"""The registers of a Cortex-M7's caches (Arm DDI 0489, chapter 5); there is nothing in these."""

from __future__ import annotations

from mcu_ghost.emulate.chips.peripherals import Misuse
from mcu_ghost.host.text import count

CCSIDR, CSSELR, ICIALLU, DCISW = 0xD80, 0xD84, 0xF50, 0xF60
_DATA, _INSTRUCTIONS = 1 << 16, 1 << 17
_LINE = 32
_WAYS = 4  # of data; instructions have two


class Caches:
    """Caches that hold rubbish until they were emptied, and then may be switched on.

    Args:
        size: Bytes of each of both.
    """

    def __init__(self, size: int) -> None:
        self._sets = size // _LINE // _WAYS
        self._instructions = False  # whether they were emptied
        self._lines: set[tuple[int, int]] = set()
        self._selected = 0

    def read(self, offset: int) -> int:
        """Return CCSIDR or CSSELR."""
        if offset == CSSELR:
            return self._selected
        data = self._selected == 0
        ways, sets = (_WAYS, self._sets) if data else (_WAYS // 2, 2 * self._sets)
        return 0xF000_0000 | sets - 1 << 13 | ways - 1 << 3 | 1

    def write(self, offset: int, value: int) -> None:
        """Write CSSELR, ICIALLU or DCISW."""
        if offset == CSSELR:
            self._selected = value & 1
        elif offset == ICIALLU:
            self._instructions = True
        else:
            self._lines.add((value >> 30, value >> 5 & (1 << 25) - 1))

    def control(self, before: int, value: int) -> None:
        """See whether what CCR switches on was emptied."""
        on = ~before & value
        if on & _INSTRUCTIONS and not self._instructions:
            raise Misuse("the instruction cache was switched on before ICIALLU emptied it")
        if on & _DATA:
            left = self._sets * _WAYS - len(self._lines)
            if left:
                raise Misuse(
                    f"the data cache was switched on with {count(left, 'line')} not emptied"
                )
