# SPDX-License-Identifier: Apache-2.0
"""What several test folders share: the kernels compiled for the host, and the tools' presence."""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from mcu_ghost.build import kernels, model_c
from mcu_ghost.host import resources, templates
from mcu_ghost.network.model import Model

ROOT = Path(__file__).parents[1]
# A shell that starts us in the background lets us ignore Ctrl-C, and our programs inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow"]


def pytest_configure(config: pytest.Config) -> None:
    """Let the fast tests try a quarter of the random cases that the whole suite tries."""
    if "not slow" in config.option.markexpr:
        settings.register_profile("fast", settings.default, max_examples=25)
        settings.load_profile("fast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left alone with one."""
    long = {item.path for item in items if item.get_closest_marker("train")}
    items.sort(key=lambda item: item.path not in long)


def need(tool: str, package: str) -> str:
    """Return a program's path; skip with the install hint, but never in CI."""
    found = shutil.which(tool)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{tool} must be installed in CI (apt install {package})")
        pytest.skip(f"needs {tool}: apt install {package}")
    return found


def kernel_sources(variant: kernels.Variant = "plain") -> list[Path]:
    """Return the C files of a variant of the kernels, and what stands here for its assembly."""
    folder = resources.folder("firmware") / "kernels"
    found = {file.name: file for file in (*folder.glob("*.c"), *(folder / "plain").glob("*.c"))}
    if variant != "plain":
        del found["ghost_gru_step_s8.c"]  # in assembly, some have it
    found |= {file.name: file for file in (folder / variant).glob("*.c")}
    here = ROOT / "tests" / "firmware" / "kernels" / f"{variant}_assembly.c"
    if here.exists():
        for assembly in (folder / variant).glob("*.S"):
            found.pop(f"{assembly.stem}.c", None)
        found[here.name] = here
    elif "ghost_rows_s8.c" not in found:  # what calls it is left out
        found = {n: f for n, f in found.items() if "ghost_rows_s8(" not in f.read_text()}
    return sorted(found.values())


def compile_host(
    out: Path, sources: list[Path], *flags: str, variant: kernels.Variant = "plain"
) -> Path:
    """Compile a shared library for this machine with the project's warnings as errors."""
    # Its own kernels, whatever other variant is loaded by then.
    library = ("-fPIC", "-shared", "-Wl,-Bsymbolic")
    return compile_program(out, sources, *library, *flags, variant=variant)


def compile_program(
    out: Path, sources: list[Path], *flags: str, variant: kernels.Variant = "plain"
) -> Path:
    """Compile a program for this machine with the project's warnings as errors."""
    ready = _objects(variant) if set(sources) & set(kernel_sources(variant)) else {}
    given = [str(ready.get(source, source)) for source in sources]
    _compile("-o", str(out), *flags, *given, variant=variant)
    return out


@functools.cache
def _objects(variant: kernels.Variant) -> dict[Path, Path]:
    """Return a variant's kernels, compiled once."""
    folder = Path(tempfile.mkdtemp(prefix="mcu-ghost-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sources = kernel_sources(variant)
    _compile("-fPIC", "-c", *map(str, sources), variant=variant, cwd=folder)
    return {source: folder / f"{source.stem}.o" for source in sources}


def _compile(*words: str, variant: kernels.Variant, cwd: Path | None = None) -> None:
    folder = resources.folder("firmware") / "kernels"
    command = [need("gcc", "gcc"), "-std=gnu11", "-O2", *WARNINGS]
    command += [f"-I{folder}", f"-I{folder / variant}", *words]
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert result.returncode == 0, result.stderr


def compile_model(model: Model, folder: Path, variant: kernels.Variant = "plain") -> ctypes.CDLL:
    """Render a model's C, compile it for this machine and load it.

    Its `sizes` are those of the state and of the scratch memory, in bytes.
    """
    context = model_c.model_context(model, variant)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("model.h", "model.c", "model_data.h", "model_data.c"):
        (folder / name).write_text(templates.render(f"model/{name}.jinja", context))
    sizes = ", ".join(f"sizeof({model.name}_{what}_t)" for what in ("state", "scratch"))
    (folder / "sizes.c").write_text(f'#include "model.h"\nconst unsigned sizes[] = {{{sizes}}};\n')
    sources = [folder / f"{name}.c" for name in ("model", "model_data", "sizes")]
    sources += kernel_sources(variant)
    flags = [f"-I{folder}"]
    return ctypes.CDLL(str(compile_host(folder / "model.so", sources, *flags, variant=variant)))


@pytest.fixture(scope="module")
def keras() -> Any:
    """Return tf_keras, where it is installed."""
    return pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
