# SPDX-License-Identifier: Apache-2.0
"""From a model and a board to an image: generate, check that it can fit, compile, measure."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_ghost.boards import Board, image, uf2
from mcu_ghost.build import apps, fit, folder, lock, manifest, model_c
from mcu_ghost.build import kernels as variants
from mcu_ghost.build import toolchain as compilers
from mcu_ghost.build.apps import App
from mcu_ghost.build.kernels import constants
from mcu_ghost.build.memory import Part
from mcu_ghost.build.toolchain import Toolchain
from mcu_ghost.host import files, templates
from mcu_ghost.network.model import Model

_MODEL_FILES = ("model.h", "model.c", "model_data.h", "model_data.c", "app_model.h")


@dataclass(frozen=True)
class Built:
    """An image and its place on the board.

    Attributes:
        board: What it is for.
        model: The network in it, if its app has one.
        app: Its main program.
        toolchain: The compiler that made it.
        kernels: The variant of the recurrent kernel.
        elf: The linked image.
        hex: Intel HEX of it.
        bin: Flat binary of it.
        uf2: The file for a bootloader's drive; None where the board has no such bootloader.
        map: Every symbol with address and size.
        flash_bytes: Flash taken.
        flash_size: Flash that the board has for an image.
        ram_bytes: RAM taken, the whole stack included.
        ram_size: RAM that the board has for an image.
        weights_bytes: Constants of the model, part of flash_bytes; 0 where the app has no network.
        flash: flash_bytes by part.
        ram: ram_bytes by part.
    """

    board: Board
    model: Model
    app: App
    toolchain: Toolchain
    kernels: variants.Variant
    elf: Path
    hex: Path
    bin: Path
    uf2: Path | None
    map: Path
    flash_bytes: int
    flash_size: int
    ram_bytes: int
    ram_size: int
    weights_bytes: int
    flash: tuple[Part, ...]
    ram: tuple[Part, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts: names for objects, strings for paths."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)} | {
            "board": self.board.name,
            "model": self.model.name if self.app.network else None,
            "app": self.app.name,
            "toolchain": self.toolchain.kind,
            "flash": [dataclasses.asdict(part) for part in self.flash],
            "ram": [dataclasses.asdict(part) for part in self.ram],
        }
        data |= self.model.as_json() if self.app.network else {}
        return {k: str(v) if isinstance(v, Path) else v for k, v in data.items()}


def build(
    model: Model,
    board: Board,
    app: str = apps.DEFAULT,
    out: Path | str | None = None,
    toolchain: str | None = None,
    stack_bytes: int = folder.DEFAULT_STACK,
    kernels: variants.Choice = "auto",
    force: bool = False,
) -> Built:
    """Build an image into a folder; an earlier result stays until the new one is complete.

    The folder is locked meanwhile. Another build in it may follow at once: hold `lock.hold(out)`
    around this and the last use of the result.

    Args:
        model: The network.
        board: What it is for.
        app: The main program, one of `mcu_ghost.build.apps.APPS`.
        out: The build folder, a CMake project of its own afterwards; `build/<board>-<app>` if None.
        toolchain: "gcc", "zig", or None for the first that is installed.
        stack_bytes: Size of the stack.
        kernels: "auto" for the kernels that are fastest on the board's core, "plain" for plain C.
        force: Whether to overwrite generated files that were edited by hand.

    Raises:
        GhostError: The app cannot run the model or on the board, it does not fit, does not
            compile, files of the folder were edited by hand, or it cannot be written.
    """
    out = folder.place(board, app) if out is None else Path(out)
    compilers.validate_path(out)
    compiler = compilers.find(toolchain)
    program = apps.find(app)
    program.validate(model, board)
    variant = variants.choose(board.cpu, kernels)
    context = model_c.model_context(model, variant) if program.network else None
    made = program.generate(model, board)
    flash, ram = _network(context)
    fixed = sum(p.bytes for p in (*flash, *made.constants))
    fit.validate(fit.lower_bound(fixed, sum(p.bytes for p in ram), stack_bytes), board)
    texts = {**_model_files(context), **made.texts}
    sources = tuple(name for name in texts if name.endswith(".c"))
    hot, cold = context.sources() if context else ((), ())
    hot += program.hot
    project = folder.context(board, program, sources, hot, stack_bytes, variant, cold)
    with lock.hold(out), tempfile.TemporaryDirectory(prefix="mcu-ghost-") as temporary:
        files_made, images_made = Path(temporary) / "project", Path(temporary) / "image"
        for name, text in texts.items():
            files.write_text(files_made / name, text)
        folder.write(project, files_made)
        if board.emulators.renode is not None:
            program.renode(model, board, files_made / "renode")
        manifest.replace_files(files_made, out, force)
        elf = compilers.build(out, program.name, compiler)
        linked = image.read(elf, board)
        fit.validate(fit.Need(linked.flash_bytes, linked.ram_bytes, exact=True), board)
        names = _images(linked, elf, board, images_made)
        manifest.replace_image(images_made, out)
    flash += made.constants
    ram += (Part("stack", stack_bytes), *_variables(program, linked))
    return Built(
        board=board,
        model=model,
        app=program,
        toolchain=compiler,
        kernels=variant,
        **{suffix: name and out / name.name for suffix, name in names.items()},
        flash_bytes=linked.flash_bytes,
        flash_size=board.flash.usable,
        ram_bytes=linked.ram_bytes,
        ram_size=board.ram.usable,
        weights_bytes=sum(p.weights_bytes for p in context.packed) if context else 0,
        flash=(*flash, _rest("code and tables", linked.flash_bytes, flash)),
        ram=(*ram, _rest("buffers and drivers", linked.ram_bytes, ram)),
    )


def _model_files(context: model_c.ModelContext | None) -> dict[str, str]:
    """Return the network's C, where there is one."""
    if context is None:
        return {}
    return {name: templates.render(f"model/{name}.jinja", context) for name in _MODEL_FILES}


def _network(
    context: model_c.ModelContext | None,
) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Account for what a network takes of flash and of RAM, where there is one."""
    if context is None:
        return (), ()
    weights, plan = sum(p.weights_bytes for p in context.packed), context.plan
    scratch = Part("scratch", constants.align(plan.scratch_bytes))
    return (Part("weights", weights),), (Part("state", plan.state_bytes), scratch)


def _variables(app: App, linked: image.Image) -> list[Part]:
    """Account for the variables that an app's table tells apart."""
    return [
        Part(name, sum(linked.symbols[v][1] for v in variables))
        for name, variables in app.variables.items()
    ]


def _rest(name: str, total: int, parts: tuple[Part, ...]) -> Part:
    return Part(name, total - sum(p.bytes for p in parts))


def _images(linked: image.Image, elf: Path, board: Board, out: Path) -> dict[str, Any]:
    """Write the linked image in all forms, and return them by their kind."""
    final = {suffix: out / f"firmware.{suffix}" for suffix in ("elf", "hex", "bin", "map")}
    files.write_bytes(final["elf"], elf.read_bytes())
    image.write_hex(linked, final["hex"])
    image.write_bin(linked, final["bin"])
    image.write_map(linked, final["map"])
    family = board.flashing.uf2_family
    container = out / "firmware.uf2" if family else None
    if container is not None:
        content = uf2.encode(final["bin"].read_bytes(), linked.segments[0].address, family)
        files.write_bytes(container, content)
    return {**final, "uf2": container}
