# SPDX-License-Identifier: Apache-2.0
"""Sends sound to an image of the `denoise` app, takes clean sound back, and proves every sample.

A hop of samples is a frame of the link protocol, as the app's HELLO says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost import emulate
from mcu_ghost.boards import Board
from mcu_ghost.boards.board import COUNTERS
from mcu_ghost.build.build import Built
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.proof import on_emulator, verify
from mcu_ghost.proof.keywords import Part, told
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.link.messages import Hello
from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.enhancement import Enhancer, need_task

APP = "denoise"
"""The app whose images this speaks to."""

_BLOCK = 16000  # samples that go to a board at a time, about: so any length takes the same memory
_TRANSFORMS = 2000  # instructions for a sample of a frame: no core needs as many
_HOP = "app_step"  # the app's function of a whole hop


@dataclass(frozen=True)
class HopCost:
    """What a hop of sound costs, from its samples to clean ones.

    Attributes:
        hops: How many there were since the last reset, or on some emulators since the start.
        mean: Of a hop.
        most: Of the costliest.
        unit: "instructions", emulated; of a board what its counter counts, measured.
        hz: Units per second of a board's counter; None of instructions.
        parts: Means of analysis, network and synthesis, where they can be told apart.
    """

    hops: int
    mean: float
    most: int
    unit: str
    hz: int | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {"hops": self.hops, "mean": round(self.mean), "most": self.most, "unit": self.unit,
                "hz": self.hz, "parts": {k: round(v) for k, v in self.parts.items()}}  # fmt: skip

    def __str__(self) -> str:
        """Say it in a few words."""
        parts = ", ".join(f"{text.count(value)} {name}" for name, value in self.parts.items())
        return f"{text.count(self.mean)} {self.unit} per hop{f': {parts}' if parts else ''}"


class Device:
    """A board that cleans speech, as a stream: any length, in the memory of a second of it.

    Args:
        link: To an image of the app; see `emulated`, and `on_board.cleaning` for a real board.
        model: The network that it was built from.
        cost: Returns what hops have cost.

    Attributes:
        hop: Samples that go and come at a time.
        delay: Samples by which what comes is late against what went.
        link: To the board.
        hello: What it says about itself.

    Raises:
        GhostError: The board runs another app or another model, crashed, or does not answer.
    """

    def __init__(self, link: Link, model: Model, cost: Callable[[], HopCost]) -> None:
        transform = need_task(model).transform
        self.hop, self.delay = transform.hop, transform.delay
        self.link, self._cost = link, cost
        self.hello = hello = link.hello()
        verify.validate_model(hello, model)
        frame = (hello.input_type, hello.input_bytes, hello.output_bytes)
        if frame != (np.dtype("<i2"), 2 * self.hop, 2 * self.hop):
            raise GhostError(
                f"The board does not take sound: `mcu-ghost build --app {APP}`, then"
                f" `mcu-ghost flash --app {APP}`."
            )
        self.reset()

    def reset(self) -> None:
        """Begin another stream: before its first sample there is silence."""
        self.link.reset()
        self._pending = np.zeros(0, np.int16)

    def feed(self, samples: Samples) -> Samples:
        """Send the next samples and return the clean ones; how a stream is cut does not matter.

        Args:
            samples: (any number,) int16.

        Returns:
            (hops that are complete now * hop,) int16.

        Raises:
            GhostError: The board crashed, lost the stream, or does not answer.
        """
        pending = np.concatenate([self._pending, samples])
        whole = len(pending) // self.hop * self.hop
        self._pending = pending[whole:]
        if not whole:
            return np.zeros(0, np.int16)
        hops = pending[:whole].astype("<i2").reshape(-1, self.hop)
        return self.link.frames(hops).reshape(-1).astype(np.int16)

    def cost(self) -> HopCost:
        """Return what a hop has cost so far."""
        return self._cost()

    def stack(self) -> tuple[int, int]:
        """Return the bytes of stack that were touched since the start, and those that there are."""
        stats = self.link.stats()
        return stats.stack_used, stats.stack_size


class Checked:
    """A board that cleans speech, each sample of which is held against the PC's.

    Args:
        device: The board, at the begin of a stream.
        model: The network that its image was built from.
    """

    def __init__(self, device: Device, model: Model) -> None:
        self._device, self._reference, self._done = device, Enhancer(model), 0

    def feed(self, samples: Samples) -> Samples:
        """As of `Device`.

        Raises:
            GhostError: As of `Device`, or a sample is another one than on the PC.
        """
        made, wanted = self._device.feed(samples), self._reference.feed(samples)
        if (made != wanted).any():
            at = int(np.argmax(made != wanted))
            raise GhostError(
                f"Sample {self._done + at} of the board is {made[at]} where the PC has"
                f" {wanted[at]}: its firmware is not what `mcu-ghost build` makes of this model."
            )
        self._done += len(made)
        return made


@contextlib.contextmanager
def emulated(built: Built, engine: str | None = None) -> Iterator[Device]:
    """Have an image of the app run on an emulator.

    Args:
        built: The image.
        engine: An emulator's name; the board's first that is installed if None.

    Raises:
        GhostError: No emulator, or the image is not what it should be, crashed or hung.
    """
    board, model = built.board, built.model
    engine = emulate.choose(board, engine)
    watched = parts(model)
    watch = (_HOP, *watched.values())
    with contextlib.closing(emulate.start(board, built.elf, engine, watch=watch)) as machine:

        def cost() -> HopCost:
            counts = machine.counts()
            if counts is None:
                stats = link.stats()
                ticks = (stats.step_total, stats.step_max * stats.frames)
                mean, most = (
                    on_emulator.from_counter(board, engine, n, stats.frames) for n in ticks
                )
                return HopCost(stats.frames, mean, round(most), "instructions")
            hop = counts.functions[_HOP]
            if not hop.calls:
                raise GhostError("No hop has been cleaned.")
            each = {name: counts.functions[f].total / hop.calls for name, f in watched.items()}
            return HopCost(hop.calls, hop.total / hop.calls, hop.max, "instructions", parts=each)

        own_time = longest(board, model)
        delay = own_time if engine == "unicorn" else 5.0 + own_time
        # Where the board's own counter counts, no byte may arrive and interrupt a hop.
        window = None if engine == "unicorn" else 1
        link = Link(machine, delay, attempts=2, window=window, clock=machine.clock, app=APP,
                    remember=False)  # fmt: skip
        yield Device(link, model, cost)


def parts(model: Model) -> dict[str, str]:
    """Return the functions of an image that make up most of a hop, by what they do."""
    return {
        "analysis": "ghost_enhancer_analyse",
        "network": f"{model.name}_step",
        "synthesis": "ghost_enhancer_synthesise",
    }


def measured(hello: Hello, link: Link) -> HopCost:
    """Return what hops have cost a board since the last reset, by its own counter.

    Args:
        hello: What the board says about itself.
        link: To it.

    Raises:
        GhostError: It has cleaned none.
    """
    stats = link.stats()
    if not stats.frames:
        raise GhostError("No hop has been cleaned.")
    unit = dict(COUNTERS.values()).get(hello.counter, "units")
    return HopCost(stats.frames, stats.step_total / stats.frames, stats.step_max, unit,
                   hello.counter_hz)  # fmt: skip


def longest(board: Board, model: Model) -> float:
    """Return the seconds of its own time after which a board must have answered hops of sound."""
    transform = need_task(model).transform
    return verify.longest(board, model, 2 * transform.hop, _TRANSFORMS * transform.frame)


def sounds(
    model: Model, cases: int, hops: int, recordings: Sequence[Path] = (), seconds: float = 0.0
) -> list[Part]:
    """Return sound to prove an image with: random, recorded, then silence.

    Args:
        model: A network that cleans speech.
        cases: Random sounds.
        hops: Of each.
        recordings: WAV or FLAC files of any rate.
        seconds: Of silence.

    Raises:
        GhostError: The model does not clean speech, or a recording cannot be used.
    """
    transform = need_task(model).transform
    rate = transform.sample_rate
    found = [Part(f"case {i}", _random(i, hops * transform.hop)) for i in range(cases)]
    for name, path in zip(told(recordings), recordings, strict=True):
        found.append(Part(name, audio.read(path, rate)))
    if seconds:
        found.append(Part("silence", np.zeros(round(seconds * rate), np.int16)))
    return found


def _random(seed: int, count: int) -> Samples:
    """Return noise that comes and goes, from hardly any to more than int16 holds."""
    rng = np.random.default_rng(seed)
    loudness = 2.0 ** (8 + 8 * np.sin(np.arange(count) / 1500 + seed))
    return (rng.normal(0, 1, count) * loudness).clip(-32768, 32767).astype(np.int16)


def compare(
    device: Device,
    model: Model,
    work: Iterable[Part],
    progress: verify.Progress = lambda done: None,
) -> verify.Comparison:
    """Send sounds to a board and compare every sample that comes back with `Enhancer`.

    Args:
        device: The board.
        model: The network that its image was built from.
        work: The sounds; behind each comes silence, until all of it has come back.
        progress: Called with the hops done since the last call.

    Returns:
        The outcome; its frames are hops.

    Raises:
        GhostError: The board crashed or stopped answering.
    """
    cases = hops = mismatches = 0
    first = ""
    for part in work:
        device.reset()
        enhancer, at = Enhancer(model), 0
        rest = device.delay + -len(part.samples) % device.hop
        for block in _blocks(np.pad(part.samples, (0, rest))):
            want, got = enhancer.feed(block), device.feed(block)
            for index in np.flatnonzero(want != got)[: not first]:
                first = (
                    f"{part.name}, sample {at + index} (of hop {(at + index) // device.hop}):"
                    f" expected {want[index]}, got {got[index]}"
                )
            mismatches += int((want.view(np.int8) != got.view(np.int8)).sum())
            at += len(want)
            progress(len(want) // device.hop)
        cases, hops = cases + 1, hops + at // device.hop
    return verify.Comparison(cases, hops, mismatches, first, recognised=())


def _blocks(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), _BLOCK):
        yield samples[start : start + _BLOCK]
