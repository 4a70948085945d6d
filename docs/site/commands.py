# SPDX-License-Identifier: Apache-2.0
"""The page of commands, from the commands: what `--help` says of each verb and option.

mkdocs-click shows defaults that are computed as the functions that compute them, hence this.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

import click

from mcu_ghost.cli import cli

_EVERYWHERE = ("verbose", "log", "help")


def page() -> str:
    """Return the reference of all verbs as Markdown."""
    root = click.Context(cli, info_name="mcu-ghost")
    return "\n\n".join(part for verb in _verbs(root) for part in _verb(verb, 2))


def _verbs(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield click.Context(command, parent=context, info_name=name)


def _verb(context: click.Context, level: int) -> Iterator[str]:
    command, name = context.command, context.command_path
    yield f"{'#' * level} {name.removeprefix('mcu-ghost ')}"
    yield from _paragraphs(command.help or "")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```bash\n{name} {usage}\n```"
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = [_row(context, option) for option in options if option.name not in _EVERYWHERE]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows])
    _, _, examples = (command.epilog or "").partition("Example")
    if examples:
        lines = examples.partition(": ")[2].replace("\n", " ").split(" · ")
        yield "\n".join(["```bash", *lines, "```"])
    if isinstance(command, click.Group):
        for verb in _verbs(context):
            yield from _verb(verb, level + 1)


def _row(context: click.Context, option: click.Option) -> str:
    names, said = option.get_help_record(context) or ("", "")
    return f"| <code>{html.escape(names).replace('|', '&#124;')}</code> | {_cell(_text(said))} |"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.replace("\f", "\n").split("\n\n"):
        if paragraph.strip():
            yield _text(paragraph.replace("\b\n", ""))


def _text(text: str) -> str:
    """Return text in which nothing but `code` is Markdown."""
    parts = text.strip().split("`")
    for at in range(0, len(parts), 2):
        parts[at] = html.escape(parts[at]).replace("*", "\\*").replace("_", "\\_")
    return "`".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
