# SPDX-License-Identifier: Apache-2.0
"""Attributes executed instructions to layers, functions, lines, kinds and blocks.

Blocks of an emulator overlap where code is entered in the middle, so everything goes by the address
of each instruction: the parts add up to the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mcu_ghost.boards import Board
from mcu_ghost.build.kernels import Variant
from mcu_ghost.build.pack import pack
from mcu_ghost.emulate import Call, Spent
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.proof.profile import cycles
from mcu_ghost.proof.profile.debug_info import DebugInfo
from mcu_ghost.proof.profile.disassembly import KINDS, Instruction


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


class Attribution:
    """All frames together, as the emulator counted them; what it returns is per frame.

    Args:
        info: Of the image.
        code: Its instructions by address.
        spent: What the emulator counted in the step.
        frames: In how many frames.

    Attributes:
        total: Instructions of all frames.
    """

    def __init__(
        self,
        info: DebugInfo,
        code: Mapping[int, Instruction],
        spent: Sequence[Spent],
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

    def layers(
        self, model: Model, board: Board, variant: Variant
    ) -> tuple[tuple[Layer, ...], Node]:
        """Split the frame by calls of operators, and build the tree."""
        packed = pack(model, variant)
        todo = packed if model.head_per_frame else packed[: len(model.body)]
        names: dict[Call | None, tuple[str, str, int]] = {None: ("step", f"{model.name}_step", 0)}
        parts: dict[Call | None, list[tuple[Spent, Counter[int]]]] = {None: []}
        flame = Node(f"{model.name}_step")
        for part, executed in self._spent:
            call = self._operator(part, f"{model.name}_head")
            if call is not None and call not in names:
                kernel = self._name(call.entry)
                if todo and kernel == todo[0].function:
                    names[call] = (todo[0].name, kernel, todo[0].step.macs)
                    todo = todo[1:]
                else:
                    call = None  # a helper of the step itself
            parts.setdefault(call, []).append((part, executed))
            self._grow(flame, part, executed, names[call][0] if call else "", call)
        if todo:
            raise GhostError(f"The step calls no kernel for {todo[0].name}: it cannot be split.")
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
            if name == head:
                continue
            if not name.startswith("ghost_"):
                return None
            # A call in place of the step's return goes back to wherever the step does.
            return call._replace(back=0) if call.back == part.path[0].back else call
        return None

    def _grow(
        self, flame: Node, part: Spent, executed: Counter[int], layer: str, operator: Call | None
    ) -> None:
        """Add a part to the tree."""
        branch = [flame]
        for call in part.path[1:]:
            if operator is not None and call.entry == operator.entry:
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
