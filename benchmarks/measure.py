# SPDX-License-Identifier: Apache-2.0
"""One layer or network on one board with one compiler: built, proven, counted; cached."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.networks import NETWORKS
from mcu_ghost import boards
from mcu_ghost.build import build, fit, toolchain
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof.profile import profile
from mcu_ghost.proof.prove import prove

ROOT = Path(__file__).resolve().parents[1]
CLASSES, FRAMES = 12, 49
COMPILERS = ("gcc", "zig")
# Every core; further boards of the same core give the same counts.
BOARDS = ("microbit", "mps2-an385", "nrf52840", "mps2-an500", "mps2-an505", "mps3-an547")
# Of networks besides recurrent ones; M7 and M33 run the M4's kernels.
NETWORK_BOARDS = ("pico", "mps2-an385", "nrf52840", "mps3-an547")
_IMAGES = 2  # of a network without time, each of which costs the same
# What decides a count: a change here makes earlier ones stale.
_DECIDES = """
    benchmarks/networks.py firmware templates mcu_ghost/boards mcu_ghost/build mcu_ghost/emulate
    mcu_ghost/network mcu_ghost/proof
""".split()


@dataclass(frozen=True)
class Shape:
    """A recurrent layer; a ratio of 1 is a plain GRU."""

    units: int
    ratio: int
    inputs: int

    @property
    def name(self) -> str:
        """As results.json calls it: 154/2-10, with 10 inputs."""
        return f"{self.units}/{self.ratio}-{self.inputs}"

    @property
    def title(self) -> str:
        """As people call it."""
        return f"GhostGRU-{self.units}/{self.ratio}" if self.ratio > 1 else f"GRU-{self.units}"


SHAPES = tuple(
    Shape(units, ratio, inputs)
    for inputs in (10, 40)
    for units in (32, 64, 128, 154, 256)
    for ratio in (1, 2, 4)
)


@dataclass(frozen=True)
class Cost:
    """What a `stream` image costs.

    Attributes:
        instructions: Emulated, per frame, from entry to return of the generated step function.
        flash: Bytes of the image.
        ram: Bytes of it, the stack as far as it was used.
    """

    instructions: int
    flash: int
    ram: int


# What is also built as a selftest, and for what.
SELFTESTS = (Shape(154, 1, 10), Shape(154, 2, 10))
SELFTEST_BOARD = "nrf52840"


@dataclass(frozen=True)
class Selftest:
    """What the `selftest` image of a layer and 12 classes costs on the nRF52840.

    Attributes:
        flash: Bytes of the image.
        ram: Bytes of variables, the stack left out.
        start_up: Instructions from reset to the first frame, emulated.
        cycles: Estimated cycles of a frame, from memory without wait states.
        cycles_from_flash: Estimated with the board's wait states.
    """

    flash: int
    ram: int
    start_up: int
    cycles: int
    cycles_from_flash: int


@functools.cache
def _sources() -> str:
    """Return a digest of everything that decides a count, compilers included."""
    digest = hashlib.sha256()
    for name in _DECIDES:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".toml", ".c", ".h", ".S", ".jinja"):
                digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    for kind in COMPILERS:
        digest.update(toolchain.find(kind).version.encode())
    return digest.hexdigest()[:16]


def measure(shape: Shape, board: str, compiler: str, cache: Path | None = None) -> Cost | None:
    """Return what a layer costs, or None where it does not fit the board.

    Args:
        shape: The layer.
        board: A board's name.
        compiler: "gcc" or "zig".
        cache: A folder of earlier measurements; None measures in any case.

    Raises:
        GhostError: A tool is missing, or a byte of the image's outputs is wrong.
    """
    model = functools.partial(random_model, 0, **asdict(shape), classes=CLASSES)
    return _cost(shape.name, model, board, compiler, cache)


def network(name: str, board: str, compiler: str, cache: Path | None = None) -> Cost | None:
    """Return what one of `NETWORKS` costs; other arguments and errors as of `measure`."""
    file = re.sub(r"[^a-z0-9]+", "-", name.lower())
    return _cost(file, NETWORKS[name], board, compiler, cache)


def _cost(
    file: str, model: Callable[[], Model], board: str, compiler: str, cache: Path | None
) -> Cost | None:
    def make() -> dict[str, int] | None:
        cost = _measure(model(), board, compiler)
        return asdict(cost) if cost else None

    numbers = _kept(f"{file}-{board}-{compiler}", cache, make)
    return Cost(**numbers) if numbers else None


def selftest(shape: Shape, compiler: str, cache: Path | None = None) -> Selftest:
    """Return what a layer's `selftest` image costs; arguments and errors as of `measure`."""
    make = functools.partial(_selftest, shape, compiler)
    return Selftest(**_kept(f"{shape.name}-selftest-{compiler}", cache, make))


def _kept(name: str, cache: Path | None, make: Callable[[], Any]) -> Any:
    """Return what was measured earlier, else measure it and keep it."""
    file = cache and cache / _sources() / f"{name.replace('/', '-')}.json"
    if file and file.is_file():
        return json.loads(file.read_text("utf-8"))
    made = make()
    if file:
        files.write_text(file, json.dumps(made))
    return made


def _measure(model: Model, board: str, compiler: str) -> Cost | None:
    frames = FRAMES if any(step.variables for step in model.steps) else _IMAGES
    try:
        proof = prove(model, boards.load(board), toolchain=compiler, cases=1, frames=frames)
    except fit.DoesNotFit:
        return None
    if proof.comparison.mismatches:
        raise GhostError(f"{model.name} on {board} by {compiler}: {proof.comparison.first}")
    return Cost(round(proof.instructions_per_frame), proof.built.flash_bytes, proof.ram_used)


def _selftest(shape: Shape, compiler: str) -> dict[str, int]:
    target = boards.load(SELFTEST_BOARD)
    model = random_model(0, **asdict(shape), classes=CLASSES)
    estimate = profile.profile(model, target, FRAMES, toolchain=compiler).estimate
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-") as folder:
        built = build.build(model, target, "selftest", Path(folder) / "build", compiler)
        start_up = profile.start_up(built)
    assert estimate is not None and estimate.with_wait_states is not None
    ram = built.ram_bytes - sum(part.bytes for part in built.ram if part.name == "stack")
    cycles = (round(estimate.cycles), round(estimate.with_wait_states))
    return asdict(Selftest(built.flash_bytes, ram, start_up, *cycles))
