# SPDX-License-Identifier: Apache-2.0
"""The host's side of the link protocol, version 1: what emulators, boards and `stream` speak.

What lies between packets is text for people, or noise.
The device executes requests strictly in order of their sequence numbers, remembers its last reply
and answers a repeated request from memory, so a lost packet never runs a frame twice.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.proof.link.line import Port, Wire
from mcu_ghost.proof.link.messages import (
    BAD_LENGTH,
    BUSY,
    ERROR,
    FRAMES,
    HEAD,
    HELLO,
    NAMES,
    OUT_OF_ORDER,
    REPLY,
    RESET,
    STATE,
    STATS,
    UNKNOWN_TYPE,
    Hello,
    Stats,
)
from mcu_ghost.proof.link.packets import Packet, decode, encode, printable

_LONGEST_TEXT = 16384
_LONGEST_PACKET = 66_000  # bytes on the wire: HELLO can promise a payload of 65 535
_TOLD = 1000  # characters of it in a message
_REPLAYS = 3  # of a session before the board is given up
_GOOD = 4  # requests in a row that went well before they become longer

Ints = npt.NDArray[Any]  # int8 or int16, as the board says


class _Lost(Exception):
    """The board does not know the session."""


class Link:
    """A conversation with a board that runs the `stream` app, or another that speaks so.

    Args:
        port: Where it is.
        timeout: Seconds without a byte after which a request is sent again.
        attempts: How often in a row a request may meet with silence or a refusal.
        on_text: Called with text that the board prints between packets.
        window: Requests that may be on their way at a time; as many as the board takes if None.
        wire: What the line is like; None of an emulator. On a real one requests begin short, and
            become longer while all goes well; and a damaged reply is asked for again at once, as
            often as the time allows.
        clock: Returns the seconds that `timeout` is meant in, where there is no wire. However much
            comes, nothing is listened to for ever.
        app: The app that the board should run.
        remember: Whether to keep all frames since a reset, to run them again on a board that lost
            the session; without it a stream may be of any length.

    Attributes:
        repeats: How often requests had to be sent again.
        replays: How often the board had forgotten the session, and it was run again.
    """

    def __init__(
        self,
        port: Port,
        timeout: float = 2.0,
        attempts: int = 4,
        on_text: Callable[[str], None] | None = None,
        window: int | None = None,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
        app: str = "stream",
        remember: bool = True,
    ) -> None:
        self._port = port
        self._app = app
        self._remember = remember
        self._window = window
        self._timeout = timeout
        self._attempts = attempts
        self._on_text = on_text
        self._wire = wire
        self._now = wire.clock if wire else clock
        self._limit = wire.limit if wire else 2 * timeout * attempts
        self._pending = bytearray()
        self._text = ""
        self._received = 0  # bytes
        self._noises = 0
        self._damaged = False
        self._sequence = 0
        self._deadline = 0.0  # after which whatever comes is not listened to
        self._hello: Hello | None = None
        self._since_reset: bytearray | None = None
        self._replaying = False
        self._pace = 1 if wire else 0xFFFF  # frames in a request, if the board takes as many
        self._good = 0
        self.repeats = 0
        self.replays = 0

    @property
    def text(self) -> str:
        """What the board printed between packets, its latest 16 KiB."""
        return self._text

    def hello(self) -> Hello:
        """Start a session and return what the board says about itself.

        Raises:
            GhostError: No answer, a crash, or a protocol that this version does not speak.
        """
        self._hello = Hello.read(self._ask(HELLO))
        return self._hello

    def reset(self) -> None:
        """Zero the model's state, and what the board counted of frames and heads."""
        self._ask(RESET)
        self._since_reset = bytearray() if self._remember else None

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
        size = hello.input_bytes // hello.input_type.itemsize
        if frames.ndim != 2 or frames.shape[1] != size or frames.dtype != hello.input_type:
            raise GhostError(
                f"The board takes frames of {size} x {hello.input_type}, these are"
                f" {frames.shape[1:]} x {frames.dtype}."
            )
        replies: list[bytes] = []
        for part, reply in self._step(frames.tobytes(), hello, self._window or hello.window):
            if self._since_reset is not None:
                self._since_reset += part
            replies.append(reply)
            if progress is not None:
                progress(len(part) // hello.input_bytes)
        return hello.outputs_in(b"".join(replies))

    def head(self) -> Ints:
        """Return the outputs from the state as it is now, (outputs,)."""
        hello = self._hello or self.hello()
        outputs = hello.outputs_in(self._ask(HEAD))
        if len(outputs) != 1:
            raise GhostError(f"The board answered HEAD with {count(outputs.nbytes, 'byte')}.")
        return outputs[0]

    def stats(self) -> Stats:
        """Return what the board counted."""
        return Stats.read(self._ask(STATS))

    def state(self) -> bytes:
        """Return the model's state as it lies in the board's memory."""
        return self._ask(STATE)

    def _ask(self, kind: int) -> bytes:
        (reply,) = self._exchange([(kind, b"")], 1)
        return reply

    def _step(self, data: bytes, hello: Hello, window: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield the frames of each request and its reply."""
        parts: deque[bytes] = deque()
        for reply in self._exchange(self._requests(data, hello, parts), window):
            part = parts.popleft()
            frames = len(part) // hello.input_bytes
            if len(reply) != (frames * hello.output_bytes if hello.head_per_frame else 0):
                raise GhostError(f"The board answered {count(frames, 'frame')} by {len(reply)} B.")
            yield part, reply

    def _requests(
        self, data: bytes, hello: Hello, parts: deque[bytes]
    ) -> Iterator[tuple[int, bytes]]:
        """Yield frames in requests as long as the line bears, and note the parts."""
        while data:
            self._pace = min(self._pace, hello.frames_per_packet)
            size = self._pace * hello.input_bytes
            parts.append(data[:size])
            data = data[size:]
            yield FRAMES, parts[-1]

    def _exchange(self, requests: Iterable[tuple[int, bytes]], window: int) -> Iterator[bytes]:
        """Yield the replies in order; at most `window` requests are on their way at a time."""
        waiting = iter(requests)
        sent: deque[Packet] = deque()
        begun, tries, failures = self._now(), 1, 0
        while True:
            while len(sent) < window and (request := next(waiting, None)) is not None:
                sent.append(self._send(*request))
            if not sent:
                return
            reply, lost = self._receive(), False
            if reply is not None:
                late = self._now() - begun > self._limit
                index = next((i for i, p in enumerate(sent) if p.sequence == reply.sequence), None)
                if index is None and not late:
                    continue
                if index is None:
                    raise self._silent(sent[0], tries)
                if reply.type == sent[index].type | REPLY:
                    if index == 0 or not self._answers(sent):
                        # Replies to frames without outputs are empty: the latest says it all.
                        for _ in range(index + 1):
                            self._went_well(sent.popleft(), tries == 1)
                            yield reply.payload
                        begun, tries, failures = self._now(), 1, 0
                        self._deadline = begun + 2 * self._timeout
                        continue
                    lost = True  # an earlier reply, and it cannot be asked for any more
                elif reply.type != ERROR and not late:
                    continue
                elif reply.type != ERROR:
                    raise self._silent(sent[0], tries)
                else:
                    lost = self._refused(reply, sent[index]) == OUT_OF_ORDER and index == 0
            failures = 0 if self._damaged and self._wire else failures + 1
            if failures >= self._attempts or self._now() - begun > self._limit:
                raise self._silent(sent[0], tries)
            tries += 1
            self.repeats += 1
            self._pace = max(1, self._pace // 2) if sent[0].type == FRAMES else self._pace
            if lost:
                self._replay()
                for i, packet in enumerate(sent):
                    sent[i] = self._send(packet.type, packet.payload)
                begun = self._now()
            else:
                for packet in sent:
                    self._write(packet)

    def _send(self, kind: int, payload: bytes) -> Packet:
        packet = Packet(kind, self._sequence, payload)
        self._sequence = (self._sequence + 1) % 256
        self._write(packet)
        return packet

    def _write(self, packet: Packet) -> None:
        self._port.write(encode(packet))
        self._deadline = self._now() + 2 * self._timeout

    def _went_well(self, request: Packet, at_once: bool) -> None:
        """Make requests longer after some that went well at once."""
        if request.type == FRAMES:
            self._good = self._good + 1 if at_once else 0
            if self._good == _GOOD:
                self._good, self._pace = 0, min(2 * self._pace, 0xFFFF)

    def _answers(self, sent: deque[Packet]) -> bool:
        """Whether replies to these requests carry anything."""
        frames = all(packet.type == FRAMES for packet in sent)
        return not (frames and self._hello is not None and not self._hello.head_per_frame)

    def _refused(self, reply: Packet, request: Packet) -> int:
        """Return the error code, or raise where sending again does not mend it."""
        code = reply.payload[0] if reply.payload else 0
        if code in (BUSY, OUT_OF_ORDER):
            return code
        name = NAMES.get(request.type, hex(request.type))
        why = {UNKNOWN_TYPE: "it does not know that request", BAD_LENGTH: "its length is wrong"}
        raise GhostError(
            f"The board refused {name}: {why.get(code, f'error {code}')}. Firmware and program are"
            " of different versions: build and flash again."
        )

    def _replay(self) -> None:
        """Bring the board back to where it was: reset it and run all frames since again."""
        if self._replaying:
            raise _Lost
        if self._since_reset is None or self._hello is None:
            raise GhostError(
                "The board lost the session (a reset, or bytes lost on the line). Start again."
            )
        self._replaying = True
        for _ in range(_REPLAYS):
            self.replays += 1
            with contextlib.suppress(_Lost):
                self._ask(RESET)
                deque(self._step(bytes(self._since_reset), self._hello, 1), maxlen=0)
                self._replaying = False
                return
        raise GhostError(
            f"The board lost the session {_REPLAYS} times in a row: it keeps being reset. Is its"
            " power good, and does a watchdog run?"
        )

    def _receive(self) -> Packet | None:
        """Return the next packet, or None after silence; `_damaged` tells if noise came first."""
        self._damaged = False
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
            if self._now() > self._deadline:  # it babbles, and nothing of it is an answer
                self._note(bytes(self._pending))
                self._pending.clear()
                self._damaged = False
                return None
            timeout = self._timeout
            if self._wire and (self._damaged or printable(self._pending) is None):
                timeout = self._wire.lull  # of a reply that has begun the rest comes at once
            data = self._port.read(timeout)
            if not data:
                self._note(bytes(self._pending))
                self._pending.clear()
                return None
            self._received += len(data)
            self._pending += data
            if len(self._pending) > _LONGEST_PACKET and 0 not in self._pending:
                self._note(bytes(self._pending))
                self._pending.clear()

    def _note(self, chunk: bytes) -> None:
        """Keep what the board printed, or that it was none; raise when it reports a crash."""
        fault = chunk.find(b"FAULT ")
        text = printable(chunk[fault:] if fault >= 0 else chunk)
        if text is None:
            self._damaged = True
            self._noises += 1
        elif text:
            self._text = (self._text + text)[-_LONGEST_TEXT:]
            if self._on_text is not None:
                self._on_text(text)
            if fault >= 0:
                raise GhostError(f"The board crashed: {text.strip()}")

    def _silent(self, packet: Packet, tries: int) -> GhostError:
        """Say that there is no answer, and what there was instead."""
        name = NAMES.get(packet.type, hex(packet.type))
        message = f"The board does not answer {name} (sent {count(tries, 'time')})."
        status = getattr(self._port, "status", None)
        if callable(status):
            message += f" {status()}"
        text = self._text.strip()
        if text:
            shown = text if len(text) <= _TOLD else f"{text[: _TOLD // 2]} … {text[-_TOLD // 2 :]}"
            message += f" It printed:\n{shown}"
            if f" {self._app} " not in self._text:
                message += (
                    f"\nThat is not the `{self._app}` app: `mcu-ghost build --app {self._app}`,"
                    f" then `mcu-ghost flash --app {self._app}`."
                )
        elif self._hello is not None and self._noises:
            message += f" Damaged replies so far: {self._noises}. Is the line good?"
        elif self._hello is not None:
            message += " It did before: does it hang?"
        elif self._received:
            message += (
                f" {count(self._received, 'byte')} came that are neither packets nor text: is the"
                " baud rate right, and the line good?"
            )
        else:
            message += f" It printed nothing. Does it run the `{self._app}` app?"
        return GhostError(message)
