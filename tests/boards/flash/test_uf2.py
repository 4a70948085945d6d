# SPDX-License-Identifier: Apache-2.0
"""UF2 as its specification describes it, byte by byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.boards import uf2
from mcu_ghost.host.errors import GhostError

NRF52840 = 0xADA5_2840


def test_a_block_is_as_specified() -> None:
    content = uf2.encode(bytes(range(256)) + b"\x55" * 44, 0x2_7000, NRF52840)
    assert len(content) == 1024
    second = content[512:]
    assert second[:32] == struct.pack(
        "<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x2_7100, 256, 1, 2, NRF52840
    )
    assert second[32:288] == b"\x55" * 44 + b"\xff" * 212
    assert second[288:508] == bytes(220) and second[508:] == struct.pack("<I", 0x0AB16F30)


def test_pages_are_whole() -> None:
    """An image that begins inside a page leaves what is before it erased."""
    ((address, page),) = uf2.decode(uf2.encode(b"abc", 0x1000_0010, 1), 1)
    assert address == 0x1000_0000 and page == b"\xff" * 16 + b"abc" + b"\xff" * 237


@given(st.binary(min_size=1, max_size=2000), st.integers(0, 2**23), st.integers(0, 2**32 - 1))
def test_there_and_back(data: bytes, page: int, family: int) -> None:
    blocks = uf2.decode(uf2.encode(data, page * 256, family), family)
    assert [address for address, _ in blocks] == [page * 256 + 256 * n for n in range(len(blocks))]
    flat = b"".join(content for _, content in blocks)
    assert flat[: len(data)] == data and set(flat[len(data) :]) <= {0xFF} and len(flat) % 256 == 0


def test_other_families_and_comments_are_skipped() -> None:
    mine, other = uf2.encode(b"mine", 0, 7), uf2.encode(b"other", 0, 8)
    comment = bytearray(uf2.encode(b"comment", 0, 7))
    comment[8] |= 1
    assert uf2.decode(bytes(comment) + other + mine, 7) == uf2.decode(mine, 7)
    with pytest.raises(GhostError, match="its blocks are for family 0x00000008, not 0x00000007"):
        uf2.decode(other, 7)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: b"", "0 bytes is no whole number"),
        (lambda c: c[:-1], "1 023 bytes is no whole number"),
        (lambda c: c[:512] + b"x" + c[513:], "byte 512 begins no UF2 block"),
        (lambda c: c[:-1] + b"x", "byte 512 begins no UF2 block"),
        (lambda c: c[:16] + b"\xff" + c[17:18] + b"\x01" + c[19:], "byte 0 begins no UF2 block"),
        (lambda c: c[:512], "1 of 2 UF2 blocks are there"),
        (lambda c: c[:24] + b"\xff" * 4 + c[28:512], "1 of 4 294 967 295 UF2 blocks are there"),
        (lambda c: c[:512] * 2, "2 of 2 UF2 blocks are there"),
    ],
)
def test_what_is_broken_is_refused(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GhostError, match=message):
        uf2.decode(spoil(uf2.encode(bytes(300), 0, NRF52840)), NRF52840)
