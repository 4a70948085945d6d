# SPDX-License-Identifier: Apache-2.0
"""Plays sound into the microphone of an emulated board that cleans it, and checks what it sends.

Every sample must equal what the PC makes of the hops that the board did not lose. What the
`denoise_live` app sends stands in docs/format.md.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.build import Built
from mcu_ghost.emulate import Counts, unicorn
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.model import Model
from mcu_ghost.proof import enhancement, keywords, verify
from mcu_ghost.proof.enhancement import HopCost
from mcu_ghost.proof.keywords import Part
from mcu_ghost.proof.monitor import Hop, split
from mcu_ghost.sound import lines
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.enhancement import Enhancer, need_task
from mcu_ghost.sound.lines import Line, Status

_PATIENCE = 200  # times 10 ms of the board's time for the last status line
_SHOWN = 400  # bytes of what makes no sense


@dataclass(frozen=True, eq=False)
class Live:
    """What a board made of the sound that it heard, and sent.

    Attributes:
        numbers: (hops,) int64: which hops of the sound came back, in order.
        samples: (hops, hop) int16 of them, clean or as they were.
        sequence: (hops,) int64: the packets' own numbers, 0 to 255.
        lines: What the board said besides, in order; the last is a status line behind the sound.
        played: (any number,) int16 that it sent to a device that plays them, if one is wired;
            silence first.
    """

    numbers: npt.NDArray[np.int64]
    samples: Samples
    sequence: npt.NDArray[np.int64]
    lines: tuple[Line, ...]
    played: Samples = field(default_factory=lambda: np.zeros(0, np.int16))

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The status lines; `busy` is from a hop's arrival until its samples are sent."""
        return tuple(line for line in self.lines if isinstance(line, Status))

    @property
    def overruns(self) -> int:
        """Hops that the board lost."""
        return self.statuses[-1].overruns


def run(
    built: Built, sound: Samples, progress: Callable[[float], None] = lambda seconds: None
) -> tuple[Live, HopCost]:
    """Play sound to a `denoise_live` image, and return what it sent and what a hop cost.

    Args:
        built: The image.
        sound: int16 at 16 kHz; silence follows.
        progress: Called with the seconds of sound since the last call.

    Raises:
        GhostError: No emulator, a crash, or the board no longer answers, or sends nonsense.
    """
    board, model = built.board, built.model
    keywords.choose(board)
    watch = enhancement.parts(model)
    with contextlib.closing(unicorn.start(board, built.elf, tuple(watch.values()))) as machine:
        hop = need_task(model).transform.hop
        heard = play(machine, sound, hop, board.cpu.clock_hz, progress)
        return heard, _cost(machine.counts(), watch)


def _cost(counts: Counts, watch: dict[str, str]) -> HopCost:
    found = {name: counts.functions[function] for name, function in watch.items()}
    hops = found["synthesis"].calls
    parts = {name: function.total / hops for name, function in found.items()}
    most = sum(function.max for function in found.values())
    return HopCost(hops, sum(parts.values()), most, "instructions", parts=parts)


def play(
    machine: unicorn.UnicornMachine,
    sound: Samples,
    hop: int,
    clock_hz: float,
    progress: Callable[[float], None] = lambda seconds: None,
    ask: bytes = b"\n",
) -> Live:
    """Play all of a sound and take what comes up to a status line behind its end.

    Args:
        machine: Runs an image that sends sound.
        sound: int16 at 16 kHz; silence follows.
        hop: Samples of a packet.
        clock_hz: Of the core.
        progress: Called with the seconds of sound since the last call.
        ask: What asks for a status line.

    Raises:
        GhostError: A crash, or the board no longer answers, or sends nonsense.
    """
    end = len(sound) // hop * hop * 1000 // RATE
    unread, played, patience = b"", 0, _PATIENCE
    latest = machine.bus.now() + round((len(sound) / RATE + 0.01 * _PATIENCE) * clock_hz)
    hops, said = list[Hop](), list[Line]()
    machine.outside.sound.play(sound)
    while not (said and isinstance(said[-1], Status) and said[-1].ms >= end):
        taken, before = machine.outside.sound.taken, machine.bus.now()
        progress((taken - played) / RATE)
        played = taken
        if taken >= len(sound):
            machine.write(ask)
        found, unread = split(unread + machine.read(0.01))
        for one in found:
            if isinstance(one, Hop):
                hops.append(one)
            else:
                said.append(_line(one))
        now = machine.bus.now()
        if taken >= len(sound) or now == before or now > latest:  # done, stopped, or no end of it
            patience -= 1
        if patience == 0:
            raise GhostError(f"The board no longer answers. {machine.status()}")
    if not hops or any(len(one.samples) != hop for one in hops):
        raise GhostError(f"The board sent no hops of {count(hop, 'sample')}.")
    return Live(
        np.array([hop.number for hop in hops]),
        np.array([hop.samples for hop in hops]),
        np.array([hop.sequence for hop in hops]),
        tuple(said),
        np.frombuffer(bytes(machine.outside.sound.played), "<i2").astype(np.int16),
    )


def _line(text: bytes) -> Line:
    line = lines.read(text)
    if line is None:
        shown = text[:_SHOWN].decode("ascii", "replace")
        raise GhostError(f"The board sent what is neither sound nor an event: {shown!r}")
    return line


def compare(model: Model, sound: Samples, live: Live, cases: int = 1) -> verify.Comparison:
    """Compare what a board sent with what the PC makes of the hops that it did not lose.

    Args:
        model: The network that its image was built from.
        sound: What was played.
        live: What came of it.
        cases: Parts that the sound has.

    Returns:
        The outcome; its frames are hops.
    """
    enhancer = Enhancer(model)
    transform = enhancer.task.transform
    heard = hops_of(sound, live, transform.hop)
    want = enhancer.feed(heard.reshape(-1)).reshape(-1, transform.hop)
    return hold(live, want, transform.hop_ms, cases)


def hops_of(sound: Samples, live: Live, hop: int) -> Samples:
    """Return those hops of a sound, silence behind it, that a board did not lose.

    Returns:
        (hops, hop) int16.
    """
    last = int(live.numbers.max()) + 1
    padded = np.pad(sound, (0, max(0, last * hop - len(sound))))
    return padded[: last * hop].reshape(-1, hop)[live.numbers]


def hold(live: Live, want: Samples, hop_ms: float, cases: int = 1) -> verify.Comparison:
    """Hold what a board sent against what it should have sent of the hops that it did not lose.

    Args:
        live: What came.
        want: (hops, hop) int16.
        hop_ms: Milliseconds of a hop.
        cases: Parts that the sound has.

    Returns:
        The outcome; its frames are hops.
    """
    differences = [
        f"hop {live.numbers[row]}, sample {at}: expected {want[row, at]}, got"
        f" {live.samples[row, at]}"
        for row, at in np.argwhere(want != live.samples)[:1]
    ]
    differences += _counted(live, hop_ms)
    bytes_wrong = int((want.view(np.int8) != live.samples.view(np.int8)).sum())
    mismatches = max(bytes_wrong, len(differences))
    return verify.Comparison(cases, len(live.numbers), mismatches, next(iter(differences), ""), ())


def _counted(live: Live, hop_ms: float) -> Sequence[str]:
    """Say what does not fit of numbers, overruns and CRCs."""
    found = []
    if (live.sequence != np.arange(len(live.sequence)) % 256).any():
        found.append("packets are missing on the line")
    if (np.diff(live.numbers) < 1).any():
        found.append("hops do not come in order")
    for status in live.statuses:
        done = live.numbers < status.ms / hop_ms
        lost = round(status.ms / hop_ms) - int(done.sum())
        if status.overruns != lost:
            found.append(f"at {status.ms} ms: missing hops {lost}, counted {status.overruns}")
        crc = f"{zlib.crc32(live.samples[done].tobytes()):08x}"
        if status.crc != crc:
            found.append(f"CRC of samples at {status.ms} ms: {crc}, it says {status.crc}")
    return found


def sound_of(played: Sequence[Part]) -> Samples:
    """Return parts one behind the other."""
    return np.concatenate([part.samples for part in played])
