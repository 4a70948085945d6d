# SPDX-License-Identifier: Apache-2.0
"""Models that clean speech: what one says of itself, and what a board must make of a sound.

A spectrum's bands are what the network reads, its outputs are how loud each band may be. Everything
is in integers: PCs and boards agree in every sample.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mcu_ghost.host import schema, text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about, reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.reference import Runner
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.bands import LOG_BITS, Bands
from mcu_ghost.sound.stft import Analysis, Spectra, StftSettings, Synthesis

TASK = "enhancement"
INPUT_SCALE = 1 / 32  # of what the network reads, in standard deviations
OUTPUT = (1 / 256, -128)  # scale and zero point of a sigmoid
FULL_SCALE = 255  # an output above its lowest that lets a band through as it is
_SHIFT = 16  # of a logarithm times its band's factor


@dataclass(frozen=True)
class Transform:
    """`transform`: how sound is cut into frames.

    Attributes:
        sample_rate: Samples per second.
        frame: Samples of a frame.
        hop: Samples from frame to frame, a half or a quarter of that.
    """

    sample_rate: Literal[16000] = 16000
    frame: Literal[256, 512, 1024] = 512
    hop: Annotated[int, Meta(ge=64, le=512)] = 256

    def __post_init__(self) -> None:
        _ = self.settings

    @property
    def settings(self) -> StftSettings:
        """The same, checked.

        Raises:
            ValueError: The hop is neither a half nor a quarter of the frame.
        """
        return StftSettings(self.frame, self.hop)

    @property
    def hop_ms(self) -> float:
        """From frame to frame."""
        return 1000 * self.hop / self.sample_rate

    @property
    def delay(self) -> int:
        """Samples that come out late; `latency_ms` counts the hop that must be whole, too."""
        return self.frame - self.hop

    @property
    def latency_ms(self) -> float:
        """From a sound to what is made of it, without the time that computing takes: a frame."""
        return 1000 * self.frame / self.sample_rate


@dataclass(frozen=True)
class BandScales:
    """`bands`: how the binary logarithms of bands' energies become the network's int8.

    ``clamp((clamp16(logarithm - mean) * multiplier + 2^15) >> 16)`` for each band.

    Attributes:
        mean: Of each band's logarithm in training, with 10 fraction bits.
        multiplier: 2^11 over its standard deviation.
    """

    mean: tuple[Annotated[int, Meta(ge=-(1 << 17), le=1 << 17)], ...]
    multiplier: tuple[Annotated[int, Meta(ge=1, le=32767)], ...]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.multiplier):
            raise ValueError(
                f"mean has {text.count(len(self.mean), 'band')}, multiplier {len(self.multiplier)}."
            )

    @classmethod
    def of(
        cls, mean: npt.NDArray[np.floating[Any]], deviation: npt.NDArray[np.floating[Any]]
    ) -> BandScales:
        """Return them for (bands,) statistics of binary logarithms."""
        factor = (1 << _SHIFT) / INPUT_SCALE / (1 << LOG_BITS)
        multipliers = np.rint(factor / deviation).clip(1, 32767).astype(int)
        means = np.rint(np.asarray(mean) * (1 << LOG_BITS)).astype(int)
        return cls(tuple(means.tolist()), tuple(multipliers.tolist()))

    def quantize(self, logarithms: npt.NDArray[np.int32]) -> Int8s:
        """Return what the network reads of (frames, bands) logarithms."""
        away = np.clip(logarithms.astype(np.int64) - np.array(self.mean), -32768, 32767)
        scaled = (away * np.array(self.multiplier) + (1 << _SHIFT - 1)) >> _SHIFT
        return scaled.clip(-128, 127).astype(np.int8)


@dataclass(frozen=True)
class Gains:
    """`gains`: how outputs become gains, ((q + 128) / 255) ** exponent.

    Attributes:
        exponent: More than 1 makes what is quiet quieter.
    """

    exponent: Annotated[float, Meta(ge=0.25, le=4)] = 1.0


@functools.cache
def gain_table(exponent: float) -> npt.NDArray[np.int16]:
    """Return the gain of each output from -128 on, (256,) Q15."""
    share = np.arange(256) / FULL_SCALE
    return np.floor(0.5 + 32767 * share**exponent).astype(np.int16)


@dataclass(frozen=True)
class _Metadata:
    """The keys of the metadata that are read here; all others are left alone."""

    transform: Transform
    bands: BandScales
    gains: Gains = Gains()
    reset: str = ""


@dataclass(frozen=True)
class EnhancementTask:
    """What a model that cleans speech says of itself.

    Attributes:
        model: The model's name.
        transform: How sound is cut into frames.
        scales: How bands become the network's input.
        gains: How its outputs become gains.
    """

    model: str
    transform: Transform
    scales: BandScales
    gains: Gains

    @property
    def bands(self) -> int:
        """How many."""
        return len(self.scales.mean)

    @functools.cached_property
    def band_shares(self) -> Bands:
        """Where they lie."""
        return Bands(self.bands, self.transform.settings.bins, self.transform.sample_rate)

    def frames(self, spectra: Spectra) -> Int8s:
        """Return what the network reads of (frames, bins, 2) spectra, (frames, bands)."""
        return self.scales.quantize(self.band_shares.logarithms(spectra))

    def quieter(self, spectra: Spectra, outputs: Int8s) -> Spectra:
        """Return half of (frames, bins, 2) spectra by the gains of (frames, bands) outputs."""
        gains = gain_table(self.gains.exponent)[outputs.astype(np.int64) + 128]
        return self.band_shares.apply(gains, spectra)


def task_of(model: Model) -> EnhancementTask | None:
    """Return what a model says of cleaning speech, or None where it is for something else.

    Raises:
        GhostError: It says something impossible, in which the message names the key, or its input
            and output are not what that takes.
    """
    if model.metadata.get("task") != TASK:
        return None
    where = f"The model '{model.name}'"
    said = schema.build(model.metadata, _Metadata, where, closed=False)
    task = EnhancementTask(model.name, said.transform, said.bands, said.gains)
    bins = task.transform.settings.bins
    if not 2 <= task.bands <= bins:
        raise GhostError(f"{where} has {text.count(task.bands, 'band')}: 2 to {bins} are possible.")
    sizes = [[model.tensors[i].size for i in ends] for ends in (model.inputs, model.outputs)]
    if sizes != [[task.bands], [task.bands]] or said.reset != "never" or not model.head_per_frame:
        raise GhostError(
            f"{where} must read and write one value for each of its"
            f" {text.count(task.bands, 'band')}, frame by frame without end."
        )
    x, y = (model.tensors[ends[0]] for ends in (model.inputs, model.outputs))
    if (x.scale, x.zero_point) != (INPUT_SCALE, 0) or (y.scale, y.zero_point) != OUTPUT:
        raise GhostError(
            f"{where} must read values with a scale of 1/32 and zero point 0, and end in a sigmoid."
        )
    return task


def need_task(model: Model) -> EnhancementTask:
    """Return what a model says of cleaning speech.

    Raises:
        GhostError: Nothing, or something impossible.
    """
    task = task_of(model)
    if task is None:
        other = model.metadata.get("task")
        what = f"is for {other}" if isinstance(other, str) else "does not say how it hears"
        raise GhostError(
            f"The model '{model.name}' {what}: it cannot clean speech. Take the bundled one,"
            ' --model clean_speech, or train your own, by a recipe with task = "enhancement".'
        )
    return task


class Enhancer:
    """A stream of speech on its way to being clean; before its first sample there is silence.

    Args:
        model: A network that cleans speech.

    Attributes:
        task: What it says of itself.
        delay: Its transform's.

    Raises:
        GhostError: It does not clean speech.
    """

    def __init__(self, model: Model) -> None:
        self.task = need_task(model)
        self.delay = self.task.transform.delay
        settings = self.task.transform.settings
        self._analysis = Analysis(settings)
        self._synthesis = Synthesis(settings, halved=True)
        self._runner = Runner(model)

    def feed(self, samples: Samples) -> Samples:
        """Take the next samples; how a stream is cut makes no difference.

        Args:
            samples: (any number,) int16.

        Returns:
            (hops that are complete now * hop,) int16.
        """
        spectra = self._analysis.feed(samples)
        if not len(spectra):
            return np.zeros(0, np.int16)
        outputs = self._runner.answers(self.task.frames(spectra))
        return self._synthesis.feed(self.task.quieter(spectra, outputs))


class Cleaner(Protocol):
    """What makes speech clean while it comes, wherever: an `Enhancer`, or a board."""

    def feed(self, samples: Samples) -> Samples:
        """Take whole hops, or none; return as many, late by the transform's `delay`, all int16."""
        ...


def in_place(
    cleaner: Cleaner, transform: Transform, blocks: Iterable[Samples]
) -> Iterator[tuple[Samples, Samples]]:
    """Clean a stream, without the delay and to its end.

    Args:
        cleaner: Which has heard nothing yet.
        transform: Its own.
        blocks: The stream in pieces of any size, int16.

    Yields:
        What came and the same made clean, (any number,) int16 both, of the same moments.
    """
    coming = before = np.zeros(0, np.int16)  # what is no whole hop yet, and what is not clean yet
    late = transform.delay
    for block in itertools.chain(blocks, [None]):
        if block is None:  # the end, behind which silence brings out the rest
            coming = np.pad(coming, (0, -len(coming) % transform.hop + transform.delay))
        else:
            coming, before = np.concatenate([coming, block]), np.concatenate([before, block])
        whole = len(coming) // transform.hop * transform.hop
        made = cleaner.feed(coming[:whole])
        coming = coming[whole:]
        early = min(late, len(made))
        late -= early
        made = made[early:][: len(before)]
        yield before[: len(made)], made
        before = before[len(made) :]


def clean(model: Model, samples: Samples) -> Samples:
    """Return a whole recording made clean, sample by sample where it was.

    Args:
        model: A network that cleans speech.
        samples: int16 at its rate.

    Raises:
        GhostError: It does not clean speech.
    """
    enhancer = Enhancer(model)
    pairs = in_place(enhancer, enhancer.task.transform, [samples])
    return np.concatenate([made for _, made in pairs])


def clean_all(model: Model, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return recordings of one length as `clean` makes them, (recordings, length) int16 each.

    Args:
        model: A network that cleans speech.
        samples: (recordings, length) int16.

    Raises:
        GhostError: It does not clean speech.
    """
    task = need_task(model)
    settings = task.transform.settings
    delay = task.transform.delay
    rest = -samples.shape[1] % settings.hop + delay
    padded = np.pad(samples, ((0, 0), (0, rest)))
    spectra = [Analysis(settings).feed(one) for one in padded]
    outputs = reference.run(model, np.stack([task.frames(one) for one in spectra]))
    made = [
        Synthesis(settings, halved=True).feed(task.quieter(*pair))
        for pair in zip(spectra, outputs, strict=True)
    ]
    return np.stack(made)[:, delay:][:, : samples.shape[1]]


def metadata(
    name: str, transform: Transform, scales: BandScales, gains: Gains = Gains()
) -> dict[str, Any]:
    """Return what the file of a model that cleans speech says, besides its training."""
    return {
        "version": about.VERSION,
        "name": name,
        "task": TASK,
        "frame": {"shape": [len(scales.mean)], "hop_ms": transform.hop_ms},
        "reset": "never",
        "transform": asdict(transform),
        "bands": {"mean": list(scales.mean), "multiplier": list(scales.multiplier)},
        "gains": asdict(gains),
    }
