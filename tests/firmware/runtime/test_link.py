# SPDX-License-Identifier: Apache-2.0
"""The device's side of the link, compiled for the host with sanitizers, against any input."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcu_ghost.host import resources
from tests.conftest import WARNINGS, need
from tests.firmware.runtime import wire

RESET = 2
pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    firmware = resources.folder("firmware")
    program = tmp_path_factory.mktemp("echo") / "echo"
    words = [need("gcc", "gcc"), "-std=gnu11", "-g", "-fsanitize=address,undefined", *WARNINGS]
    words += ["-fno-sanitize-recover", f"-I{firmware}", str(Path(__file__).with_name("echo.c"))]
    subprocess.run([*words, str(firmware / "runtime/link.c"), "-o", str(program)], check=True)
    return program


def replies(echo: Path, sent: bytes) -> list[tuple[int, int, bytes]]:
    result = subprocess.run([echo], input=sent, capture_output=True, check=True)
    found = [wire.parse(chunk) for chunk in result.stdout.split(b"\0") if chunk]
    assert None not in found
    return [packet for packet in found if packet]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=600), max_size=6), st.integers(0, 255))
@example([b"\1" * n for n in (250, 251, 252, 253, 254, 255, 506, 507, 508)], 0)
@example([b"\0" * 600, bytes(range(256)), b""], 255)
def test_every_payload_comes_back(echo: Path, payloads: list[bytes], start: int) -> None:
    requests = [(RESET, (start + i) & 255, payload) for i, payload in enumerate(payloads)]
    answers = replies(echo, b"".join(wire.packet(*request) for request in requests))
    assert answers == [(kind | 0x80, number, payload) for kind, number, payload in requests]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.binary(max_size=300))
def test_noise_never_gets_in_the_way(echo: Path, noise: bytes, payload: bytes) -> None:
    answers = replies(echo, noise + wire.packet(RESET, 3, payload))
    assert answers[-1] == (0x82, 3, payload)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=80), st.data())
def test_no_single_wrong_bit_is_taken(echo: Path, payload: bytes, data: st.DataObject) -> None:
    good = wire.packet(RESET, 9, payload)
    bit = data.draw(st.integers(8, 8 * len(good) - 9))
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    assert (0x82, 9, payload) not in replies(echo, bytes(bad))


def test_too_long_is_dropped_and_the_next_one_taken(echo: Path) -> None:
    sent = wire.packet(RESET, 1, b"x" * 601) + wire.packet(RESET, 2, b"y")
    assert replies(echo, sent) == [(0x82, 2, b"y")]
