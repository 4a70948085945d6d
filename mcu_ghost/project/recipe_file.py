# SPDX-License-Identifier: Apache-2.0
"""Writes a recipe to begin with, for `mcu-ghost train` and for a new project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcu_ghost.host.templates import render
from mcu_ghost.sound.data.sections import Words
from mcu_ghost.train.enhancement import recipe as enhancement_recipe
from mcu_ghost.train.enhancement.recipe import NoiseFolder, Speech
from mcu_ghost.train.recipe import Recipe


@dataclass(frozen=True)
class RecipeContext:
    """What the recipe's template shows.

    Attributes:
        name: Of the model.
        folder: The words' data set, relative to the recipe.
        schema: The schema's file for editors, relative to the recipe; "" if there is none.
        recipe: The defaults.
    """

    name: str
    folder: str
    schema: str
    recipe: Recipe


def text(name: str, folder: str, board: str = Recipe.board, schema: str = "") -> str:
    """Return a recipe with defaults; the arguments are those of `RecipeContext`."""
    recipe = Recipe(name, Words((folder,)), board=board)
    return render("project/recipe.toml.jinja", RecipeContext(name, folder, schema, recipe))


@dataclass(frozen=True)
class EnhancementContext:
    """What the template of a recipe for enhancement shows.

    Attributes:
        schema: The schema's file for editors, relative to the recipe; "" if there is none.
        recipe: The defaults, and the folders relative to the recipe.
    """

    schema: str
    recipe: enhancement_recipe.Recipe


def enhancement(
    name: str,
    speech: str,
    noise: Sequence[str],
    schema: str = "",
    board: str = enhancement_recipe.Recipe.board,
) -> str:
    """Return a recipe for enhancement with defaults.

    Args:
        name: Of the model.
        speech: Folder of clean recordings, relative to the recipe.
        noise: Folders of noise, likewise.
        schema: The schema's file for editors, likewise; "" if there is none.
        board: Whose memory and instructions the report shows.
    """
    folders = tuple(NoiseFolder(folder) for folder in noise)
    recipe = enhancement_recipe.Recipe(name, "enhancement", Speech((speech,)), folders, board=board)
    return render("project/enhancement.toml.jinja", EnhancementContext(schema, recipe))
