# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the library `sounddevice`, whose cards play given sounds as fast as they are read.

As far as mcu_ghost.sound.sound_card uses it. A block comes each time that somebody asks whether
the stream is still active, so nothing depends on time or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    pass


@dataclass
class Card:
    """A sound card.

    Attributes:
        name: What the system calls it.
        sound: (samples,) or (samples, channels) int16 at `rate`; silence follows.
        rate: The only one that it has, besides those of `rates`.
        inputs: Channels; the sound goes to all of them.
        rates: Others that it has.
        only: The only number of channels that it can be opened with; 0: any.
        driver: Number of its driver.
        refuses: What happens when it is opened, "" if all goes well.
        overflows: Blocks before which samples are lost, and how many.
        ends: After how many blocks it is gone; None: never.
        clock: Whether its blocks have times.
    """

    name: str = "Built-in Microphone"
    sound: Any = field(default_factory=lambda: np.zeros(0, np.int16))
    rate: int = 16000
    inputs: int = 1
    rates: Sequence[int] = ()
    only: int = 0
    driver: int = 0
    refuses: str = ""
    overflows: dict[int, int] = field(default_factory=dict)
    ends: int | None = None
    clock: bool = True


class Stream:
    """A card that is open: each look at `active` makes its next block come."""

    def __init__(self, card: Card, rate: int, channels: int, blocksize: int, callback: Any) -> None:
        self._card, self._rate, self._channels = card, rate, channels
        self._blocksize, self._callback = blocksize, callback
        self._at = self._blocks = 0
        self.closed = self.started = False

    def start(self) -> None:
        if self._card.refuses:
            raise PortAudioError(self._card.refuses)
        self.started = True

    def close(self) -> None:
        self.closed = True

    @property
    def active(self) -> bool:
        assert self.started and not self.closed
        if self._blocks == self._card.ends:
            return False
        lost = self._card.overflows.get(self._blocks, 0)
        self._at += lost
        start, self._at = self._at, self._at + self._blocksize
        sound = np.asarray(self._card.sound)
        piece = sound[start : self._at]
        if piece.ndim == 1:
            piece = np.repeat(piece[:, None], self._channels, axis=1)
        data = np.zeros((self._blocksize, self._channels), np.int16)
        data[: len(piece)] = piece[:, : self._channels]
        time = SimpleNamespace(inputBufferAdcTime=start / self._rate if self._card.clock else 0.0)
        self._callback(data, len(data), time, SimpleNamespace(input_overflow=lost > 0))
        data[:] = -1  # PortAudio's memory is used again
        self._blocks += 1
        return True


def library(*cards: Card, default: int = 0, speaker: bool = True) -> Any:
    """Return the module, for a PC with some cards; `played` is what it played, `streams` what was
    opened.
    """
    module: Any = ModuleType("sounddevice")
    drivers = ("ALSA", "OSS")
    devices = [
        {"name": card.name, "hostapi": card.driver, "max_input_channels": card.inputs,
         "default_samplerate": float(card.rate)}
        for card in cards
    ]  # fmt: skip

    def query_devices(kind: str | None = None) -> Any:
        if kind == "output":
            if not speaker:
                raise PortAudioError("Error querying device -1")
            return {"default_samplerate": 48000.0}
        return devices

    def check(device: int, channels: int, dtype: str, samplerate: int) -> None:
        card = cards[device]
        assert dtype == "int16"
        if samplerate not in (card.rate, *card.rates):
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        if channels > card.inputs or card.only not in (0, channels):
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")

    def opened(device: int, samplerate: int, channels: int, dtype: str, blocksize: int,
               callback: Callable[..., None]) -> Stream:  # fmt: skip
        check(device, channels, dtype, samplerate)
        module.streams.append(Stream(cards[device], samplerate, channels, blocksize, callback))
        return module.streams[-1]

    module.PortAudioError = PortAudioError
    module.query_devices, module.check_input_settings = query_devices, check
    module.query_hostapis = lambda index=None: (
        [{"name": name} for name in drivers] if index is None else {"name": drivers[index]}
    )
    module.default = SimpleNamespace(device=(default if cards else -1, -1), hostapi=0)
    module.InputStream = opened
    module.streams, module.played = [], []
    module.play = lambda samples, rate: module.played.append((samples, rate))
    return module
