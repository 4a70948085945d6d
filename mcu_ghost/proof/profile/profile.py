# SPDX-License-Identifier: Apache-2.0
"""Where a frame's instructions go: by layer, function, block and kind, exactly as executed.

Every number is emulated, of the image that is flashed, from entry to return of the generated step
function; interrupts in between are nobody's. MACs are computed from the model, cycles estimated.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board
from mcu_ghost.build import apps, build
from mcu_ghost.build import kernels as variants
from mcu_ghost.build.build import Built
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.proof import on_emulator, verify
from mcu_ghost.proof.link.link import Link
from mcu_ghost.proof.profile import cycles, debug_info, disassembly
from mcu_ghost.proof.profile.attribution import Attribution, Block, Function, Layer, Node

ENGINES = ("unicorn", "qemu")  # that can trace
_START_PATIENCE = {"unicorn": 2.0, "qemu": 20.0}  # seconds for a selftest to begin
_QEMU_PATIENCE = 120.0  # seconds: it writes a line for every instruction


@dataclass(frozen=True, eq=False)
class Profile:
    """What a frame costs, and where.

    Attributes:
        board: The board's name.
        core: Its core.
        model: The model's name.
        toolchain: "gcc" or "zig".
        kernels: The variant of the recurrent kernel.
        emulator: The engine that counted.
        frames: How many frames the means are over.
        instructions_per_frame: From entry to return of the step, head included where it runs.
        macs_per_frame: Multiply-accumulates, computed.
        layers: In order of execution; their instructions sum up to the frame's.
        functions: By `own`, which sums up to the frame's instructions.
        mix: Instructions per frame of each kind; sums up likewise.
        blocks: By instructions, which sum up likewise.
        flame: The same as a tree: step, layer, function, line.
        estimate: Cycles, where the core is one that they are estimated for.
    """

    board: str
    core: str
    model: str
    toolchain: str
    kernels: str
    emulator: str
    frames: int
    instructions_per_frame: float
    macs_per_frame: int
    layers: tuple[Layer, ...]
    functions: tuple[Function, ...]
    mix: Mapping[str, float]
    blocks: tuple[Block, ...]
    flame: Node
    estimate: cycles.Estimate | None

    @property
    def instructions_per_mac(self) -> float | None:
        """Of the whole frame; None without MACs."""
        macs = self.macs_per_frame
        return self.instructions_per_frame / macs if macs else None

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts; the tree is left out, it says nothing more."""
        shallow = dataclasses.replace(self, flame=Node(""))
        data = dataclasses.asdict(shallow) | {"instructions_per_mac": self.instructions_per_mac}
        del data["flame"]
        result: dict[str, Any] = _rounded(data)
        return result


def choose(board: Board, engine: str | None = None) -> str:
    """Return the emulator to profile with: the one named, or the board's first that can.

    Raises:
        GhostError: None can, or it or the disassembler is not installed.
    """
    able = [name for name in board.emulators.order if name in ENGINES]
    if engine not in (None, *ENGINES):
        raise GhostError(f"{engine} cannot profile: take {' or '.join(ENGINES)}.")
    if not able:
        good = ", ".join(other.name for other in boards.every() if _can(other))
        raise GhostError(
            f"{board.name} runs on no emulator that can profile. Boards that do: {good}."
        )
    chosen = emulate.choose(board, engine or able[0])
    hint = disassembly.missing()
    if hint is not None:
        raise GhostError(hint)
    return chosen


def _can(board: Board) -> bool:
    return any(name in ENGINES for name in board.emulators.order)


def profile(
    model: Model,
    board: Board,
    frames: int = 49,
    *,
    toolchain: str | None = None,
    kernels: variants.Choice = "auto",
    emulator: str | None = None,
    progress: verify.Progress = lambda done: None,
) -> Profile:
    """Build the `stream` image of a model in a temporary folder, and profile it on an emulator.

    Args:
        model: The network.
        board: What it is for.
        frames: Random frames to run.
        toolchain: "gcc", "zig", or None for the first that is installed.
        kernels: "auto" for the fastest on the board's core, "plain" for plain C.
        emulator: "unicorn" or "qemu"; the board's first of them if None.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: It cannot be built, no such emulator, a crash, or outputs that differ from the
            reference.
    """
    engine = choose(board, emulator)
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-") as folder:
        built = build.build(
            model, board, apps.DEFAULT, Path(folder) / "build", toolchain, kernels=kernels
        )
        return run(built, frames, engine, progress)


def run(
    built: Built,
    frames: int,
    engine: str | None = None,
    progress: verify.Progress = lambda done: None,
) -> Profile:
    """Profile a `stream` image on an emulator, and verify it on the way.

    Args:
        built: The image.
        frames: Random frames to run.
        engine: "unicorn" or "qemu"; the board's first of them if None.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: No such emulator, a crash, or outputs that differ from the reference.
    """
    board, model = built.board, built.model
    engine = choose(board, engine)
    info = debug_info.read(built.elf)
    code = disassembly.disassemble(info.code)
    step, entries = f"{model.name}_step", [f.start for f in info.functions]
    with contextlib.closing(
        emulate.start(board, built.elf, engine, watch=(step,), trace=entries)
    ) as machine:
        slow = _QEMU_PATIENCE if engine == "qemu" else 0.0
        delay = slow + on_emulator.patience(built, engine)
        link = Link(machine, delay, attempts=2, clock=machine.clock)
        report = verify.run(link, model, verify.sequences(model, 1, frames, []), progress)
        counts = machine.counts()
    if report.mismatches:
        raise GhostError(f"The image is wrong: {report.first}. `mcu-ghost test` says more.")
    assert counts is not None  # engines that trace count
    calls = counts.functions[step]
    whole = Attribution(info, code, counts.spent, calls.calls)
    assert whole.total == calls.total, "the blocks do not add up to the step"
    layers, flame = whole.layers(model, board, built.kernels)
    return Profile(
        board=board.name,
        core=board.cpu.core,
        model=model.name,
        toolchain=built.toolchain.kind,
        kernels=built.kernels,
        emulator=engine,
        frames=calls.calls,
        instructions_per_frame=calls.total / calls.calls,
        macs_per_frame=sum(layer.macs for layer in layers),
        layers=layers,
        functions=whole.functions(),
        mix=whole.mix(),
        blocks=whole.blocks(),
        flame=flame,
        estimate=cycles.estimate(counts.spent, code, board, calls.calls),
    )


def start_up(built: Built, engine: str | None = None) -> int:
    """Return the instructions from reset to the first frame of a `selftest` image.

    Neither sleeping nor polling a register until it changes counts: that is time, not work.

    Raises:
        GhostError: The emulator cannot tell, or the image crashed before the first frame.
    """
    if built.app.proof != "golden":
        raise GhostError("Only a selftest image starts by itself: the others wait for a host.")
    step = f"{built.model.name}_step"
    engine = choose(built.board, engine)
    entries = [f.start for f in debug_info.read(built.elf).functions] if engine == "qemu" else []
    with contextlib.closing(
        emulate.start(built.board, built.elf, engine, watch=(step,), trace=entries)
    ) as machine:
        patience = _START_PATIENCE[engine]
        end = machine.clock() + patience
        while machine.read(patience / 2) and machine.clock() < end:
            counts = machine.counts()
            if counts is not None and step in counts.before:
                return counts.before[step]
        stopped = machine.clock() < end
    raise GhostError(
        "The image ended before its first frame."
        if stopped
        else f"The image ran no frame in {patience:.0f} s."
    )


def _rounded(value: Any) -> Any:
    """Return a value with its floats cut to what is meant."""
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
