# SPDX-License-Identifier: Apache-2.0
"""pyOCD's own command line, with one probe: a made-up one, wired to a locked nRF52840.

Run by pyOCD's Python with the path of a file first: it is written once the chip is erased.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pyocd.__main__ import PyOCDTool
from pyocd.probe import aggregator
from pyocd.probe.debug_probe import DebugProbe

DPIDR, CTRL_AP_IDR = 0x2BA01477, 0x02880000
ERASED = Path(sys.argv[1])


class LockedChip(DebugProbe):
    """A debug port whose only access port is CTRL-AP, and that one says: locked."""

    description = product_name = "locked chip"
    vendor_name = "tests"
    unique_id = "683123456"
    supported_wire_protocols = [DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD]
    wire_protocol = DebugProbe.Protocol.SWD
    is_open = True
    capabilities = {
        DebugProbe.Capability.MANAGED_AP_SELECTION,
        DebugProbe.Capability.MANAGED_DPBANKSEL,
    }
    _power = 0

    @classmethod
    def get_all_connected_probes(cls, *words: Any) -> list[LockedChip]:
        return [cls()]

    @classmethod
    def get_probe_with_id(cls, *words: Any) -> LockedChip:
        return cls()

    def nothing(self, *words: Any, **options: Any) -> None:
        """Stand for all that only wires would notice."""

    open = close = connect = disconnect = swj_sequence = set_clock = reset = flush = nothing
    assert_reset = lock = unlock = get_memory_interface_for_ap = nothing

    def swd_sequence(self, sequences: Any) -> tuple[int, list[bytes]]:
        return 0, []

    def is_reset_asserted(self) -> bool:
        return False

    def read_dp(self, address: int, now: bool = True) -> Any:
        value = {0: DPIDR, 4: 0xF000_0000 | self._power}.get(address & 0xF, 0)
        return value if now else lambda: value

    def write_dp(self, address: int, value: int) -> None:
        if address & 0xF == 4:
            self._power = value

    def read_ap(self, address: int, now: bool = True) -> Any:
        port, register = address >> 24, address & 0xFF
        value = CTRL_AP_IDR if (port, register) == (1, 0xFC) else 0  # APPROTECTSTATUS 0: locked
        return value if now else lambda: value

    def write_ap(self, address: int, value: int) -> None:
        if (address >> 24, address & 0xFF, value) == (1, 4, 1):  # ERASEALL
            ERASED.write_text("all\n")


aggregator.PROBE_CLASSES.clear()
aggregator.PROBE_CLASSES["locked"] = LockedChip
sys.exit(PyOCDTool().run(sys.argv[2:]))
