# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost train`: a recipe and recordings become a model that listens without end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, summary, trade_off, train_enhancement
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.project.schemas import File
    from mcu_ghost.train.recipe import Recipe
    from mcu_ghost.train.result import Result

_path = click.Path(path_type=Path)


@click.command(
    "train",
    epilog="Examples: mcu-ghost train lamp/ && mcu-ghost build -b nrf52840 -m lamp.tflite ·"
    " mcu-ghost train lamp.toml --init lamp/ && mcu-ghost train lamp.toml · mcu-ghost train"
    " clean.toml --init speech/ --noise noise/ && mcu-ghost train clean.toml",
)
@click.argument("recipe_path", metavar="[RECIPE]", type=_path, default=options.of_project(
    lambda project: project.recipe,
    needed="Missing argument 'RECIPE', and no ghost.toml here names one.",
))  # fmt: skip
@click.option("--init", type=_path, metavar="DIR",
              help="Write RECIPE for the words in DIR, or the speech there, and train"
                   " nothing.")  # fmt: skip
@click.option("--noise", type=_path, multiple=True, metavar="DIR",
              help="With --init: the recipe cleans the speech of what is in DIR; may be given"
                   " again.")  # fmt: skip
@click.option("--task", type=click.Choice(["keywords", "enhancement"]),
              help="With --init: what the recipe is for.  [default: enhancement with --noise, else"
                   " keywords]")  # fmt: skip
@click.option("--help-recipe", is_flag=False, flag_value="recipe", is_eager=True,
              expose_value=False, metavar="[enhancement]",
              type=click.Choice(["recipe", "enhancement"]),
              callback=lambda ctx, param, wanted: _help_recipe(ctx, wanted),
              help="Show every key of a recipe of words, or for enhancement, its default and its"
                   " range.")  # fmt: skip
@click.option("-o", "--out", type=_path, metavar="FILE",
              help="The model to write.  [default: the recipe's name, .tflite]")  # fmt: skip
@click.option("--root", type=_path, metavar="DIR",
              help="What the recipe's folders are relative to.  [default: its own]")  # fmt: skip
@click.option("--seed", type=int, help="Instead of the recipe's.")
@click.option("--cache", type=_path, metavar="DIR",
              help="Scenes and checkpoints.  [default: .cache/train in the project]")  # fmt: skip
@click.option("--worker", type=click.IntRange(0), default=0, metavar="N",
              help="Which of the recipe's `workers` this process is, from 0.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    recipe_path: Path,
    init: Path | None,
    noise: tuple[Path, ...],
    task: str | None,
    out: Path | None,
    root: Path | None,
    seed: int | None,
    cache: Path | None,
    worker: int,
    as_json: bool,
) -> None:
    """Train a model by a RECIPE (TOML), convert it, and say how good it is.

    It hears words, or with task = "enhancement" cleans speech.
    In a project's folder the recipe is ghost.toml's if it is left out. A data set's folder instead
    of a recipe is a first try with its words, in minutes.
    A run that was stopped goes on at its last checkpoint when it is started again.
    """
    # Of NumPy's small products threads make more work than they save; TensorFlow has its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import dataclasses

    from mcu_ghost.host import console, workspace
    from mcu_ghost.train import recipe as recipes

    if init is not None:
        _write(recipe_path, init, noise, task or ("enhancement" if noise else "keywords"))
        return
    if noise or task:
        raise GhostError(
            f"{'--noise' if noise else '--task'} goes with --init, which writes a recipe; one that"
            " exists says it itself."
        )
    _need_tensorflow()
    place = cache or workspace.root() / ".cache" / "train"
    first_try = recipe_path.is_dir()
    if not first_try and recipes.for_enhancement(recipe_path):
        if worker:
            raise GhostError(f"--worker {worker}: only recipes of words can share their work.")
        train_enhancement.run(recipe_path, out, root, seed, place, as_json)
        return
    recipe = recipes.of_folder(recipe_path) if first_try else recipes.read(recipe_path)
    if seed is not None:
        recipe = dataclasses.replace(
            recipe, training=dataclasses.replace(recipe.training, seed=seed)
        )
    if first_try:
        console.note(
            f"a first try: {recipe.scenes.train_hours:g} h of scenes, few epochs, no negatives;"
            f" `mcu-ghost train {recipe.name}.toml --init {console.literal(recipe_path)}` writes a"
            " recipe for more"
        )
    target = train_enhancement.target(out, recipe.name)
    _join(recipe, worker)
    from mcu_ghost.host.quiet import quiet
    from mcu_ghost.host.steps import steps
    from mcu_ghost.sound.data import sounds

    with console.progress() as bars:
        bar = bars.add_task("reading recordings", total=None)
        found = sounds.load(
            recipe,
            root or (recipe_path.resolve() if first_try else recipe_path).parent,
            lambda done, total: bars.update(bar, completed=done, total=total),
        )
    for note in found.notes if worker == 0 else ():
        console.note(f"[yellow]note:[/] {console.literal(note)}")

    with steps() as tell, quiet():
        tell("loading TensorFlow")
        from mcu_ghost.train import pipeline

        pipeline.start(recipe)
    result = pipeline.run(recipe, found, target, place, worker)
    if result is None:
        return
    if as_json:
        console.print_json(dataclasses.asdict(result))
    else:
        show(result, target)


def _need_tensorflow() -> None:
    """Say what is not installed before any recording is read."""
    from mcu_ghost.host import tools
    from mcu_ghost.project import doctor

    lacking = [name for (name,) in doctor.VERBS["train"] if tools.missing(name)]
    if lacking:
        install = tools.TOOLS[lacking[0]].install
        raise GhostError(f"Training needs {', '.join(lacking)}: {install}")


def _help_recipe(ctx: click.Context, wanted: File | None) -> None:
    if wanted:
        from mcu_ghost.project import schemas

        click.echo(schemas.page(wanted), nl=False)
        ctx.exit()


def _write(recipe: Path, folder: Path, noise: tuple[Path, ...], task: str) -> None:
    """Write a recipe to begin with."""
    from mcu_ghost.host import console
    from mcu_ghost.host.files import write_text
    from mcu_ghost.project import recipe_file

    if noise and task != "enhancement":
        raise GhostError(
            "--noise is for --task enhancement; a recipe of words names [[negatives]]."
        )
    if recipe.suffix != ".toml":
        raise GhostError(f"{recipe}: a recipe's name ends in .toml.")
    if recipe.exists():
        raise GhostError(f"{recipe}: exists already. Take another name, or remove it first.")
    what = "words, <word>/*.wav or *.flac" if task == "keywords" else "clean speech"
    for place, holds in ((folder, what), *((place, "noise") for place in noise)):
        if not place.is_dir():
            raise GhostError(f"{place}: there is no such folder of {holds}.")
    said, *others = (
        Path(os.path.relpath(place, recipe.parent)).as_posix() for place in (folder, *noise)
    )
    if said in others:
        raise GhostError(f"{folder}: is named for speech and for noise.")
    if task == "keywords":
        written = recipe_file.text(recipe.stem, said)
    else:
        written = recipe_file.enhancement(recipe.stem, said, tuple(dict.fromkeys(others)))
    write_text(recipe, written)
    console.say(f"[bold]{console.literal(recipe)}[/] is written: mcu-ghost train"
                f" {console.literal(recipe)}")  # fmt: skip


def _join(recipe: Recipe, worker: int) -> None:
    """Tell TensorFlow, before it starts, who the workers are."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    workers = recipe.training.workers
    if not workers:
        if worker:
            raise GhostError(f"--worker {worker}: the recipe's [training] names no workers.")
        return
    if worker >= len(workers):
        raise GhostError(
            f"--worker {worker}: the recipe names only {text.count(len(workers), 'worker')},"
            " from 0."
        )
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"worker": list(workers)}, "task": {"type": "worker", "index": worker}}
    )


def show(result: Result, out: Path) -> None:
    """Print what a run measured."""
    from rich.table import Table

    from mcu_ghost.host import console
    from mcu_ghost.train import report

    table = Table(box=None, pad_edge=False)
    for heading in ("words missed, of the test split", "", "float", "int8", "95 % interval"):
        left = heading.startswith("words")
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for one in result.words:
        test = console.literal(f"{one.folder}, {report.noise(one.snr_db)}")
        table.add_row(test, f"{one.int8.of:g}", f"{one.float32.value:.1%}",
                      f"{one.int8.value:.1%}",
                      f"{one.int8.low:.1%} to {one.int8.high:.1%}")  # fmt: skip
    table.add_row("")
    table.add_row("[bold]false accepts per hour[/]", "hours", "float", "int8", "95 % interval")
    for accepts in result.accepts:
        rate, name = accepts.int8, console.literal(accepts.name)
        table.add_row(name, f"{rate.of:.2f}", f"{accepts.float32.value:.1f}",
                      f"{rate.value:.1f}", report.interval(rate))  # fmt: skip
    console.show(table)
    console.say("")
    trade_off.show(result.validation)
    summary.made(out, result.model_bytes, result.image or result.no_image, "the whole report")
