# SPDX-License-Identifier: Apache-2.0
"""The microphones of this PC, by PortAudio: any card, at any rate, with any number of channels."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.capture import Block
from mcu_ghost.sound.recording import Resampler

_BLOCKS = 10  # in a second
_KEPT = 5 * _BLOCKS  # blocks that wait to be taken; what comes then is lost
_PATIENCE = 5.0  # seconds without sound, after which a card is gone; headsets take a while
_LONGEST_GAP = 10  # seconds


@dataclass(frozen=True)
class SoundCard:
    """A microphone of this PC, as `capture.Microphone` wants it.

    Attributes:
        number: By which PortAudio knows it.
        name: What the system calls it.
        channels: How many it has.
        rate: Samples per second that it prefers.
        driver: The system's interface to it, such as ALSA or MME.
    """

    number: int
    name: str
    channels: int
    rate: int
    driver: str

    def __str__(self) -> str:
        channels = count(self.channels, "channel")
        return f"{self.number}  {self.name} ({self.driver}, {channels}, {self.rate} Hz)"

    @contextlib.contextmanager
    def listening(self) -> Iterator[Iterator[Block]]:
        """Listen while the context is open; blocks come without end, ten in a second.

        The card gives 16 kHz and one channel if it can; else it gives what it likes, which is mixed
        down and resampled. Sound that nobody takes for five seconds is lost.

        Raises:
            GhostError: The card is busy, gone or not allowed to be heard.
        """
        library = _library()
        rate, channels = self._format(library)
        intake = _Intake(rate)
        with contextlib.ExitStack() as stack:
            try:
                stream = library.InputStream(
                    device=self.number, samplerate=rate, channels=channels, dtype="int16",
                    blocksize=rate // _BLOCKS, callback=intake.take,
                )  # fmt: skip
                stack.callback(stream.close)
                stream.start()
            except library.PortAudioError as error:
                raise self._refusal(error) from error
            yield self._blocks(stream, intake, rate)

    def _format(self, library: Any) -> tuple[int, int]:
        """Return the rate and the channels to ask for."""
        refusal = None
        for rate in dict.fromkeys((RATE, self.rate)):
            for channels in dict.fromkeys((1, min(2, self.channels), self.channels)):
                try:
                    library.check_input_settings(
                        device=self.number, samplerate=rate, channels=channels, dtype="int16"
                    )
                    return rate, channels
                except (library.PortAudioError, ValueError) as error:
                    refusal = error
        raise self._refusal(refusal) from refusal

    def _refusal(self, error: object) -> GhostError:
        return GhostError(
            f"The microphone '{self.name}' cannot be opened ({str(error).rstrip('.')}). Look"
            " whether it is plugged in, whether another program has it, and whether the system"
            " lets this terminal use the microphone."
        )

    def _blocks(self, stream: Any, intake: _Intake, rate: int) -> Iterator[Block]:
        resampler = None if rate == RATE else Resampler(rate)
        lost = told = 0
        while stream.active:
            try:
                samples, missing = intake.waiting.get(timeout=_PATIENCE)
            except queue.Empty:
                break
            if missing:
                samples = np.concatenate([np.zeros(missing, np.int16), samples])
            if resampler is not None:
                samples = resampler.feed(samples)
            lost += missing
            now = -(-lost * RATE // rate)
            yield Block(samples, now - told)
            told = now
        raise GhostError(
            f"The microphone '{self.name}' sends no sound any more. Plug it in again, or choose"
            " another one by --device."
        )


class _Intake:
    """What PortAudio's thread brings; what was lost before each block is counted.

    PortAudio says that some was lost, and not how much: the times of the blocks before and after
    tell, of cards that have them. At least one sample was.

    Args:
        rate: Samples per second.

    Attributes:
        waiting: Blocks, and how many samples before each were lost.
    """

    def __init__(self, rate: int) -> None:
        self.waiting: queue.Queue[tuple[Samples, int]] = queue.Queue(_KEPT)
        self._rate = rate
        self._lost = 0
        self._end: float | None = None  # of what came, by the card's time

    def take(self, data: Samples, frames: int, time: Any, status: Any) -> None:
        """Take a block: PortAudio's callback, which must not wait."""
        start = float(time.inputBufferAdcTime)
        if status.input_overflow and self._end is not None:
            gap = round((start - self._end) * self._rate)
            self._lost += min(max(1, gap), _LONGEST_GAP * self._rate)
        self._end = start + frames / self._rate
        try:
            self.waiting.put_nowait((recording.mixed(data).copy(), self._lost))
            self._lost = 0
        except queue.Full:
            self._lost += frames


def find(device: str = "") -> SoundCard:
    """Return a microphone of this PC.

    Args:
        device: Its number, or a part of its name; the system's choice if empty.

    Raises:
        GhostError: There is none, none of that name, or several; the message lists what there is.
            Or the library is not installed.
    """
    library = _library()
    found = microphones(library)
    if not found:
        raise GhostError(
            "There is no microphone on this PC. Plug one in, and look whether the system lets this"
            " terminal use it."
        )
    if not device:
        chosen = library.default.device[0]
        fitting = [card for card in found if card.number == chosen]
        return _one(fitting, found, "The system has chosen no microphone.")
    if device.isdecimal():
        fitting = [card for card in found if card.number == int(device)]
        return _one(fitting, found, f"There is no microphone {device}.")
    fitting = [card for card in found if device.casefold() in card.name.casefold()]
    exact = [card for card in fitting if card.name.casefold() == device.casefold()]
    # One microphone may be there by several drivers.
    driver = library.query_hostapis(library.default.hostapi)["name"]
    for some in (exact, fitting):
        preferred = [card for card in some if card.driver == driver]
        for narrowed in (some, preferred):
            if len(narrowed) == 1:
                return narrowed[0]
    if not fitting:
        return _one([], found, f"There is no microphone called '{device}'.")
    return _one(exact or fitting, exact or fitting, f"Which '{device}'?")


def _one(fitting: list[SoundCard], listed: list[SoundCard], otherwise: str) -> SoundCard:
    if len(fitting) == 1:
        return fitting[0]
    lines = "".join(f"\n  {card}" for card in listed)
    raise GhostError(f"{otherwise} Choose one by its number or name with --device:{lines}")


def microphones(library: Any) -> list[SoundCard]:
    """Return all microphones of this PC, by number."""
    drivers = [one["name"] for one in library.query_hostapis()]
    return [
        SoundCard(number, device["name"], device["max_input_channels"],
                  round(device["default_samplerate"]), drivers[device["hostapi"]])
        for number, device in enumerate(library.query_devices())
        if device["max_input_channels"] > 0
    ]  # fmt: skip


def play(samples: Samples) -> None:
    """Begin to play samples at 16 kHz, and do not wait for their end.

    Raises:
        GhostError: There is nothing that plays them.
    """
    library = _library()
    try:
        rate = round(library.query_devices(kind="output")["default_samplerate"])
        library.play(recording.resample(samples, RATE, rate), rate)
    except (library.PortAudioError, ValueError) as error:
        raise GhostError(f"It cannot be played ({str(error).rstrip('.')}).") from error


def _library() -> Any:
    """Return `sounddevice`, of which only its users know that it is there."""
    try:
        import sounddevice
    except ImportError as error:
        raise GhostError(tools.missing("sounddevice") or str(error)) from error
    except OSError as error:  # it does not bring PortAudio on Linux
        raise GhostError(tools.missing("portaudio") or str(error)) from error
    return sounddevice
