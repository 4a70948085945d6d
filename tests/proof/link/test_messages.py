# SPDX-License-Identifier: Apache-2.0
"""What a board says of itself, when it is one and when it is not."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.link.messages import Hello, Stats

LAYOUT = "<4B5HI16s4B"


def hello(
    *, max_payload: int = 10, size: tuple[int, int] = (3, 2), dtype: tuple[int, int] = (0, 0),
    window: int = 2, names: bytes = b"0.1\0adder\0",
) -> bytes:  # fmt: skip
    """Return a reply to HELLO."""
    numbers = (1, 1, window, 1, max_payload, *size, 4, 0, 64_000_000, b"h" * 16, *dtype, 1, 1)
    return struct.pack(LAYOUT, *numbers) + names


def test_outputs_of_two_bytes() -> None:
    found = Hello.read(hello(size=(3, 4), dtype=(0, 1)))
    assert found.outputs_in(b"\1\0\2\0" * 3).tolist() == [[1, 2]] * 3


@pytest.mark.parametrize(
    "reply",
    [
        hello(size=(3, 3), dtype=(0, 1)), hello(size=(3, 4), dtype=(1, 1)), hello(dtype=(0, 2)),
        hello(size=(0, 2)), hello(size=(3, 0)), hello(size=(11, 2)), hello(size=(3, 11)),
        hello(window=0),
    ],
)  # fmt: skip
def test_sizes_that_make_no_sense(reply: bytes) -> None:
    with pytest.raises(GhostError, match="makes no sense"):
        Hello.read(reply)


def test_a_long_name_does_not_fill_the_screen() -> None:
    with pytest.raises(GhostError) as caught:
        Hello.read(hello(window=0, names=b"0\0" + b"x" * 60_000 + b"\0"))
    assert len(str(caught.value)) < 1000


@settings(deadline=None)
@given(st.binary(max_size=100) | st.builds(
    lambda head, tail: b"\1" + head + tail,
    st.binary(min_size=41, max_size=41), st.binary() | st.just(b"1\0name\0"),
))  # fmt: skip
def test_any_reply_is_understood_or_refused(reply: bytes) -> None:
    try:
        found = Hello.read(reply)
    except GhostError:
        return
    assert found.frames_per_packet >= 1
    outputs = found.outputs_in(bytes(2 * found.output_bytes))
    assert outputs.shape == (2, found.output_bytes // outputs.itemsize)
    assert found.input_bytes % np.dtype(found.input_type).itemsize == 0


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_statistics_are_understood_or_refused(reply: bytes) -> None:
    try:
        assert Stats.read(reply).frames >= 0
    except GhostError:
        assert len(reply) < 40
