# SPDX-License-Identifier: Apache-2.0
"""`--verbose` and `--log`, which every verb has: what is run and written, for who looks closer."""

from __future__ import annotations

import logging
import platform
import shlex
import sys
from pathlib import Path

import click

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.version import __version__

_log = logging.getLogger("mcu_ghost")


def with_options(command: click.Command) -> click.Command:
    """Return a verb, or a group of verbs, with the two options."""
    if isinstance(command, click.Group):
        for verb in command.commands.values():
            with_options(verb)
    elif all(option.name != "log" for option in command.params):
        command.params += [
            click.Option(
                ["-v", "--verbose"],
                is_flag=True,
                expose_value=False,
                callback=_verbose,
                help="Say which programs are run, and where an error comes from.",
            ),
            click.Option(
                ["--log"],
                type=click.Path(path_type=Path, dir_okay=False),
                expose_value=False,
                callback=_to_file,
                metavar="FILE",
                help="Write the same into a file.",
            ),
        ]
    return command


def failed(message: str) -> None:
    """Put an error, and where it comes from, into the log; the user is told elsewhere."""
    _log.debug("error: %s", message, exc_info=True)


def _verbose(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        _listen(logging.StreamHandler())


def _to_file(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        _listen(logging.FileHandler(path, "w", encoding="utf-8", errors="backslashreplace"))
    except OSError as error:
        raise GhostError(f"{path}: cannot be written: {error.strerror}.") from error
    _log.debug("mcu-ghost %s, Python %s, %s", __version__, sys.version.split()[0],
               platform.platform())  # fmt: skip
    _log.debug("in %s: %s", Path.cwd(), shlex.join(["mcu-ghost", *sys.argv[1:]]))


def _listen(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter("%(relativeCreated)8.0f ms  %(message)s"))
    _log.setLevel(logging.DEBUG)
    _log.addHandler(handler)
