# SPDX-License-Identifier: Apache-2.0
"""COBS, CRC and packets: round trips and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.proof.link import packets
from mcu_ghost.proof.link.packets import Packet


@given(st.binary(max_size=2000))
def test_cobs_round_trip(data: bytes) -> None:
    encoded = packets.cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= len(data) + 1 + len(data) // 254
    assert packets.cobs_decode(encoded) == data


@pytest.mark.parametrize("size", [253, 254, 255, 508, 509])
def test_cobs_round_trip_at_full_runs(size: int) -> None:
    data = bytes(i % 255 + 1 for i in range(size))
    encoded = packets.cobs_encode(data)
    assert packets.cobs_decode(encoded) == data
    if size % 254 == 0:  # the empty run after a full one at the end may be left out
        assert encoded[-1] == 1 and packets.cobs_decode(encoded[:-1]) == data


@pytest.mark.parametrize("data", [b"", b"\x03a", b"\x02\x00", b"\x00", b"\x05abc"])
def test_cobs_refuses_what_it_is_not(data: bytes) -> None:
    assert packets.cobs_decode(data) is None


def test_crc_is_ccitt_false() -> None:
    assert packets.crc16(b"123456789") == 0x29B1


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=600))
def test_packet_round_trip(kind: int, sequence: int, payload: bytes) -> None:
    wire = packets.encode(Packet(kind, sequence, payload))
    assert wire[0] == wire[-1] == 0 and 0 not in wire[1:-1]
    assert packets.decode(wire[1:-1]) == Packet(kind, sequence, payload)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_one_wrong_byte_is_noticed(payload: bytes, data: st.DataObject) -> None:
    chunk = bytearray(packets.encode(Packet(3, 7, payload))[1:-1])
    at = data.draw(st.integers(0, len(chunk) - 1))
    chunk[at] = data.draw(st.integers(1, 255).filter(lambda b: b != chunk[at]))
    assert packets.decode(bytes(chunk)) != Packet(3, 7, payload)
