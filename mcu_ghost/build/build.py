# SPDX-License-Identifier: Apache-2.0
"""From a model and a board to an image: generate, check that it can fit, compile, measure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.boards import Board, image, renode, uf2
from mcu_ghost.build import fit, folder, golden_c, kernels, model_c, toolchain
from mcu_ghost.build.apps import kws
from mcu_ghost.build.kernels import constants
from mcu_ghost.build.pack import Packed
from mcu_ghost.host import files, resources, templates
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import golden
from mcu_ghost.network.model import Model
from mcu_ghost.sound import front_end, keywords

_MODEL_FILES = ("model.h", "model.c", "model_data.h", "model_data.c", "app_model.h")
_GOLDEN_FILES = ("golden.h", "golden.c")


@dataclass(frozen=True)
class Part:
    """A line of the memory table: what takes how many bytes."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Built:
    """An image and its place on the board.

    Attributes:
        board: The board's name.
        model: The model's name.
        app: "selftest", "stream" or "kws".
        toolchain: "gcc" or "zig".
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
        weights_bytes: Constants of the model, part of flash_bytes.
        flash: flash_bytes by part.
        ram: ram_bytes by part.
    """

    board: str
    model: str
    app: str
    toolchain: str
    kernels: kernels.Variant
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
        """Return the result for scripts."""
        data = dataclasses.asdict(self)
        return {k: str(v) if isinstance(v, Path) else v for k, v in data.items()}


def build(
    model: Model,
    board: Board,
    app: folder.App,
    out: Path,
    kind: str | None = None,
    stack_bytes: int = folder.DEFAULT_STACK,
    choice: kernels.Choice = "auto",
) -> Built:
    """Build an image into a folder; an earlier result stays until the new one is complete.

    Args:
        model: The network.
        board: What it is for.
        app: The main program.
        out: The build folder, a CMake project of its own afterwards.
        kind: "gcc", "zig", or None for the first that is installed.
        stack_bytes: Size of the stack.
        choice: "auto" for the kernels that are fastest on the board's core, "plain" for plain C.

    Raises:
        GhostError: It does not fit, does not compile, or the folder cannot be written.
    """
    _own(out)
    compiler = toolchain.find(kind)
    variant = kernels.choose(board.cpu, choice)
    context = model_c.model_context(model, variant)
    cases = golden.make(model) if app == "selftest" else None
    ears = kws.sources(model, board) if app == "kws" else {}
    constants = _constants(context.packed) + (_golden_bytes(cases) if cases else 0)
    variables = context.plan.state_bytes + context.plan.scratch_bytes
    fit.check(fit.lower_bound(constants, variables, stack_bytes), board)
    _write_model(context, cases, out)
    for name, text in ears.items():
        files.write_text(out / name, text)
    names = (*_MODEL_FILES, *_GOLDEN_FILES * bool(cases), *ears)
    sources = tuple(name for name in names if name.endswith(".c"))
    hot, cold = context.sources()
    if ears:
        hot += kws.FIRMWARE
    folder.write(folder.context(board, app, sources, hot, stack_bytes, variant, cold), out)
    if app != "stream" and board.emulators.renode is not None:
        _write_renode(model, board, app, out / "renode")
    elf = toolchain.build(out, app, compiler)
    linked = image.read(elf, board)
    fit.check(fit.Need(linked.flash_bytes, linked.ram_bytes, exact=True), board)
    return _result(
        context, linked, elf, board, app, compiler.kind, variant, out, cases, stack_bytes
    )


def _own(out: Path) -> None:
    """Refuse a folder that holds anything else than an earlier build."""
    try:
        if not out.exists() or not any(out.iterdir()):
            return
    except OSError as error:
        raise GhostError(f"{out}: not a folder that can be written ({error.strerror}).") from error
    if not (out / "app_model.h").is_file():
        raise GhostError(
            f"{out}: holds other files than an mcu-ghost build; choose another folder with -o."
        )


def _write_model(context: model_c.ModelContext, cases: golden.Golden | None, out: Path) -> None:
    for name in _MODEL_FILES:
        files.write_text(out / name, templates.render(f"model/{name}.jinja", context))
    if cases is not None:
        for name in _GOLDEN_FILES:
            text = templates.render(f"model/{name}.jinja", golden_c.context(cases))
            files.write_text(out / name, text)


def _write_renode(model: Model, board: Board, app: folder.App, folder: Path) -> None:
    """Write a test for Renode, of the golden cases or of what is heard in ten seconds."""
    heard = None
    if app == "kws":
        if board.microphone is None or board.microphone.driver != "nrf_pdm":
            return  # Renode's I2S cannot be a microphone's master
        clips = np.concatenate([keywords.recording(path) for path in resources.demo_clips()])
        hop_ms = front_end.Settings.read(model.metadata["front_end"]).hop_ms
        ms = 10_000 // hop_ms * hop_ms
        sound = np.resize(clips, ms * keywords.RATE // 1000)
        files.write_bytes(folder / "sound.raw", sound.astype("<i2").tobytes())
        heard = ms, f"{keywords.expected(model, sound).crcs[ms]:08x}"
    renode.write(board, "../firmware.elf", folder, heard)


def _constants(packed: list[Packed]) -> int:
    return sum(p.weights_bytes for p in packed)


def _golden_bytes(cases: golden.Golden) -> int:
    return cases.inputs.nbytes + cases.outputs.nbytes + 2 * len(cases.inputs)


def _result(
    context: model_c.ModelContext,
    linked: image.Image,
    elf: Path,
    board: Board,
    app: str,
    kind: str,
    variant: kernels.Variant,
    out: Path,
    cases: golden.Golden | None,
    stack_bytes: int,
) -> Built:
    """Copy the linked image to its final names and account for its bytes."""
    weights = _constants(context.packed)
    flash = [Part("weights", weights)]
    if cases is not None:
        flash.append(Part("golden cases", _golden_bytes(cases)))
    flash.append(Part("code and tables", linked.flash_bytes - sum(p.bytes for p in flash)))
    ram = [
        Part("state", context.plan.state_bytes),
        Part("scratch", constants.align(context.plan.scratch_bytes)),
        Part("stack", stack_bytes),
    ]
    if app == "kws":
        for name, variables in kws.VARIABLES.items():
            ram.append(Part(name, sum(linked.symbols[v][1] for v in variables)))
    ram.append(Part("buffers and drivers", linked.ram_bytes - sum(p.bytes for p in ram)))
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
    return Built(
        board=board.name,
        model=context.name,
        app=app,
        toolchain=kind,
        kernels=variant,
        **final,
        uf2=container,
        flash_bytes=linked.flash_bytes,
        flash_size=board.flash.usable,
        ram_bytes=linked.ram_bytes,
        ram_size=board.ram.usable,
        weights_bytes=weights,
        flash=tuple(flash),
        ram=tuple(ram),
    )
