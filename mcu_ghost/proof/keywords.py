# SPDX-License-Identifier: Apache-2.0
"""Plays sound into the microphone of an emulated board that runs the `kws` app, and checks it.

Each word that the board reports, and a CRC over every output of its network, must equal what the PC
computes from the same samples. What the app's lines mean stands in docs/format.md.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board
from mcu_ghost.build.build import Built
from mcu_ghost.emulate import unicorn
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import verify
from mcu_ghost.proof.cpu_load import NETWORK, CpuLoad, Watch
from mcu_ghost.proof.monitor import Hop, split
from mcu_ghost.sound import keywords, lines
from mcu_ghost.sound.front_end import FrontEndSettings, Samples
from mcu_ghost.sound.keywords import RATE, KeywordTask
from mcu_ghost.sound.lines import Line, Overrun, Status, Word

ENGINE = "unicorn"  # the one whose boards hear
_TRACED_HOPS = 50  # that cycles are estimated from: tracing takes time
_SHOWN = 400  # bytes of a line that makes no sense
_PATIENCE = 200  # times 10 ms of the board's time for the last status line


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of what is played.

    Attributes:
        name: Of the recording, or "" for silence.
        samples: int16 at 16 kHz, the silence behind it included.
    """

    name: str
    samples: Samples


@dataclass(frozen=True)
class PartWords:
    """The words of a part.

    Attributes:
        name: Of the recording.
        start_ms: Where it begins in the sound.
        end_ms: Where it ends.
        words: The board's lines.
    """

    name: str
    start_ms: int
    end_ms: int
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Listened:
    """What a board heard, and whether it is what the PC computes.

    Attributes:
        parts: The words in each.
        overruns: Hops that the board lost.
        statuses: The board's status lines, in order; the last covers all of the sound.
        differences: What is not as the PC computes it, in words; nothing if all is equal.
        cpu_load: What a hop costs.
        frames: How many the network ran.
    """

    parts: tuple[PartWords, ...]
    overruns: int
    statuses: tuple[Status, ...]
    differences: tuple[str, ...]
    cpu_load: CpuLoad
    frames: int

    @property
    def instructions_per_frame(self) -> float:
        """Of the network, emulated, the mean over all frames."""
        (network,) = (i.instructions for i in self.cpu_load.items if i.name == NETWORK)
        return network * self.cpu_load.hops / self.frames

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts."""
        result: dict[str, Any] = lines.plain(self)
        del result["frames"]  # the hops of the cpu_load say as much
        result["cpu_load"] |= {
            "instructions": self.cpu_load.instructions,
            "cycles": self.cpu_load.cycles,
        }
        return result


def choose(board: Board, engine: str | None = None) -> None:
    """Check that a board can be listened through.

    Raises:
        GhostError: It is not one whose microphone is emulated, or the emulator is not installed.
    """
    boards.need_microphone(board)
    if engine not in (None, ENGINE):
        raise GhostError(
            f"Sound can be played into boards on {ENGINE} only: QEMU's boards have no microphone,"
            " and for Renode `mcu-ghost build --app kws` writes a script that plays a file."
        )
    emulate.choose(board, ENGINE)


def told(files: Sequence[Path]) -> list[str]:
    """Return what files are called: by their names, or where two have the same by their paths."""
    names = [path.name for path in files]
    return [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, files, strict=True)
    ]


def parts(task: KeywordTask, files: Sequence[Path], seconds: float = 0.0) -> list[Part]:
    """Read recordings of any rate, each with its silence behind it, then more silence.

    Raises:
        GhostError: A file cannot be used.
    """
    found = [
        Part(name, task.recording(path)) for name, path in zip(told(files), files, strict=True)
    ]
    if seconds:
        found.append(Part("", np.zeros(round(RATE * seconds), np.int16)))
    return found


def part_at(parts: Sequence[Part], ms: int) -> Part:
    """Return the part that plays at a time; the last one's silence goes on."""
    left = ms * RATE // 1000
    for part in parts:
        left -= len(part.samples)
        if left <= 0:
            return part
    return parts[-1]


def run(
    built: Built,
    played: Sequence[Part],
    tell: Callable[[Line], None] = lambda line: None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Listened:
    """Play sound to a `kws` image and compare what it reports with what the PC computes.

    Args:
        built: The image.
        played: What to play.
        tell: Called with each line that the board sends, as it comes.
        progress: Called with the seconds of sound since the last call.

    Raises:
        GhostError: No emulator, a crash, or the board no longer answers.
    """
    board, model = built.board, built.model
    choose(board)
    settings = keywords.listening(model)[0].front_end
    sound = np.concatenate([part.samples for part in played])
    sound = np.pad(sound, (0, -len(sound) % settings.hop))
    costs = Watch(built)
    watch = costs.functions
    with contextlib.closing(unicorn.start(board, built.elf, watch)) as machine:
        said = _play(machine, sound, settings, board.cpu.clock_hz, tell, progress)
        counts = machine.counts()
    traced = None
    if costs.trace:
        with contextlib.closing(unicorn.start(board, built.elf, watch, costs.trace)) as machine:
            _play(machine, sound[: _TRACED_HOPS * settings.hop], settings, board.cpu.clock_hz)
            traced = machine.counts()
    gaps = [line for line in said if isinstance(line, Overrun)]
    lost = [(gap.ms // settings.hop_ms - gap.hops, gap.hops) for gap in gaps]
    statuses = [line for line in said if isinstance(line, Status)]
    words = [line for line in said if isinstance(line, Word)]
    sent = [hop for hop in said if isinstance(hop, Hop)]
    # Silence goes on until the last status line.
    rest = statuses[-1].ms * RATE // 1000 - len(sound)
    heard = np.pad(sound, (0, rest))
    right = keywords.expected(model, heard, lost)
    return Listened(
        parts=_by_part(played, words),
        overruns=sum(count for _, count in lost),
        statuses=tuple(statuses),
        differences=(*_differences(right, words, statuses), *_clips(heard, words, sent)),
        cpu_load=costs.load(counts, traced, settings.hop_ms, max(s.busy.max for s in statuses)),
        frames=counts.functions[f"{model.name}_step"].calls,
    )


def comparison(found: Listened) -> verify.Comparison:
    """Return what was heard in the form that it has for other images: one case a recording."""
    recognised = []
    for part in found.parts:
        best = max(part.words, key=lambda word: word.sum, default=None)
        if part.name and best is None:
            recognised.append(verify.Recognised(part.name, "", 0.0))
        elif part.name and best is not None:
            ms = best.ms - part.start_ms
            recognised.append(verify.Recognised(part.name, best.word, best.score, ms))
    return verify.Comparison(
        cases=len(found.parts),
        frames=found.frames,
        mismatches=len(found.differences),
        first=next(iter(found.differences), ""),
        recognised=tuple(recognised),
    )


def _play(
    machine: unicorn.UnicornMachine,
    sound: Samples,
    settings: FrontEndSettings,
    clock_hz: float,
    tell: Callable[[Line], None] = lambda line: None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> list[Line | Hop]:
    """Play all of the sound and return what comes up to a status line behind its end."""
    end, patience = len(sound) // settings.hop * settings.hop_ms, _PATIENCE
    said: list[Line | Hop] = []
    unread, played, then = b"", 0, machine.bus.now() - 1
    latest = then + round((len(sound) / RATE + 0.01 * _PATIENCE) * clock_hz)
    machine.outside.sound.play(sound)
    while True:
        taken = machine.outside.sound.taken
        progress((taken - played) / RATE)
        played = taken
        if taken >= len(sound):
            machine.write(b"\n")  # asks for a status line
        now = machine.bus.now()
        if taken >= len(sound) or now == then or now > latest:  # done, stopped, or no end of it
            patience -= 1
        then = now
        complete, unread = split(unread + machine.read(0.01))
        for text in complete:
            if isinstance(text, Hop):
                said.append(text)
                continue
            line = lines.read(text)
            if line is None and lines.as_json(text) is not None:
                continue  # of code that was added to the app
            if line is None:
                shown = text[:_SHOWN].decode("ascii", "replace")
                raise GhostError(f"The board sent a line that is no event: {shown!r}")
            said.append(line)
            tell(line)
            if isinstance(line, Status) and line.ms >= end:
                taken = machine.outside.sound.taken
                if line.ms % settings.hop_ms or line.ms * RATE > 1000 * taken:
                    raise GhostError(f"The board says that it heard {line.ms} ms; it did not.")
                return said
        if patience == 0:
            raise GhostError(f"The board no longer answers. {machine.status()}")


def _by_part(played: Sequence[Part], words: Sequence[Word]) -> tuple[PartWords, ...]:
    """Sort words by the part that they end in."""
    found, start = [], 0
    for part in played:
        end = start + len(part.samples) * 1000 // RATE
        mine = tuple(word for word in words if part_at(played, word.ms) is part)
        found.append(PartWords(part.name, start, end, mine))
        start = end
    return tuple(found)


def _differences(
    right: keywords.Expected, words: Sequence[Word], statuses: Sequence[Status]
) -> list[str]:
    """Say in words what differs."""
    found = []
    last = statuses[-1].ms
    wanted = [w for w in right.words if w.ms <= last]
    for number in range(max(len(wanted), len(words))):
        want = wanted[number] if number < len(wanted) else None
        got = words[number] if number < len(words) else None
        if want != (got and msgspec.structs.replace(got, clip=None)):
            found.append(f"word {number}: expected {want}, got {got}")
    for status in statuses:
        want_crc = f"{right.crcs.get(status.ms, 0):08x}"
        if status.crc != want_crc:
            found.append(
                f"CRC of all outputs at {status.ms} ms: expected {want_crc}, got {status.crc}"
            )
    return found


def _clips(sound: Samples, words: Sequence[Word], sent: Sequence[Hop]) -> list[str]:
    """Say in words which of the sound around words that a board sent is not what was played."""
    clips = [word.clip for word in words if word.clip is not None]
    found = []
    for hop in sent:
        size = len(hop.samples)
        if not any(clip.first <= hop.number < clip.first + clip.hops for clip in clips):
            found.append(f"hop {hop.number} was sent, and is around no word")
        elif (sound[hop.number * size :][:size] != hop.samples).any():
            found.append(f"hop {hop.number} was sent, and is not what was played")
    return found
