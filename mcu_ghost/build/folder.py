# SPDX-License-Identifier: Apache-2.0
"""The build folder: a CMake project that stands on its own, for one board, app and model.

`write` puts everything there that depends on the board and not on the model: CMake files, linker
script, board.h, and a copy of the C sources. What it is given as model sources is the caller's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.boards import Board, chip, stm32
from mcu_ghost.build import kernels, lock, manifest
from mcu_ghost.build.apps import APPS, App
from mcu_ghost.build.toolchain import gcc_flags, zig_flags
from mcu_ghost.host import resources, workspace
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import write_text
from mcu_ghost.host.templates import render
from mcu_ghost.host.text import count

DEFAULT_STACK = 2048
BUILDS = "build"
"""Where the command line puts build folders, `<board>-<app>`."""

_TEMPLATES = ("CMakeLists.txt", "toolchain.cmake", "linker.ld", "board.h")
_RUNTIME = ("console.c", "link.c", "memory.c", "stack.c", "text.c")
_STARTUP = ("vectors.c", "reset.c", "fault.c")
_COPIED = ("runtime", "startup", "drivers", "apps", "kernels", "sound")


@dataclass(frozen=True)
class FolderContext:
    """What the project's templates show.

    Attributes:
        board: The board it is for.
        app: The main program.
        model_sources: Generated C files, relative to the build folder.
        kernel_sources: C and .S files of `firmware/kernels/` that run for every frame, relative to
            the build folder.
        stack_bytes: Size of the stack, a multiple of 8.
        firmware_sources: All other files of `firmware/`, built for size.
        gcc_flags: Core and float ABI as gcc takes them.
        zig_flags: As `zig cc` takes them.
        kernels: The variant of the recurrent kernel, a folder of `firmware/kernels/`.
        chip: The board's chip; None for a design without one.
        clocks: What start-up sets on an STM32.
    """

    board: Board
    app: App
    model_sources: tuple[str, ...]
    kernel_sources: tuple[str, ...]
    stack_bytes: int = DEFAULT_STACK
    firmware_sources: tuple[str, ...] = ()
    gcc_flags: tuple[str, ...] = ()
    zig_flags: tuple[str, ...] = ()
    kernels: kernels.Variant = "plain"
    chip: chip.Chip | None = None
    clocks: stm32.Clocks | None = None


def context(
    board: Board,
    app: App,
    model_sources: tuple[str, ...],
    kernel_sources: tuple[str, ...],
    stack_bytes: int = DEFAULT_STACK,
    variant: kernels.Variant = "plain",
    cold_kernels: tuple[str, ...] = (),
) -> FolderContext:
    """Work out everything that the templates show; `cold_kernels` do not run for every frame."""
    if stack_bytes % 8 or stack_bytes < 512:
        raise GhostError(f"The stack must be 512 bytes or more, a multiple of 8: {stack_bytes}.")
    if stack_bytes >= board.ram.usable:
        raise GhostError(
            f"A stack of {count(stack_bytes, 'byte')} does not fit the RAM of {board.name}."
        )
    return FolderContext(
        board=board,
        app=app,
        model_sources=model_sources,
        kernel_sources=kernel_sources,
        stack_bytes=stack_bytes,
        firmware_sources=(
            *(f"startup/{name}" for name in _STARTUP),
            *_family(board),
            *(f"runtime/{name}" for name in _RUNTIME),
            f"drivers/{board.console.driver}.c",
            f"drivers/{board.counter.driver}.c",
            *app.cold(board),
            *_watched(board, app),
            f"apps/{app.name}.c",
            *cold_kernels,
        ),
        gcc_flags=gcc_flags(board.cpu),
        zig_flags=zig_flags(board.cpu),
        kernels=variant,
        chip=chip.find(board),
        clocks=stm32.clocks(board),
    )


def _family(board: Board) -> tuple[str, ...]:
    """Return the start-up sources of a board's family: C, and assembly where it has some."""
    names = [f"startup/{board.startup.family}{suffix}" for suffix in (".c", ".S")]
    folder = resources.folder("firmware")
    return tuple(name for name in names if (folder / name).is_file())


def _watched(board: Board, app: App) -> tuple[str, ...]:
    """Return the source of the watchdog, where there is one and it has something to watch."""
    if board.watchdog is None or not app.watched:
        return ()
    return (f"drivers/{board.watchdog.driver}.c",)


def write(contents: FolderContext, out: Path) -> None:
    """Write the CMake project into a folder; files that already say the same are left alone.

    Copies the sources that it names, and the headers below `firmware/` but for those of
    other kernel variants. Files of an earlier build for another board or app are removed, so the
    folder holds what it needs.

    Raises:
        GhostError: The folder cannot be written.
    """
    for name in _TEMPLATES:
        write_text(out / name, render(f"build/{name}.jinja", contents))
    firmware = resources.folder("firmware")
    own = contents.kernels
    wanted = {*contents.firmware_sources, *contents.kernel_sources}
    for folder in _COPIED:
        for source in sorted((firmware / folder).rglob("*.[chS]")):
            relative = source.relative_to(firmware)
            header = source.suffix == ".h" and (
                folder != "kernels" or len(relative.parts) == 2 or relative.parts[1] == own
            )
            if header or relative.as_posix() in wanted:
                write_text(out / relative, source.read_text(encoding="utf-8"))
            else:
                (out / relative).unlink(missing_ok=True)


def place(board: Board, app: str) -> Path:
    """Return the folder in which the command line builds an app for a board."""
    return workspace.root() / BUILDS / f"{board.name}-{app}"


@contextlib.contextmanager
def built_image(board: Board, app: str | None = None) -> Iterator[Path]:
    """Have an image that was built for a board; no build replaces it meanwhile.

    Args:
        board: For which board.
        app: Of which app; None where only one's is there.

    Raises:
        GhostError: There is none, there are several and the app is not said, or it is not the
            complete result of one build.
    """
    places = {name: place(board, name) for name in ([app] if app else APPS)}
    found = {name: path for name, path in places.items() if (path / "firmware.elf").is_file()}
    if not found:
        which = f" --app {app}" if app else ""
        raise GhostError(
            f"No image for {board.name} is in {BUILDS}/{f' of the app {app}' if app else ''}:"
            f" `mcu-ghost build --board {board.name}{which}` makes one, --image FILE takes another."
        )
    if len(found) > 1:
        raise GhostError(
            f"{BUILDS}/ has images of several apps for {board.name}: say which, --app"
            f" {' or --app '.join(found)}."
        )
    (chosen,) = found.values()
    manifest.validate_image(chosen)
    with lock.hold(chosen):
        manifest.validate_image(chosen)
        yield chosen / "firmware.elf"
