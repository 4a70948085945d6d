# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost monitor`: what a board says, as it says it."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import microphone, options
from mcu_ghost.host.text import count

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.boards.port.serial_port import SerialPort
    from mcu_ghost.proof.clips import Clip, Folder
    from mcu_ghost.proof.monitor import Hop
    from mcu_ghost.sound.audio import Samples
    from mcu_ghost.sound.lines import Line, Start


@click.command(
    "monitor",
    epilog="Examples: mcu-ghost monitor -b nrf52840 · mcu-ghost monitor -b nano33ble --port"
    " /dev/ttyUSB0 --reset · mcu-ghost monitor -b nrf52840 --json | jq .word · mcu-ghost monitor -b"
    " nrf52840 --save clean.wav · mcu-ghost monitor -b nrf52840 --save-clips false_accepts",
)
@options.board
@options.port
@options.baud
@click.option("--reset", is_flag=True, help="Reset the board first, by a break and DTR.")
@click.option("--raw", is_flag=True, help="Pass every byte on to stdout as it is.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write the sound that comes without end, .wav or .flac.")  # fmt: skip
@click.option("--save-clips", type=click.Path(path_type=Path), metavar="DIR",
              help="Also write the sound around each word that kws_clips sends.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON on stdout.")
def command(
    board: Board,
    port: str | None,
    baud: int | None,
    reset: bool,
    raw: bool,
    save: Path | None,
    save_clips: Path | None,
    as_json: bool,
) -> None:
    """Show what a board prints, until Ctrl-C.

    The events of the apps that hear become readable: words of kws with their scores, how loud
    the sound of denoise_live or record is, each second, and what a hop of sound costs. The port is
    found by the board's USB ids; when its cable is pulled, the monitor waits for it and goes on.
    --reset works where somebody listens: DAPLink (micro:bit) to the break, an adapter with DTR
    wired to the board's reset to that.
    """
    from mcu_ghost import boards
    from mcu_ghost.boards.port import usb
    from mcu_ghost.boards.port.serial_port import SerialPort
    from mcu_ghost.host import console
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.proof import clips
    from mcu_ghost.sound import sound_file

    others = {"--json": as_json, "--save": save, "--save-clips": save_clips}
    for other in [name for name, given in others.items() if raw and given]:
        raise GhostError(f"--raw and {other} exclude each other.")
    if save and save.suffix.lower() not in sound_file.WRITTEN:
        raise GhostError(f"{save}: name a .wav or a .flac file.")
    target = boards.with_baud(board, baud)
    device = port or usb.find(target).device
    folder = clips.Folder(save_clips) if save_clips else None

    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        opened = stack.enter_context(
            contextlib.closing(SerialPort(device, target, math.inf, console.warn))
        )
        write = stack.enter_context(sound_file.writing(save)) if save else None
        console.note(f"[dim]{console.literal(opened.status())} Ctrl-C ends.[/]")
        view = _View(as_json, write, folder)
        with contextlib.suppress(KeyboardInterrupt):
            if reset:
                opened.reset()
            if raw:
                _pass_on(opened)
            else:
                view.follow(opened)
        view.end()
        if save and not view.sound.samples:
            raise GhostError(f"The board sent no sound, so {save} is not written. The apps"
                             " denoise_live and record send some.")  # fmt: skip
    if save:
        view.tell_saved(save)
    if folder:
        clips_of = count(folder.written, "word")
        console.note(f"[bold]{console.literal(folder.path)}[/]: the sound around {clips_of}")


def _pass_on(port: SerialPort) -> None:
    while True:
        sys.stdout.buffer.write(port.read(0.5))
        sys.stdout.buffer.flush()


class _View:
    """What is shown of a board."""

    def __init__(
        self,
        as_json: bool,
        write: Callable[[Samples], None] | None = None,
        folder: Folder | None = None,
    ) -> None:
        from mcu_ghost.proof.clips import Clips
        from mcu_ghost.proof.monitor import Sound

        self.sound = Sound()
        self._as_json = as_json
        self._write = write
        self._folder = folder
        self._clips = Clips()
        self._told = False
        self._garbled = 0
        self._started: Start | None = None
        self._power, self._summed = 0.0, 0

    def follow(self, port: SerialPort) -> None:
        """Show what comes, for ever."""
        from mcu_ghost.host import console
        from mcu_ghost.proof import monitor

        for one in monitor.said(port):
            if isinstance(one, monitor.Hop):
                around = self._clips.hop(one)
                self._keep(around) if around is not None else self._hear(one)
                continue
            self._garbled = self._garbled + 1 if monitor.garbled(one) else 0
            if self._garbled == 3:
                console.warn(f"this looks like noise: is the baud rate right? {port.status()}")
            self._print(one)

    def end(self) -> None:
        """Keep what has come of the sound around words."""
        self._keep(self._clips.rest())

    def _keep(self, clips: Iterator[Clip]) -> None:
        """Write the sound around words, and say so."""
        from datetime import datetime

        from mcu_ghost.host import console
        from mcu_ghost.sound.sound_file import RATE

        for clip in clips:
            if self._folder is None:
                continue
            file = self._folder.write(clip, datetime.now().astimezone())
            if self._as_json:
                found = {"event": "clip", "file": str(file), "word": clip.word.word,
                         "ms": clip.word.ms, "lost": clip.lost}  # fmt: skip
                console.print_event(found)
                continue
            lost = f", {count(clip.lost, 'sample')} lost, silent there" if clip.lost else ""
            seconds = len(clip.samples) / RATE
            console.note(f"[dim]{console.literal(file)}: {seconds:.2f} s{lost}[/]")

    def _hear(self, hop: Hop) -> None:
        """Take sound, and show once a second how loud it is."""
        from mcu_ghost.sound.sound_file import RATE

        samples = self.sound.take(hop)
        if self._write is not None:
            self._write(samples)
        self._power += float((samples / 32768.0) @ (samples / 32768.0))
        self._summed += len(samples)
        if self._summed < RATE:
            return
        power = self._power / self._summed + 1e-12
        level = max(10 * math.log10(power), microphone.QUIETEST_DB)
        self._power, self._summed = 0.0, 0
        self._tell_level(level)

    def _tell_level(self, level_db: float) -> None:
        from mcu_ghost.host import console
        from mcu_ghost.sound.sound_file import RATE

        sound, seconds = self.sound, self.sound.samples / RATE
        if self._as_json:
            found = {"event": "level", "ms": round(1000 * seconds), "db": round(level_db, 1),
                     "lost": sound.lost, "lost_on_line": sound.lost_on_line}  # fmt: skip
            console.print_event(found)
            return
        bar = microphone.bar(level_db)
        console.say(f"[dim]{seconds:8.2f} s[/]  {level_db:4.0f} dB {bar}")

    def _print(self, line: str) -> None:
        from mcu_ghost.host import console
        from mcu_ghost.sound import lines

        event = lines.read(line)
        if event is not None:
            self._keep(self._clips.line(event))
        if isinstance(event, lines.Word) and event.clip is None:
            self._miss_clips()
        if self._as_json:
            text = json.dumps({"event": "text", "text": line})
            sys.stdout.write((lines.as_json(line) or text) + "\n")
            sys.stdout.flush()
            return
        if isinstance(event, lines.Start):
            self._started = event
        if event is None:
            style = "bold red" if line.startswith("FAULT ") else None
            console.stdout().print(line, markup=False, style=style)
        else:
            _show(event, self._started)

    def _miss_clips(self) -> None:
        """Say once that the board sends no sound around words, where that was asked for."""
        from mcu_ghost.host import console

        if self._folder is not None and not self._told:
            console.note(
                "[yellow]This image sends no sound around words. The app kws_clips does: `mcu-ghost"
                " build --app kws_clips`, then `mcu-ghost flash --app kws_clips`.[/]"
            )
            self._told = True

    def tell_saved(self, path: Path) -> None:
        """Say what was written."""
        from mcu_ghost.host import console
        from mcu_ghost.sound.sound_file import RATE

        lost = [f"{count(hops, 'hop')} lost {where}, silent there" for hops, where in
                ((self.sound.lost, "by the board"), (self.sound.lost_on_line, "on the line"))
                if hops]  # fmt: skip
        told = "".join(f", {one}" for one in lost) or ", nothing lost"
        seconds = self.sound.samples / RATE
        console.note(f"[bold]{console.literal(path)}[/]: {seconds:.1f} s of sound{told}")


def _show(event: Line, started: Start | None) -> None:
    """Print an event of an app that hears."""
    from mcu_ghost.cli.listen import tell
    from mcu_ghost.host import console
    from mcu_ghost.sound.lines import Start, Status

    if isinstance(event, Start):
        words = console.literal(", ".join(event.words))
        does = f"listens for:[/] {words}" if words else "cleans what it hears[/]"
        what = f"{console.literal(event.model)} {does}" if event.model else "sends what it hears[/]"
        console.say(f"[green]{what}")
        if event.reset in ("watchdog", "lockup"):
            console.say(f"[yellow]it was reset before that: {event.reset}[/]")
    elif isinstance(event, Status):
        hop = ""
        if started is not None and started.counter_hz:
            most = event.busy.max / started.counter_hz * 1000
            hop = f"a hop of {started.hop_ms} ms took {most:.1f} ms at most (measured), "
        sound = event.sound
        loud = f"sound up to {sound.peak_db:.0f} dB, " if sound else ""
        console.say(
            f"[dim]{event.ms / 1000:8.2f} s  {loud}{hop}{count(event.overruns, 'hop')} lost, stack"
            f" {event.stack.used} of {event.stack.size} B[/]"
        )
        if sound and sound.fault:
            console.say(f"[yellow]{sound.fault}[/]")
    else:
        tell(event)
