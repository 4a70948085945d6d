# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share; in a project's folder they default to its `ghost.toml`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.network.model import Model
    from mcu_ghost.project.ghost_toml import Project

Command = TypeVar("Command", bound=Callable[..., Any])


def of_project(
    value: Callable[[Project], Any], otherwise: Any = None, needed: str = "", unless: str = ""
) -> Callable[[], Any]:
    """Return a default that is looked up in the current folder's `ghost.toml`, if there is one.

    Args:
        value: What to take of the project.
        otherwise: The default where there is no project.
        needed: What to say when nothing is found; "" if the verb works without.
        unless: A flag's name, with which it does work without, and nothing is looked up.
    """

    def default() -> Any:
        ctx = click.get_current_context()
        if ctx.resilient_parsing or ctx.params.get(unless):
            return otherwise  # the shell asks how a line may go on, or nobody does
        from mcu_ghost.project import ghost_toml

        project = ghost_toml.here()
        found = otherwise if project is None else value(project)
        if found is None and needed:
            raise click.UsageError(needed)
        return found

    return default


def complete_board(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of boards that a word begins."""
    from mcu_ghost import boards

    return [name for name in boards.names() if name.startswith(incomplete)]


def load_board(ctx: click.Context, param: click.Parameter, value: str | None) -> Board | None:
    """Return the board of a name that was given."""
    from mcu_ghost import boards

    return None if value is None else boards.load(value)


def model_file(value: Path) -> Path:
    """Return a model's file: of that path, or the bundled one of that name."""
    from mcu_ghost.host import resources

    return value if value.is_file() else resources.models().get(str(value), value)


def find_model(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    """Return the file of a model that was named."""
    return model_file(value)


def load_model(ctx: click.Context, param: click.Parameter, value: Path) -> Model:
    """Return the network in a file, of which there is always one."""
    from mcu_ghost.network.tflite import read

    model, chosen = read.load(model_file(value)), ctx.meta.get(_SENSITIVITY)
    if chosen is None:
        return model
    from mcu_ghost.sound import keywords

    return keywords.at_sensitivity(model, chosen)


_SENSITIVITY = "mcu_ghost.sensitivity"


def _note_sensitivity(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    ctx.meta[_SENSITIVITY] = value


def complete_model(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the bundled models that a word begins, and let the shell add files."""
    from mcu_ghost.host import resources

    found = [CompletionItem(name) for name in resources.models() if name.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def tell_wires(board: Board, before: str = "") -> None:
    """Say what to wire to a board before it hears anything, if there is something."""
    from mcu_ghost import boards
    from mcu_ghost.host import console

    wires = boards.to_wire(board)
    if wires:
        console.warn(before + wires)


def bundled_model() -> Path:
    """Return the keyword model's file."""
    from mcu_ghost.host import resources

    return resources.default_model()


def _model() -> Path:
    return of_project(lambda project: project.model)() or bundled_model()


def enhancement_model() -> Path:
    """Return the project's model, or the bundled one that cleans speech."""
    from mcu_ghost.host import resources

    return of_project(lambda project: project.model)() or resources.enhancement_model()


def _app() -> str:
    from mcu_ghost.build.apps import DEFAULT

    found: str = of_project(lambda project: project.app, otherwise=DEFAULT)()
    return found


def html(what: str) -> Callable[[Any], Any]:
    """Return the option of a page.

    Args:
        what: What it is for.
    """
    return click.option(
        "--html",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=_page,
        metavar="FILE",
        help=f"Also write a page {what}: one file, which needs no network.",
    )


def _page(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Return the file of a page, which will be written when much work is done."""
    if value is None:
        return None
    if value.suffix.lower() not in (".html", ".htm"):
        raise GhostError(f"{value}: what --html names must end in .html.")
    if not value.parent.is_dir():
        raise GhostError(
            f"{value}: there is no folder {value.parent}. Make it, or name another file for --html."
        )
    return value


class Names(click.ParamType):  # type: ignore[type-arg]  # generic from 8.3 on
    """One of several names; what there is is looked up when it is asked for, not at every start."""

    def __init__(self, name: str, names: Callable[[], Sequence[str]]) -> None:
        self.name = name
        self._names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return all names, for `--help`."""
        return f"[{'|'.join(self._names())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or say what there is."""
        if value not in self._names():
            self.fail(f"'{value}' is none of {', '.join(self._names())}.", param, ctx)
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that a word begins."""
        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]


def _apps() -> list[str]:
    from mcu_ghost.build.apps import APPS

    return list(APPS)


def _each_app() -> str:
    from mcu_ghost.build.apps import APPS, DEFAULT

    said = " ".join(f"{app.name}: {app.summary}." for app in APPS.values())
    return f"{said}  [default: ghost.toml's, or {DEFAULT}]"


class Number(click.FloatRange):
    """A number within a range: NaN, which is within every range, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or say that it is none."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"'{value}' is no number.", param, ctx)
        return found


class Explained(click.Option):
    """An option whose help is looked up when it is asked for, not at every start."""

    def __init__(self, *args: Any, explain: Callable[[], str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._explain = explain

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the line of `--help`."""
        self.help = self._explain()
        return super().get_help_record(ctx)


def board_unless(flag: str) -> Callable[[Command], Command]:
    """Return the option `--board`, which need not be there beside a flag; "": beside none."""
    return click.option(
        "--board",
        "-b",
        callback=load_board,
        shell_complete=complete_board,
        default=of_project(
            lambda project: project.boards[0],
            needed="Missing option '--board' / '-b', and no ghost.toml here names boards.",
            unless=flag,
        ),
        metavar="NAME",
        help="See `mcu-ghost boards`.  [default: ghost.toml's first; required without one]",
    )


def given(name: str) -> bool:
    """Return whether the command line has an option or argument."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


board = board_unless("")
model = click.option(
    "--model",
    "-m",
    type=click.Path(path_type=Path),
    callback=load_model,
    default=_model,
    shell_complete=complete_model,
    metavar="FILE",
    help="A .tflite made by `mcu-ghost convert`, or the bundled wake_words or clean_speech. "
    " [default: ghost.toml's, or wake_words]",
)
SENSITIVITIES = click.Choice(["low", "medium", "high"])
sensitivity = click.option(
    "--sensitivity",
    type=SENSITIVITIES,
    expose_value=False,
    is_eager=True,
    callback=_note_sensitivity,
    help="Thresholds of the words: high misses fewer and lets more through.  [default: the"
    " model's own]",
)
APP = Names("app", _apps)
app = click.option("--app", cls=Explained, explain=_each_app, type=APP, default=_app)
toolchain = click.option(
    "--toolchain",
    type=click.Choice(["gcc", "zig"]),
    default=of_project(lambda project: project.toolchain),
    help="arm-none-eabi-gcc, or clang from the ziglang package.  [default: ghost.toml's, or gcc if"
    " it is found]",
)
kernels = click.option(
    "--kernels",
    type=click.Choice(["auto", "plain"]),
    default="auto",
    show_default=True,
    help="auto: the fastest for the board's core. plain: the reference in C.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
out = click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Build folder."
)
emulator = click.option(
    "--emulator",
    type=click.Choice(["unicorn", "qemu", "renode"]),
    help="The board's first one if left out.",
)
port = click.option(
    "--port", metavar="PORT", help="A serial port; found by the board's USB ids if left out."
)
baud = click.option(
    "--baud", type=click.IntRange(50, 12_000_000), help="Bits per second; the board's if left out."
)
