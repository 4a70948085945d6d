# SPDX-License-Identifier: Apache-2.0
"""The host's side of the link protocol, version 1: what emulators, boards and `stream` speak.

What lies between packets is text for people, or noise.
The device executes requests strictly in order of their sequence numbers, remembers its last reply
and answers a repeated request from memory, so a lost packet never runs a frame twice.
"""

from __future__ import annotations

import contextlib
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mcu_ghost.errors import GhostError
from mcu_ghost.packets import Packet, decode, encode

HELLO, RESET, FRAMES, HEAD, STATS, STATE = 1, 2, 3, 4, 5, 6
REPLY, ERROR = 0x80, 0xFF
UNKNOWN_TYPE, BAD_LENGTH, BUSY, OUT_OF_ORDER = 2, 3, 4, 5
PROTOCOL = 1

_NAMES = {1: "HELLO", 2: "RESET", 3: "FRAMES", 4: "HEAD", 5: "STATS", 6: "STATE"}
_HELLO = struct.Struct("<4B5HI16s4B")
_STATS = struct.Struct("<IQ7I")
_DTYPES: tuple[type[np.int8 | np.int16], ...] = (np.int8, np.int16)
_LONGEST_TEXT = 16384

Ints = npt.NDArray[Any]  # int8 or int16, as the board says


class Port(Protocol):
    """A byte stream to a board: an emulator or a serial port."""

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""

    def read(self, timeout: float) -> bytes:
        """Return what the board sent, or b"" when nothing came for `timeout` seconds."""


@dataclass(frozen=True)
class Hello:
    """What the board says about itself.

    Attributes:
        protocol: Version of the link protocol.
        head_per_frame: Whether every frame has an output.
        window: Requests that the board has room for while it works.
        counter: Unit of the statistics: 0 none, 1 DWT cycles, 2 SysTick ticks, 3 timer ticks.
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


@dataclass(frozen=True)
class Stats:
    """What the board counted since the last reset; times in units of `Hello.counter`."""

    frames: int
    step_total: int
    step_min: int
    step_max: int
    head_total: int
    heads: int
    stack_used: int
    stack_size: int
    rx_overruns: int


class Link:
    """A conversation with a board that runs the `stream` app.

    Args:
        port: Where it is.
        timeout: Seconds without a byte after which a request is sent again.
        attempts: How often a request is sent before giving up.
        on_text: Called with text that the board prints between packets.
        window: Requests that may be on their way at a time; as many as the board takes if None.
    """

    def __init__(
        self,
        port: Port,
        timeout: float = 2.0,
        attempts: int = 4,
        on_text: Callable[[str], None] | None = None,
        window: int | None = None,
    ) -> None:
        self._port = port
        self._window = window
        self._timeout = timeout
        self._attempts = attempts
        self._on_text = on_text
        self._pending = bytearray()
        self._text = ""
        self._sequence = 0
        self._hello: Hello | None = None
        self._since_reset: list[bytes] | None = None
        self._replaying = False

    @property
    def text(self) -> str:
        """What the board printed between packets, its latest 16 kB."""
        return self._text

    def hello(self) -> Hello:
        """Start a session and return what the board says about itself.

        Raises:
            GhostError: No answer, a crash, or a protocol that this version does not speak.
        """
        payload = self._ask(HELLO)
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
        texts = [name.decode("ascii", "replace") for name in names[:2]]
        hello = Hello(*numbers, *texts)
        if not (hello.window and hello.input_bytes and hello.output_bytes) or (
            max(hello.input_dtype, hello.output_dtype) >= len(_DTYPES)
            or hello.max_payload < max(hello.input_bytes, hello.output_bytes)
        ):
            raise GhostError(f"The board's answer to HELLO makes no sense: {hello}")
        self._hello = hello
        return hello

    def reset(self) -> None:
        """Zero the model's state and the statistics."""
        self._ask(RESET)
        self._since_reset = []

    def frames(
        self, frames: npt.NDArray[Any], progress: Callable[[int], None] | None = None
    ) -> Ints:
        """Step the model through frames.

        Args:
            frames: (k, inputs), int8 or int16 as the board says.
            progress: Called with the number of frames done since the last call.

        Returns:
            (k, outputs) where the model has an output per frame, else (0, outputs).

        Raises:
            GhostError: Frames of another size, no answer, or a crash.
        """
        hello = self._hello or self.hello()
        dtype = np.dtype(_DTYPES[hello.input_dtype]).newbyteorder("<")
        size = hello.input_bytes // dtype.itemsize
        if frames.ndim != 2 or frames.shape[1] != size or frames.dtype != dtype:
            raise GhostError(
                f"The board takes frames of {size} x {dtype}, these are {frames.shape[1:]} x"
                f" {frames.dtype}."
            )
        each = hello.max_payload // hello.input_bytes
        if hello.head_per_frame:
            each = min(each, hello.max_payload // hello.output_bytes)
        parts = [frames[at : at + each].tobytes() for at in range(0, len(frames), each)]
        replies: list[bytes] = []
        for reply in self._exchange(
            [(FRAMES, part) for part in parts], self._window or hello.window
        ):
            count = len(parts[len(replies)]) // hello.input_bytes
            if len(reply) != (count * hello.output_bytes if hello.head_per_frame else 0):
                raise GhostError(f"The board answered {count} frames with {len(reply)} bytes.")
            if self._since_reset is not None:
                self._since_reset.append(parts[len(replies)])
            replies.append(reply)
            if progress is not None:
                progress(count)
        return self._outputs(b"".join(replies), hello)

    def head(self) -> Ints:
        """Return the outputs from the state as it is now, (outputs,)."""
        hello = self._hello or self.hello()
        outputs = self._outputs(self._ask(HEAD), hello)
        if len(outputs) != 1:
            raise GhostError(f"The board answered HEAD with {outputs.nbytes} bytes.")
        return outputs[0]

    def stats(self) -> Stats:
        """Return what the board counted since the last reset."""
        payload = self._ask(STATS)
        if len(payload) < _STATS.size:
            raise GhostError("The board's statistics are too short. Flash its firmware again.")
        return Stats(*_STATS.unpack_from(payload))

    def state(self) -> bytes:
        """Return the model's state as it lies in the board's memory."""
        return self._ask(STATE)

    def _outputs(self, data: bytes, hello: Hello) -> Ints:
        dtype = np.dtype(_DTYPES[hello.output_dtype]).newbyteorder("<")
        if len(data) % hello.output_bytes:
            raise GhostError(f"The board sent {len(data)} bytes of outputs of {hello.output_bytes}")
        return np.frombuffer(data, dtype).reshape(-1, hello.output_bytes // dtype.itemsize)

    def _ask(self, kind: int) -> bytes:
        (reply,) = self._exchange([(kind, b"")], 1)
        return reply

    def _exchange(self, requests: list[tuple[int, bytes]], window: int) -> Iterator[bytes]:
        """Yield the replies in order; at most `window` requests are on their way at a time."""
        waiting = deque(requests)
        sent: deque[Packet] = deque()
        failures = 0
        while waiting or sent:
            while waiting and len(sent) < window:
                packet = Packet(waiting[0][0], self._sequence, waiting[0][1])
                self._sequence = (self._sequence + 1) % 256
                waiting.popleft()
                sent.append(packet)
                self._port.write(encode(packet))
            reply = self._receive()
            lost = False
            if reply is not None:
                index = next((i for i, p in enumerate(sent) if p.sequence == reply.sequence), None)
                if index is None:
                    continue
                if reply.type == sent[index].type | REPLY:
                    if index == 0 or not self._answers(sent):
                        # Replies to frames without outputs are empty: the latest says it all.
                        for _ in range(index + 1):
                            sent.popleft()
                            yield reply.payload
                        failures = 0
                        continue
                    lost = True  # an earlier reply, and it cannot be asked for any more
                elif reply.type != ERROR:
                    continue
                else:
                    lost = self._refused(reply, sent[index]) == OUT_OF_ORDER and index == 0
            failures += 1
            if failures >= self._attempts:
                raise self._silent(sent[0])
            if lost:
                self._replay()
                for i, packet in enumerate(sent):
                    sent[i] = Packet(packet.type, self._sequence, packet.payload)
                    self._sequence = (self._sequence + 1) % 256
            for packet in sent:
                self._port.write(encode(packet))

    def _answers(self, sent: deque[Packet]) -> bool:
        """Whether replies to these requests carry anything."""
        frames = all(packet.type == FRAMES for packet in sent)
        return not (frames and self._hello is not None and not self._hello.head_per_frame)

    def _refused(self, reply: Packet, request: Packet) -> int:
        """Return the error code, or raise where sending again does not mend it."""
        code = reply.payload[0] if reply.payload else 0
        if code in (BUSY, OUT_OF_ORDER):
            return code
        name = _NAMES.get(request.type, hex(request.type))
        why = {UNKNOWN_TYPE: "it does not know that request", BAD_LENGTH: "its length is wrong"}
        raise GhostError(
            f"The board refused {name}: {why.get(code, f'error {code}')}. Firmware and program are"
            " of different versions: build and flash again."
        )

    def _replay(self) -> None:
        """Bring the board back to where it was: reset it and run all frames since again."""
        history = self._since_reset
        if history is None or self._replaying:
            raise GhostError(
                "The board lost the session (a reset, or bytes lost on the line). Start again."
            )
        self._replaying = True
        for request in [(RESET, b""), *((FRAMES, frames) for frames in history)]:
            for _ in self._exchange([request], 1):
                pass
        self._replaying = False

    def _receive(self) -> Packet | None:
        """Return the next packet, or None after silence."""
        while True:
            end = self._pending.find(0)
            while end >= 0:
                chunk = bytes(self._pending[:end])
                del self._pending[: end + 1]
                packet = decode(chunk) if chunk else None
                if packet is not None:
                    return packet
                self._note(chunk)
                end = self._pending.find(0)
            data = self._port.read(self._timeout)
            if not data:
                self._note(bytes(self._pending))
                self._pending.clear()
                return None
            self._pending += data

    def _note(self, chunk: bytes) -> None:
        """Keep what the board printed; raise when that is the report of a crash."""
        fault = chunk.find(b"FAULT ")
        printable = chunk[fault:] if fault >= 0 else chunk
        with contextlib.suppress(UnicodeDecodeError):
            text = printable.decode("ascii")
            if text and all(c.isprintable() or c in "\r\n\t" for c in text):
                self._text = (self._text + text)[-_LONGEST_TEXT:]
                if self._on_text is not None:
                    self._on_text(text)
                if fault >= 0:
                    raise GhostError(f"The board crashed: {text.strip()}")

    def _silent(self, packet: Packet) -> GhostError:
        name = _NAMES.get(packet.type, hex(packet.type))
        message = f"The board does not answer {name} (sent {self._attempts} times)."
        status = getattr(self._port, "status", None)
        if callable(status):
            message += f" {status()}"
        if self._text.strip():
            return GhostError(f"{message} It printed:\n{self._text.strip()}")
        return GhostError(f"{message} It printed nothing. Does it run the `stream` app?")
