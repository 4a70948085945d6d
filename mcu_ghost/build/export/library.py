# SPDX-License-Identifier: Apache-2.0
"""A network as the C sources of a library, the same for every build system.

    src/NAME.h      what a program includes
    src/NAME/       everything else, one flat folder: no include path is needed

Functions of `firmware/` get the library's name in front, so that a program can hold several
libraries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcu_ghost.build import enhancer_c, front_end_c, kernels, model_c
from mcu_ghost.build.export import checks, cleaner
from mcu_ghost.build.export.core import Target
from mcu_ghost.build.kernels.constants import align
from mcu_ghost.host import resources, templates
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound import detector, keywords
from mcu_ghost.sound.front_end import FrontEndSettings

_MODEL_FILES = ("model.h", "model.c", "model_data.h", "model_data.c")


@dataclass(frozen=True, eq=False)
class Library:
    """Everything that the export's templates show.

    Attributes:
        version: Of mcu-ghost.
        name: The library's and the model's.
        target: What it runs on.
        model: The network.
        settings: The front end, if there is one.
        detector: How scores become words, if the model says so.
        listening: What the example must hear then.
        cleaner: What cleans speech, if the network is for that.
        sensor: Whether frames are numbers of a sensor, and not made of sound.
        sources: Texts by path below `src/`, but for `NAME.h`.
        compiled: Those of them that are compiled.
        assembly: Whether some are not C.
        weights_bytes: Constants of the network.
        tables_bytes: Constants of what is between sound and network.
        state_bytes: Of `NAME_state_t`.
        scratch_bytes: Of `NAME_scratch_t`.
        listener_bytes: Of `NAME_listener_t`.
    """

    version: str
    name: str
    target: Target
    model: Model
    settings: FrontEndSettings | None
    detector: detector.DetectorSettings | None
    listening: checks.Listening | None
    cleaner: cleaner.Cleaner | None
    sensor: bool
    sources: dict[str, str]
    compiled: tuple[str, ...]
    assembly: bool
    weights_bytes: int
    tables_bytes: int
    state_bytes: int
    scratch_bytes: int
    listener_bytes: int


@dataclass(frozen=True)
class _Core:
    """What the refusal of other cores shows."""

    name: str
    target: Target


@dataclass(frozen=True, eq=False)
class _Listener:
    """What the listener's templates show."""

    version: str
    name: str
    settings: FrontEndSettings
    detector: detector.DetectorSettings


def make(model: Model, target: Target) -> Library:
    """Lay out the sources of a library.

    Raises:
        GhostError: The model's metadata is wrong.
    """
    name = model.name
    context = model_c.model_context(model, target.variant)
    generated = {file: templates.render(f"model/{file}.jinja", context) for file in _MODEL_FILES}
    hot, cold = context.sources()
    needed = hot + cold
    settings = words = noise = None
    tables = 0
    task = keywords.task_of(model)
    if task is not None:
        settings = task.front_end
        sound = front_end_c.context(settings, task.formula, f"{name}_")
        generated |= front_end_c.sources(sound)
        needed += front_end_c.SOURCES
        tables = sum(array.bytes for array in sound.arrays.values())
    if task is not None and task.detector is not None:
        task, words = keywords.listening(model)
        settings = task.front_end
        listener = _Listener(__version__, name, settings, words)
        for file in ("listener.h", "listener.c"):
            generated[file] = templates.render(f"export/{file}.jinja", listener)
        needed += ("sound/ghost_detector.c", "sound/ghost_listener.c")
        noise = checks.listening(model, task, words)
    cleans = cleaner.make(model, context)
    if cleans is not None:
        generated |= cleans[1]
        needed += enhancer_c.SOURCES
        tables = cleans[0].tables_bytes
    copied = _copies(needed, target.variant)
    sources = {f"{name}/{file}": text for file, text in _own(name, copied, generated).items()}
    compiled = tuple(sorted(path for path in sources if path.endswith((".c", ".S"))))
    for path in compiled:  # so that one clear error comes before a hundred of an assembler
        sources[path] = '#include "core.h"\n' + sources[path]
    sources[f"{name}/core.h"] = templates.render("export/core.h.jinja", _Core(name, target))
    plan = context.plan
    return Library(
        version=__version__,
        name=name,
        target=target,
        model=model,
        settings=settings,
        detector=words,
        listening=noise,
        cleaner=cleans[0] if cleans else None,
        sensor=task is None and cleans is None,
        sources=sources,
        compiled=compiled,
        assembly=any(path.endswith(".S") for path in compiled),
        weights_bytes=sum(p.weights_bytes for p in context.packed),
        tables_bytes=tables,
        state_bytes=plan.state_bytes,
        scratch_bytes=align(plan.scratch_bytes),
        listener_bytes=_listener_bytes(context, settings, words) if settings and words else 0,
    )


def _listener_bytes(
    context: model_c.ModelContext, settings: FrontEndSettings, words: detector.DetectorSettings
) -> int:
    """Return the size of `NAME_listener_t` as a compiler for Arm lays it out."""
    front_end = align(4 * settings.channels + 2 * max(settings.history, 2) + 2, 4)
    scratch = max(4 * (settings.points + 1 + settings.channels), align(context.plan.scratch_bytes))
    end = align(front_end + context.plan.state_bytes) + align(scratch)
    for _, size in context.input_fields + context.output_fields:
        end += size
    end = align(end, 2) + 2 * settings.inputs + len(words.words) * (2 + words.window)
    return align(align(end, 4) + 12)


def _copies(needed: tuple[str, ...], variant: kernels.Variant) -> dict[str, str]:
    """Return texts of `firmware/` by file name: what is needed, and the headers beside it."""
    firmware = resources.folder("firmware")
    folders = sorted({(firmware / path).parent for path in needed} | {firmware / "kernels"})
    folders.append(firmware / "kernels" / variant)  # whose headers win
    files = [firmware / path for path in needed]
    files += [header for folder in folders for header in folder.glob("*.h")]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def _own(name: str, copied: dict[str, str], generated: dict[str, str]) -> dict[str, str]:
    """Return all texts for one flat folder, every `ghost_` name of `firmware/` made the library's.

    So are its macros: a guard that two libraries share would hide the second one's header. File
    names stay as they are, in `#include` and in comments.
    """
    word = r"\b(?:ghost|GHOST)_\w+\b(?!\.[chS]\b)"
    known = {w for text in copied.values() for w in re.findall(word, text)}

    def rename(match: re.Match[str]) -> str:
        if match[0] not in known:
            return match[0]
        return f"{name.upper() if match[0].isupper() else name}_{match[0]}"

    texts = {}
    for file, text in {**copied, **generated}.items():
        flat = re.sub(r'#include "\w+/(\w+\.h)"', r'#include "\1"', text)
        texts[file] = re.sub(word, rename, flat)
    return texts
