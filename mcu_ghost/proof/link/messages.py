# SPDX-License-Identifier: Apache-2.0
"""What the packets of the link protocol, version 1, say."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

HELLO, RESET, FRAMES, HEAD, STATS, STATE, SOUND = 1, 2, 3, 4, 5, 6, 7
REPLY, ERROR = 0x80, 0xFF
UNKNOWN_TYPE, BAD_LENGTH, BUSY, OUT_OF_ORDER = 2, 3, 4, 5
PROTOCOL = 1

NAMES = {1: "HELLO", 2: "RESET", 3: "FRAMES", 4: "HEAD", 5: "STATS", 6: "STATE"}
_HELLO = struct.Struct("<4B5HI16s4B")
_SHOWN = 600  # characters of an answer that makes no sense
_STATS = struct.Struct("<IQ7I")
_DTYPES: tuple[type[np.int8 | np.int16], ...] = (np.int8, np.int16)


@dataclass(frozen=True)
class Hello:
    """What the board says about itself.

    Attributes:
        protocol: Version of the link protocol.
        head_per_frame: Whether every frame has an output.
        window: Requests that the board has room for while it works.
        counter: Unit of the statistics: 0 none, or a kind of `boards.board.COUNTERS`.
        max_payload: Longest payload in either direction, in bytes.
        input_bytes: Bytes of a frame.
        output_bytes: Bytes of an output.
        state_bytes: Bytes of the model's state.
        scratch_bytes: Bytes of the model's scratch memory.
        counter_hz: Counter units per second.
        model_hash: 16 bytes that identify the network.
        input_dtype: 0 int8, 1 int16.
        output_dtype: 0 int8, 1 int16.
        inputs: Number of input tensors.
        outputs: Number of output tensors.
        firmware_version: Version of mcu-ghost that made the image.
        model_name: Name of the model.
    """

    protocol: int
    head_per_frame: bool
    window: int
    counter: int
    max_payload: int
    input_bytes: int
    output_bytes: int
    state_bytes: int
    scratch_bytes: int
    counter_hz: int
    model_hash: bytes
    input_dtype: int
    output_dtype: int
    inputs: int
    outputs: int
    firmware_version: str
    model_name: str

    @classmethod
    def read(cls, payload: bytes) -> Hello:
        """Return what a reply says.

        Raises:
            GhostError: It is too short, of another protocol, or makes no sense.
        """
        names = payload[_HELLO.size :].split(b"\0")
        if payload[:1] and payload[0] != PROTOCOL:
            raise GhostError(
                f"The board speaks version {payload[0]} of the link protocol, this program version"
                f" {PROTOCOL}. Build and flash the firmware again."
            )
        if len(payload) < _HELLO.size or len(names) < 3:
            raise GhostError("The board's answer to HELLO is too short. Flash its firmware again.")
        numbers = list(_HELLO.unpack_from(payload))
        numbers[1] = bool(numbers[1])
        hello = cls(*numbers, *(name.decode("ascii", "replace") for name in names[:2]))
        if not hello._makes_sense:
            shown = f"{hello}"[:_SHOWN]
            raise GhostError(f"The board's answer to HELLO makes no sense: {shown}")
        return hello

    @property
    def _makes_sense(self) -> bool:
        sizes = ((self.input_bytes, self.input_dtype), (self.output_bytes, self.output_dtype))
        return bool(self.window) and all(
            dtype < len(_DTYPES)
            and 0 < size <= self.max_payload
            and size % np.dtype(_DTYPES[dtype]).itemsize == 0
            for size, dtype in sizes
        )

    @property
    def input_type(self) -> np.dtype[Any]:
        """Type of an input on the wire."""
        return np.dtype(_DTYPES[self.input_dtype]).newbyteorder("<")

    @property
    def frames_per_packet(self) -> int:
        """Frames whose inputs fit a request and whose outputs fit its reply."""
        most = self.max_payload // self.input_bytes
        return min(most, self.max_payload // self.output_bytes) if self.head_per_frame else most

    def outputs_in(self, data: bytes) -> npt.NDArray[Any]:
        """Return the outputs that replies carry, (k, outputs).

        Raises:
            GhostError: They are no whole number of outputs.
        """
        dtype = np.dtype(_DTYPES[self.output_dtype]).newbyteorder("<")
        if len(data) % self.output_bytes:
            raise GhostError(
                f"The board sent {count(len(data), 'byte')} of outputs of {self.output_bytes}"
            )
        return np.frombuffer(data, dtype).reshape(-1, self.output_bytes // dtype.itemsize)


@dataclass(frozen=True)
class Stats:
    """What the board counted; times in units of `Hello.counter`.

    Attributes:
        frames: Since the last RESET, as all but the last three.
        step_total: Time of all frames.
        step_min: Of the shortest.
        step_max: Of the longest.
        head_total: Time of the heads that HEAD asked for.
        heads: How many.
        stack_used: Bytes of stack touched since the board started.
        stack_size: Bytes of stack.
        rx_overruns: Bytes received and lost since the board started.
    """

    frames: int
    step_total: int
    step_min: int
    step_max: int
    head_total: int
    heads: int
    stack_used: int
    stack_size: int
    rx_overruns: int

    @classmethod
    def read(cls, payload: bytes) -> Stats:
        """Return what a reply says.

        Raises:
            GhostError: It is too short.
        """
        if len(payload) < _STATS.size:
            raise GhostError("The board's statistics are too short. Flash its firmware again.")
        return cls(*_STATS.unpack_from(payload))
