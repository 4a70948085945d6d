# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost listen --live`: what a network hears of a microphone, as it hears it."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mcu_ghost.cli import microphone

if TYPE_CHECKING:
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    from mcu_ghost.network.model import Model
    from mcu_ghost.network.tensor import Int8s
    from mcu_ghost.sound.capture import Microphone
    from mcu_ghost.sound.lines import Word
    from mcu_ghost.sound.listener import Listener

_ROWS = 20  # of the spectrogram, two in a line where there is colour
_BAR = 30  # characters of a score
_MARGIN = 2
# Dark where there is nothing, then red, then bright: in all of which brightness rises evenly.
_COLOURS = ("#000000", "#16103c", "#3a0f64", "#621a6c", "#8a2a62", "#b13c4d", "#d25632", "#e87c1c",
            "#f3a62c", "#f6d264", "#fffbc0")  # fmt: skip
_LETTERS = " .:-=+*#%@"


def run(
    model: Model, heard: Microphone, seconds: float, tell: Callable[[Word], None] | None
) -> None:
    """Show what a network hears, until Ctrl-C.

    Args:
        model: A network that listens without end.
        heard: What it hears.
        seconds: Of sound, after which it ends; 0: never.
        tell: Shows people a word; None: reports are lines of JSON, and nothing else is shown.

    Raises:
        GhostError: The model is for something else, or the microphone cannot be heard.
    """
    from mcu_ghost.host import console
    from mcu_ghost.sound.audio import RATE
    from mcu_ghost.sound.listener import Listener

    listener = Listener(model)
    name, words = console.literal(heard.name), console.literal(", ".join(listener.words))
    console.note(f"[dim]{name} is heard, for: {words}. Ctrl-C ends.[/]")
    view = _View(listener, tell)
    left = round(seconds * RATE) if seconds else sys.maxsize
    with contextlib.suppress(KeyboardInterrupt), view, heard.listening() as blocks:
        for block in blocks:
            view.take(block.samples[:left], min(block.lost, left))
            left -= len(block.samples)
            if left <= 0:
                break
    view.end()


class _View:
    """What is shown of the sound.

    Args:
        listener: What hears it.
        tell: Shows people a word; None: reports are lines of JSON, and nothing else is shown.
    """

    def __init__(self, listener: Listener, tell: Callable[[Word], None] | None) -> None:
        from rich.live import Live

        from mcu_ghost.host import console

        self._listener, self._tell_word = listener, tell
        self._console = console.stderr()
        shown = self._console.is_terminal and tell is not None
        self._live = (
            Live(console=self._console, auto_refresh=False, transient=True) if shown else None
        )
        self._frames: Int8s | None = None
        self._scores = np.zeros(len(listener.words))
        self._level = microphone.QUIETEST_DB
        self._samples = self._words = self._lost = self._untold = 0

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def take(self, samples: npt.NDArray[np.int16], lost: int) -> None:
        """Hear the next samples, and show what became of them."""
        from mcu_ghost.sound.audio import RATE
        from mcu_ghost.sound.data import take

        found = self._listener.feed(samples)
        self._samples += len(samples)
        self._untold += lost
        if self._untold and (lost == 0 or self._untold >= RATE):
            self._tell_lost()
        for word in found.words:
            self._tell(word)
        if self._live is None:
            return
        if len(found.frames):
            self._scores = found.scores.max(axis=0)
        if len(samples):
            self._level = take.decibels(float(samples.astype(np.float64).var()))
        self._roll(found.frames)
        self._live.update(self._picture(self._live.console), refresh=True)

    def end(self) -> None:
        """Say how much was heard."""
        from mcu_ghost.host import console, text
        from mcu_ghost.sound.audio import RATE

        if self._untold:
            self._tell_lost()
        lost = f"{1000 * self._lost / RATE:.0f} ms lost" if self._lost else "none lost"
        words = text.count(self._words, "word")
        console.note(f"{self._samples / RATE:.1f} s of sound, {lost}, {words}")

    def _tell(self, word: Word) -> None:
        from mcu_ghost.host import console
        from mcu_ghost.sound import lines

        self._words += 1
        if self._tell_word is None:
            console.print_event(lines.plain(word))
        else:
            self._tell_word(word)

    def _tell_lost(self) -> None:
        from mcu_ghost.host import console
        from mcu_ghost.sound.audio import RATE

        self._lost += self._untold
        lost, self._untold = self._untold, 0
        ms = round(1000 * self._samples / RATE)
        if self._tell_word is None:
            console.print_event({"event": "lost", "ms": ms, "samples": lost})
            return
        console.note(
            f"[dim]{ms / 1000:8.2f} s[/]  [yellow]{1000 * lost / RATE:.0f} ms of sound were lost:"
            " this PC, or its microphone, is too slow[/]"
        )

    def _roll(self, frames: Int8s) -> None:
        """Let new frames come in at the right, where old ones go out at the left."""
        width = max(10, self._console.width - _MARGIN)
        if self._frames is None:
            self._frames = np.full((0, frames.shape[1]), -128, np.int8)
        self._frames = np.concatenate([self._frames, frames])[-width:]

    def _picture(self, console: Console) -> Text:
        """Return the spectrogram and the scores."""
        from rich.text import Text

        from mcu_ghost.host import console as safe

        assert self._frames is not None
        coloured = console.color_system is not None and console.encoding.startswith("utf")
        drawn = _coloured(self._frames) if coloured else _in_letters(self._frames)
        drawn.append(f"\n{self._level:4.0f} dB {microphone.bar(self._level)}", "dim")
        width = max(map(len, self._listener.words))
        for label, least, score in zip(
            self._listener.words, self._listener.thresholds, self._scores, strict=True
        ):
            bar = "█" * round(_BAR * score)
            style = "bold green" if score >= least else "dim"
            row = f"\n[{style}]{safe.literal(label):<{width}}  {score:.2f}  {bar}[/]"
            drawn.append_text(Text.from_markup(row))
        return drawn


def shades(frames: Int8s, count: int, rows: int) -> npt.NDArray[np.intp]:
    """Return how bright each place of a spectrogram is.

    Args:
        frames: (frames, channels) int8, what a network reads.
        count: Shades that there are.
        rows: At most; neighbouring channels share one, which the loudest has.

    Returns:
        (rows, frames) from 0 to `count` - 1, the highest channels first.
    """
    groups = np.array_split(np.arange(frames.shape[1]), min(rows, frames.shape[1]))
    loudest = np.stack([frames[:, group].max(axis=1) for group in groups])
    return ((loudest[::-1].astype(np.intp) + 128) * count) >> 8


def _coloured(frames: Int8s) -> Text:
    """Draw two rows in each line, by half blocks."""
    from rich.text import Text

    found = shades(frames, len(_COLOURS), min(_ROWS, frames.shape[1] // 2 * 2))
    lines = []
    for upper, lower in zip(found[::2], found[1::2], strict=True):
        line = Text()
        for pair in zip(upper.tolist(), lower.tolist(), strict=True):
            line.append("▀", _style(*pair))
        lines.append(line)
    return Text("\n").join(lines)


@functools.cache
def _style(upper: int, lower: int) -> Style:
    from rich.style import Style

    return Style(color=_COLOURS[upper], bgcolor=_COLOURS[lower])


def _in_letters(frames: Int8s) -> Text:
    """Draw a row in each line, where there are neither colours nor blocks."""
    from rich.text import Text

    found = shades(frames, len(_LETTERS), _ROWS // 2)
    return Text("\n".join("".join(_LETTERS[i] for i in row) for row in found.tolist()))
