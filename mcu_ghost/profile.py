# SPDX-License-Identifier: Apache-2.0
"""Where a frame's instructions go: by layer, function, block and kind, exactly as executed.

Every number is emulated, of the image that is flashed, from entry to return of the generated step
function; interrupts in between are nobody's. MACs are computed from the model, cycles estimated.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcu_ghost import boards, cycles, debug_info, disassembly, emulate, emulated, verify
from mcu_ghost.boards import Board
from mcu_ghost.build import Built
from mcu_ghost.debug_info import DebugInfo
from mcu_ghost.disassembly import KINDS, Instruction
from mcu_ghost.emulate import Call, Spent
from mcu_ghost.errors import GhostError
from mcu_ghost.link import Link
from mcu_ghost.model import Model
from mcu_ghost.pack import pack

ENGINES = ("unicorn", "qemu")  # that can trace
_QEMU_PATIENCE = 120.0  # seconds: it writes a line for every instruction


@dataclass(frozen=True)
class Layer:
    """An operator of the step, its callees included.

    Attributes:
        name: As in the generated C; "step" for what is outside all operators.
        function: The kernel that it calls.
        instructions: Per frame.
        macs: Per frame, computed.
        cycles: Estimated per frame without wait states; None where there is no estimate.
    """

    name: str
    function: str
    instructions: float
    macs: int
    cycles: float | None


@dataclass(frozen=True)
class Function:
    """A function that ran in the step.

    Attributes:
        name: As in the symbol table.
        source: "file:line" of its first instruction; "" where there is none.
        own: Instructions per frame in it.
        inclusive: Likewise, callees included.
    """

    name: str
    source: str
    own: float
    inclusive: float


@dataclass(frozen=True)
class Line:
    """An instruction of a block."""

    address: int
    text: str
    source: str


@dataclass(frozen=True)
class Block:
    """Instructions in a row that ran equally often, up to a branch.

    Attributes:
        function: Where it is.
        executions: Per frame.
        instructions: Per frame: executions times length.
        listing: Its instructions.
    """

    function: str
    executions: float
    instructions: float
    listing: tuple[Line, ...]


@dataclass
class Node:
    """A bar of the flame graph: instructions per frame, and whose they are in turn."""

    name: str
    instructions: float = 0.0
    children: dict[str, Node] = field(default_factory=dict)

    def child(self, name: str) -> Node:
        """Return the child of that name, a new one if need be."""
        return self.children.setdefault(name, Node(name))


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

    def as_json(self) -> dict[str, Any]:
        """Return the result for scripts; the tree is left out, it says nothing more."""
        shallow = dataclasses.replace(self, flame=Node(""))
        data: dict[str, Any] = _rounded(dataclasses.asdict(shallow))
        del data["flame"]
        return data


def choose(board: Board, engine: str | None = None) -> str:
    """Return the emulator to profile with: the one named, or the board's first that can.

    Raises:
        GhostError: None can, or it is not installed.
    """
    able = [name for name in board.emulators.order if name in ENGINES]
    if engine not in (None, *ENGINES) or not able:
        what = engine if able else board.name
        good = ", ".join(n for n in boards.names() if _can(n))
        raise GhostError(f"{what} cannot be profiled. Boards that can, on unicorn or qemu: {good}.")
    return emulate.choose(board, engine or able[0])


def _can(name: str) -> bool:
    return any(engine in ENGINES for engine in boards.load(name).emulators.order)


def run(
    built: Built,
    board: Board,
    model: Model,
    frames: int,
    engine: str | None = None,
    progress: verify.Progress = lambda done: None,
) -> Profile:
    """Profile a `stream` image on an emulator, and verify it on the way.

    Args:
        built: The image.
        board: The board it was built for.
        model: The network it was built from.
        frames: Random frames to run.
        engine: "unicorn" or "qemu"; the board's first of them if None.
        progress: Called with the frames done since the last call.

    Raises:
        GhostError: No such emulator, a crash, or outputs that differ from the reference.
    """
    engine = choose(board, engine)
    info = debug_info.read(built.elf)
    code = disassembly.disassemble(info.code)
    step, entries = f"{model.name}_step", [f.start for f in info.functions]
    with contextlib.closing(
        emulate.start(board, built.elf, engine, watch=(step,), trace=entries)
    ) as machine:
        slow = _QEMU_PATIENCE if engine == "qemu" else 0.0
        link = Link(machine, timeout=slow + emulated.patience(board, model, engine), attempts=2)
        report = verify.run(link, model, verify.sequences(model, 1, frames, []), progress)
        counts = machine.counts()
    if report.mismatches:
        raise GhostError(f"The image is wrong: {report.first}. `mcu-ghost test` says more.")
    assert counts is not None  # engines that trace count
    calls = counts.functions[step]
    whole = _Whole(info, code, counts.spent, calls.calls)
    assert whole.total == calls.total, "the blocks do not add up to the step"
    layers, flame = whole.layers(model, board)
    return Profile(
        board=board.name,
        core=board.cpu.core,
        model=model.name,
        toolchain=built.toolchain,
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


def start_up(built: Built, board: Board, model: Model, engine: str | None = None) -> int:
    """Return the instructions from reset to the first frame of a `selftest` image.

    Neither sleeping nor polling a register until it changes counts: that is time, not work.

    Raises:
        GhostError: The emulator cannot tell, or the image crashed before the first frame.
    """
    if built.app != "selftest":
        raise GhostError("Only a selftest image starts by itself: the others wait for a host.")
    step = f"{model.name}_step"
    engine = choose(board, engine)
    entries = [f.start for f in debug_info.read(built.elf).functions] if engine == "qemu" else []
    with contextlib.closing(
        emulate.start(board, built.elf, engine, watch=(step,), trace=entries)
    ) as machine:
        while machine.read(10.0):
            counts = machine.counts()
            if counts is not None and step in counts.before:
                return counts.before[step]
    raise GhostError("The image ended before its first frame.")


class _Whole:
    """All frames together, as the emulator counted them."""

    def __init__(
        self,
        info: DebugInfo,
        code: dict[int, Instruction],
        spent: tuple[Spent, ...] | Any,
        frames: int,
    ) -> None:
        self._info = info
        self._code = code
        self._spent: list[tuple[Spent, Counter[int]]] = []
        self._frames = frames
        self._executed: Counter[int] = Counter()
        for part in spent:
            executed: Counter[int] = Counter()
            for (start, length), run in part.runs.items():
                for instruction in cycles.straight(code, start, length):
                    executed[instruction.address] += run.executions
            self._spent.append((part, executed))
            self._executed += executed
        self.total = self._executed.total()

    def layers(self, model: Model, board: Board) -> tuple[tuple[Layer, ...], Node]:
        """Split the frame by calls of operators, and build the tree."""
        packed = pack(model)
        todo = iter(packed if model.head_per_frame else packed[: len(model.body)])
        names: dict[Call | None, tuple[str, str, int]] = {None: ("step", f"{model.name}_step", 0)}
        parts: dict[Call | None, list[tuple[Spent, Counter[int]]]] = {None: []}
        flame = Node(f"{model.name}_step")
        for part, executed in self._spent:
            call = self._operator(part, f"{model.name}_head")
            if call not in names:
                kernel, operator = self._name(call.entry if call else 0), next(todo, None)
                if operator is None or not kernel.startswith(f"ghost_{operator.kind}"):
                    raise GhostError(f"The step calls {kernel}, which belongs to no operator.")
                names[call] = (operator.name, kernel, operator.op.macs)
            parts.setdefault(call, []).append((part, executed))
            self._grow(flame, part, executed, names[call][0] if call else "", call)
        if next(todo, None) is not None:
            raise GhostError("The step does not call each operator apart: it cannot be split.")
        layers = []
        for call, (name, kernel, macs) in names.items():
            mine = parts[call]
            guess = cycles.estimate([p for p, _ in mine], self._code, board, self._frames)
            instructions = self._mean(sum(executed.total() for _, executed in mine))
            cost = guess.cycles if guess else None
            layers.append(Layer(name, kernel, instructions, macs, cost))
        return tuple(layers[1:] + layers[:1]), flame

    def functions(self) -> tuple[Function, ...]:
        """Return what ran by function."""
        own: Counter[int] = Counter()
        inclusive: Counter[int] = Counter()
        for part, executed in self._spent:
            callers = {call.entry for call in part.path}
            inclusive.update({entry: executed.total() for entry in callers})
            for address, times in executed.items():
                start = self._start(address)
                own[start] += times
                if start not in callers:
                    inclusive[start] += times
        return tuple(
            Function(
                self._name(start),
                self._info.line(start),
                self._mean(times),
                self._mean(inclusive[start]),
            )
            for start, times in own.most_common()
        )

    def mix(self) -> dict[str, float]:
        """Return what ran by kind of instruction."""
        kinds: Counter[str] = Counter()
        for address, times in self._executed.items():
            kinds[self._code[address].kind] += times
        return {kind: self._mean(kinds[kind]) for kind in KINDS}

    def blocks(self) -> tuple[Block, ...]:
        """Return what ran by block, the one with most instructions first."""
        found = []
        for block in self._rows():
            times = self._executed[block[0].address]
            listing = (Line(i.address, i.text, self._info.line(i.address)) for i in block)
            found.append(
                Block(
                    self._name(self._start(block[0].address)),
                    self._mean(times),
                    self._mean(times * len(block)),
                    tuple(listing),
                )
            )
        return tuple(sorted(found, key=lambda b: -b.instructions))

    def _rows(self) -> Iterator[list[Instruction]]:
        row: list[Instruction] = []
        for address in sorted(self._executed):
            if row:
                last = row[-1]
                same = self._executed[address] == self._executed[last.address]
                ends = last.kind == "branch" or self._start(address) == address
                if ends or not same or last.address + last.size != address:
                    yield row
                    row = []
            row.append(self._code[address])
        if row:
            yield row

    def _operator(self, part: Spent, head: str) -> Call | None:
        """Return the call of an operator that a part belongs to; None for the step itself."""
        for call in part.path[1:]:
            name = self._name(call.entry)
            if name != head:
                return call if name.startswith("ghost_") else None
        return None

    def _grow(
        self, flame: Node, part: Spent, executed: Counter[int], layer: str, operator: Call | None
    ) -> None:
        """Add a part to the tree."""
        branch = [flame]
        for call in part.path[1:]:
            if call == operator:
                branch.append(branch[-1].child(layer))
            branch.append(branch[-1].child(self._name(call.entry)))
        for node in branch:
            node.instructions += self._mean(executed.total())
        for address, times in executed.items():
            source = self._info.line(address) or f"{self._name(self._start(address))}, no source"
            branch[-1].child(source).instructions += self._mean(times)

    def _mean(self, times: int) -> float:
        return times / self._frames

    def _start(self, address: int) -> int:
        function = self._info.function(address)
        return function.start if function else address

    def _name(self, address: int) -> str:
        function = self._info.function(address)
        return function.name if function else f"{address:#x}"


def _rounded(value: Any) -> Any:
    """Return a value with its floats cut to what is meant."""
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
