# SPDX-License-Identifier: Apache-2.0
"""Replies as long as the protocol allows."""

from __future__ import annotations

import struct

import numpy as np

from mcu_ghost.proof.link import messages as link
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.packets import Packet
from tests.proof.link.test_link import INPUTS, Device, frames


def test_a_reply_of_the_longest_payload() -> None:
    """Of any size that HELLO can promise, and in pieces, as a line gives it."""

    class Large(Device):
        def execute(self, packet: Packet) -> tuple[int, bytes]:
            kind, payload = super().execute(packet)
            if packet.type == link.HELLO:  # the payload and the outputs
                payload = payload[:4] + struct.pack("<HHH", 65535, INPUTS, 65535) + payload[10:]
            return kind, payload

        def outputs(self) -> bytes:
            return bytes(n % 253 for n in range(65535))

        def read(self, timeout: float) -> bytes:
            self.out = super().read(timeout) + self.out
            out, self.out = self.out[:1000], self.out[1000:]
            return out

    board = Link(Large(per_frame=True), 0.1, 2)
    board.reset()
    (outputs,) = board.frames(frames(1))
    assert outputs.view(np.uint8).tobytes() == bytes(n % 253 for n in range(65535))
