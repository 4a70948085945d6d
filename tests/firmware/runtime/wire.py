# SPDX-License-Identifier: Apache-2.0
"""The link protocol written a second time, from its description, to hold the firmware against."""

from __future__ import annotations


def crc16(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def cobs_encode(data: bytes) -> bytes:
    out = bytearray()
    for i, part in enumerate(parts := data.split(b"\0")):
        while len(part) >= 254:
            out += b"\xff" + part[:254]
            part = part[254:]
            if not part and i == len(parts) - 1:
                return bytes(out)
        out += bytes([len(part) + 1]) + part
    return bytes(out)


def cobs_decode(data: bytes) -> bytes:
    out = bytearray()
    while data:
        run, data = data[0] - 1, data[1:]
        out += data[:run]
        if len(data) < run:
            raise ValueError("cut short")
        data = data[run:]
        if run < 254 and data:
            out.append(0)
    return bytes(out)


def packet(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    body = bytes([kind, sequence]) + payload
    return b"\0" + cobs_encode(body + crc16(body).to_bytes(2, "little")) + b"\0"


def parse(chunk: bytes) -> tuple[int, int, bytes] | None:
    """Return (type, sequence, payload), or None for text and noise."""
    try:
        data = cobs_decode(chunk)
    except ValueError:
        return None
    if len(data) < 4 or crc16(data[:-2]) != int.from_bytes(data[-2:], "little"):
        return None
    return data[0], data[1], data[2:-2]
