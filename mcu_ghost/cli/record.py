# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost data record`: a data set of one's own voice."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcu_ghost.cli import microphone, options
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from rich.live import Live

    from mcu_ghost.boards import Board
    from mcu_ghost.sound.data.record import Recorded, View
    from mcu_ghost.sound.data.session import Item, Session
    from mcu_ghost.sound.data.take import Take

_STAGES = {
    "ready": "[dim]enter begins[/]",
    "speak": "[bold red]● speak[/]",
    "room": "[bold red]● be quiet[/]",
    "done": "[green]✓ enter: the next[/]",
    "again": "[yellow]enter: once more[/]",
}
_KEYS = "r: once more   p: play it   q: stop"


@click.command(
    "record",
    epilog="Examples: mcu-ghost data record --words 'hey lamp,stop' --out lamp · mcu-ghost data"
    " record --words stop --person anna --room kitchen --distance 1 --yes --out lamp ·"
    " mcu-ghost data record --words stop --out lamp --board nrf52840",
)
@click.option("--words", required=True, metavar="WORDS", help="Separated by commas.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True,
              metavar="DIR", help="The data set's folder; what is there stays.")  # fmt: skip
@click.option("--per-word", type=click.IntRange(0, 10_000), default=20, show_default=True,
              help="Recordings of each word that there are to be of this person.")  # fmt: skip
@click.option("--unknown", type=click.IntRange(0, 10_000), default=0, show_default=True,
              help="The same of other words, in English, which become the class `unknown`.",
              )  # fmt: skip
@click.option("--person", metavar="NAME",
              help="Who speaks: a name, or what stands for one; files are called by it.",
              )  # fmt: skip
@click.option("--room", metavar="NAME", help="Where.")
@click.option("--distance", type=options.Number(0, 1000), metavar="M",
              help="From the mouth to the microphone, in metres.")  # fmt: skip
@click.option("--background", type=options.Number(0, 86_400), default=0.0, metavar="SECONDS",
              help="Of the room without speech, that there are to be.")  # fmt: skip
@click.option("--seconds", type=options.Number(0.5, 30), default=2.5, show_default=True,
              help="In which a word must be said.")  # fmt: skip
@click.option("--snr", type=options.Number(3, 100), default=10.0, show_default=True,
              metavar="DB", help="By how much it must be louder than the room.")  # fmt: skip
@microphone.device
@microphone.board
@options.port
@options.baud
@click.option("--play", is_flag=True, help="Play each recording back.")
@click.option("--yes", is_flag=True, help="Ask nothing and wait for no key: for scripts.")
@options.as_json
def command(
    words: str,
    out: Path,
    per_word: int,
    unknown: int,
    person: str | None,
    room: str | None,
    distance: float | None,
    background: float,
    seconds: float,
    snr: float,
    device: str,
    board: Board | None,
    port: str | None,
    baud: int | None,
    play: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Record people who say words, and look at each recording; a session that ended goes on.

    Who speaks, where and how far away is asked for. What is clipped, too quiet, cut off, drowned by
    the room or not said at all is recorded once more. All recordings of a person are in one split.
    """
    from mcu_ghost.host import console
    from mcu_ghost.sound import sound_card
    from mcu_ghost.sound.data import plan
    from mcu_ghost.sound.data import session as sessions
    from mcu_ghost.sound.data.record import Recorder
    from mcu_ghost.sound.data.take import Wanted

    chosen = plan.parse_words(words)
    if not yes and not (sys.stdin.isatty() and console.stderr().is_terminal):
        raise GhostError(
            "Recording waits for keys, and there is no terminal: --yes goes on without, with"
            " --person to say who speaks."
        )
    heard = microphone.choose(device, board, port, baud)
    before = sessions.last_line(out)
    who = _ask(yes, person, "Who speaks", text.printable(before.person) or None)
    if who is None:
        raise click.UsageError("Missing option '--person', which --yes needs.")
    where = _ask(yes, room, "In which room", text.printable(before.room) or "room")
    far = _ask(yes, distance, "How far from the microphone, in metres", before.distance_m or 0.5)
    session = sessions.Session(
        out, chosen, sessions.name_of(who), where or "", far, per_word, unknown, background,
        Wanted(seconds, snr), play,
    )  # fmt: skip
    if not out.exists():
        line = shlex.join(["mcu-ghost", "data", "synth", "--words", words, "--out", str(out)])
        console.note(
            "[dim]A set needs people for training, for validation and for tests. Alone? Make voices"
            f" first, and record yours into the same folder: `{console.literal(line)}`.[/]"
        )
    console.note(
        f"[bold]{console.literal(session.person)}[/]: {_left(session)}; [dim]the microphone is"
        f" {console.literal(heard.name)}[/]"
    )
    with _screen(attended=not yes) as screen:
        found = Recorder(session, heard, screen, sound_card.play, attended=not yes).run()
    if as_json:
        console.print_json(_as_json(session, found, heard.name))
    else:
        _tell(session, found)


def _ask(yes: bool, given: Any, question: str, default: Any) -> Any:
    """Return an answer: the option's, or a person's; None where nobody is asked."""
    if given is not None or yes:
        return given
    kind = options.Number(0, 1000) if isinstance(default, float) else str
    return click.prompt(question, default=default, type=kind, err=True)


def _left(session: Session) -> str:
    """Return how much of a session is to be recorded."""
    left = len(session.items())
    background = max(0.0, session.background - session.background_there())
    told = [text.count(left, "recording")] * bool(left)
    told += [f"{background:.0f} s of the room"] * bool(background)
    return f"{' and '.join(told)} to make" if told else "all is there"


class _Screen:
    """What the person sees.

    Args:
        live: Where the word stands, with the level; None where there is no terminal.
        key: Returns the key that was pressed, "" for none; None where nobody presses any.
    """

    def __init__(self, live: Live | None, key: Callable[[], str] | None) -> None:
        self.key = key or (lambda: "")
        self._live, self._attended = live, key is not None

    def show(self, view: View) -> None:
        """Show where the session is."""
        if self._live is None:
            return
        from rich.text import Text

        from mcu_ghost.host import console

        of = f"[dim]{view.number} of {view.total}[/]   " if view.number else ""
        stage = _STAGES.get(view.stage, f"[bold]{view.stage}[/]")
        left = f"   {view.left:.0f} s" if view.left else ""
        lines = [
            f"{of}[bold reverse] {console.literal(view.text)} [/]   {stage}{left}",
            f"{view.level_db:4.0f} dB {microphone.bar(view.level_db)}",
        ]
        if self._attended:
            lines.append(f"[dim]{_KEYS}[/]")
        self._live.update(Text.from_markup("\n".join(lines)), refresh=True)

    def good(self, item: Item, take: Take) -> None:
        """Say that a take can be used."""
        from mcu_ghost.host import console

        if self._live is not None:
            console.note(
                f"[green]✓[/] {console.literal(item.text)}  [dim]{take.level_db:.0f} dB,"
                f" {take.snr_db:.0f} dB above the room[/]"
            )

    def bad(self, item: Item, take: Take) -> None:
        """Say what is wrong with one."""
        self.warn(f"{item.text}: {take.advice}")

    def warn(self, sentence: str) -> None:
        """Say something else."""
        from mcu_ghost.host import console

        console.warn(sentence)


@contextlib.contextmanager
def _screen(attended: bool) -> Iterator[_Screen]:
    """Yield what the person sees, on a terminal, and the keys, if somebody presses some."""
    from rich.live import Live

    from mcu_ghost.host import console, keys

    with contextlib.ExitStack() as stack:
        key = stack.enter_context(keys.pressed()) if attended else None
        live = None
        if console.stderr().is_terminal:
            live = Live(console=console.stderr(), auto_refresh=False, transient=True)
            stack.enter_context(live)
        yield _Screen(live, key)


def _as_json(session: Session, found: Recorded, name: str) -> dict[str, Any]:
    return {
        "out": str(session.out),
        "person": session.person,
        "split": session.split,
        "room": session.room,
        "distance_m": session.distance_m,
        "microphone": name,
        "recorded": dict(found.recorded),
        "there": session.there(),
        "wanted": session.goals,
        "repeated": dict(found.repeated),
        "background_seconds": round(found.background_seconds, 2),
        "stopped": found.stopped,
    }


def _tell(session: Session, found: Recorded) -> None:
    """Print what is there now, and what to do about it."""
    from mcu_ghost.host import console
    from mcu_ghost.sound.data import folder

    there = session.there()
    each = ", ".join(
        f"{console.literal(label)} {there[label]} of {goal}"
        for label, goal in session.goals.items()
    )
    new = text.count(sum(found.recorded.values()), "new recording")
    room = f", {found.background_seconds:.0f} s of the room" if found.background_seconds else ""
    console.say(
        f"[bold]{console.literal(session.out)}[/]: {new} of {console.literal(session.person)}"
        f"{room}; {each}"
    )
    if found.stopped:
        console.say("The same command goes on with what is missing.")
    if any(folder.listed(session.out, split) for split in folder.LISTS):
        lists = " and ".join(folder.LISTS.values())
        console.say(f"This set has {lists}: who is in none of them is for training.")
        return
    use = {"train": "training", "validation": "validation", "test": "tests"}[session.split]
    console.say(
        f"[dim]{console.literal(session.person)} is for {use}. `mcu-ghost data check` says whom"
        " else the set needs.[/]"
    )
