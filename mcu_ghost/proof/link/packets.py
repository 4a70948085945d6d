# SPDX-License-Identifier: Apache-2.0
"""Packets of the link protocol.

A packet is type u8, sequence u8, payload, CRC-16/CCITT-FALSE u16 (little endian, over all before
it). On the wire: 0x00, COBS(packet), 0x00 (Cheshire and Baker, "Consistent Overhead Byte Stuffing",
1999).
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Packet:
    """One request or reply."""

    type: int
    sequence: int
    payload: bytes = b""


def cobs_encode(data: bytes) -> bytes:
    """Return bytes without a zero among them: at most 1 + len // 254 longer."""
    out = bytearray()
    for part in data.split(b"\0"):
        while len(part) >= 254:
            out += b"\xff" + part[:254]
            part = part[254:]
        out += bytes([len(part) + 1]) + part
    return bytes(out)


def cobs_decode(data: bytes) -> bytes | None:
    """Return what was encoded, or None where it was not COBS."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        run = data[at + 1 : at + code]
        if code == 0 or len(run) != code - 1 or 0 in run:
            return None
        out += run
        at += code
        if code != 0xFF and at < len(data):
            out.append(0)
    return bytes(out) if data else None


def crc16(data: bytes) -> int:
    """Return the CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF."""
    return binascii.crc_hqx(data, 0xFFFF)


def encode(packet: Packet) -> bytes:
    """Return a packet as it goes over the wire, delimiters included."""
    body = bytes([packet.type, packet.sequence]) + packet.payload
    return b"\0" + cobs_encode(body + struct.pack("<H", crc16(body))) + b"\0"


def decode(chunk: bytes) -> Packet | None:
    """Return the packet in what lay between two zeros, or None where it is noise or text."""
    body = cobs_decode(chunk)
    if body is None or len(body) < 4 or crc16(body[:-2]) != int.from_bytes(body[-2:], "little"):
        return None
    return Packet(body[0], body[1], body[2:-2])


def printable(data: bytes | bytearray) -> str | None:
    """Return the text that lay between packets, or None where it is noise or part of a packet."""
    text = data.decode("latin-1")
    good = all(c.isascii() and c.isprintable() or c in "\r\n\t" for c in text)
    return text if good else None
