# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost schema`: what may stand in a file, for an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcu_ghost.project.schemas import File


@click.command("schema", epilog="Example: mcu-ghost schema board > boards/board.schema.json")
@click.argument("file", type=click.Choice(["board", "recipe", "enhancement", "project"]))
def command(file: File) -> None:
    """Print the JSON Schema of board files, recipes or ghost.toml.

    A recipe is of words, one for enhancement cleans speech.

    A file whose first line is `#:schema PATH` is completed and checked by it in editors that know
    TOML: Taplo, and Even Better TOML in Visual Studio Code. PATH is relative to the file.
    """
    from mcu_ghost.project import schemas

    click.echo(schemas.text(file), nl=False)
