# SPDX-License-Identifier: Apache-2.0
"""The core of a board on Unicorn: what it executes, what interrupts it, how it sleeps and fails.

Interrupts are taken between straight runs of code, so up to a few dozen instructions late, never
early.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcu_ghost.boards import Board, image
from mcu_ghost.emulate import MachineFault, direct, faults, memory_map
from mcu_ghost.emulate.blocks import Blocks
from mcu_ghost.emulate.bus import NEVER, Bus
from mcu_ghost.emulate.calls import Calls
from mcu_ghost.emulate.chips import chips, consoles, nordic, system
from mcu_ghost.emulate.chips.peripherals import Bite, Misuse, NoRegister, Peripheral, Reset
from mcu_ghost.emulate.faults import Fault
from mcu_ghost.emulate.frames import Frames
from mcu_ghost.emulate.strictness import Strictness
from mcu_ghost.emulate.trace import Trace
from mcu_ghost.host import processes, tools
from mcu_ghost.host.errors import GhostError

_CORES = {"cortex-m0": "M0", "cortex-m0plus": "M0", "cortex-m3": "M3", "cortex-m4": "M4",
          "cortex-m7": "M7", "cortex-m33": "M33"}  # fmt: skip
_UNTIL = 0xFFFF_FFFE
_LOOP_AFTER = 1_000_000  # instructions without anything due, after which to look for a loop
_LOOP_BLOCKS = 64  # its longest period
_GATHER = 1 / 3200  # seconds that a read goes on for once the board has begun to send
_RESETS = 100  # in a row, after which an image never does anything else
_LAST_WORDS = 20_000_000  # instructions that a fault handler may take

_WFI = b"\x30\xbf"


class Core:
    """The core of one board, and all that hangs on it.

    Attributes:
        bus: What is around the core.
        outside: What is around the chip: the sound that it hears, the pins that it drives.
    """

    def __init__(
        self, board: Board, elf: Path, watch: Sequence[str] = (), trace: Sequence[int] = ()
    ) -> None:
        hint = tools.missing("unicorn")
        if hint is not None:
            raise GhostError(hint)
        import unicorn
        from unicorn import arm_const as arm

        if board.cpu.core not in _CORES:
            raise GhostError(f"Unicorn has no {board.cpu.core}: test {board.name} on qemu.")
        self._board = board
        self._unicorn = unicorn
        self._arm = arm
        linked = image.read(elf, board)
        self._place = linked.place
        self._calls = Calls(watch, linked.symbols, trace)
        model = getattr(arm, f"UC_CPU_ARM_CORTEX_{_CORES[board.cpu.core]}")
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB, model)
        self._read_pc = direct.reader(self._uc, arm.UC_ARM_REG_PC)
        self._forget = direct.forgetter(self._uc, arm)
        memory_map.lay_out(self._uc, unicorn, board, linked)
        # A number is Unicorn's; and its pc.
        self._event: tuple[Fault | Reset | int, int] | None = None
        self._due = self._until = 0
        self._masked = False  # in a loop around WFI that interrupts wake but cannot leave
        self._slept = (0, 0)
        self._stopped = False
        self._looping = False
        self._resets = 0  # since the host has written
        self._begun = time.thread_time()
        self._looked = 0  # when a loop was looked for last
        self._fault: MachineFault | None = None
        self._dying = False
        self._frames = Frames(self._uc, arm, board.ram)
        self._checks = Strictness(board.cpu, self._frames.reader, self._stop, self._unmasked)
        self._blocks = Blocks(self._uc, unicorn, arm, self._calls, self._checks)
        self._tally = self._blocks.tally
        self.bus = Bus(self._uc, unicorn, board, self._tally)
        if trace:
            self._calls.trace = Trace(self._blocks.all(), self._uc, unicorn, arm, board.flash)
        self.outside = nordic.Outside()
        self._power_on()
        self._hook()

    # Setting up

    def _power_on(self) -> None:
        """Bring all registers to where they are after a reset; RAM and flash stay."""
        board, arm, uc, bus = self._board, self._arm, self._uc, self.bus
        self._system = system.System(bus, board)
        self._console = consoles.CONSOLES[board.console.driver](bus, board)
        peripherals: list[Peripheral] = [self._system, self._console]
        peripherals += chips.peripherals(bus, board, self.outside, self._console)
        if not board.cpu.armv6m:
            peripherals.append(system.Dwt(bus, board, self._system))
        self._checks.switches = self._system
        bus.connect(peripherals, self._system)
        flash = bytes(uc.mem_read(board.flash.origin, board.flash.size))
        stack, entry = chips.boot(bus, board, flash)
        for register in (arm.UC_ARM_REG_CONTROL, arm.UC_ARM_REG_PRIMASK):
            uc.reg_write(register, 0)
        uc.reg_write(arm.UC_ARM_REG_XPSR, 0x0100_0000)
        uc.reg_write(arm.UC_ARM_REG_MSP, stack)
        uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFF_FFFF)
        self._pc = entry & ~1

    def _hook(self) -> None:
        uc, unicorn = self._uc, self._unicorn
        self._blocks.hook(traced=self._calls.trace is not None)
        uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_bad_access)
        self.bus.hook(self._on_register)

    # Running

    def _run(self, until: int, last_words: bool = False) -> None:
        """Run until a time, or for a while after the first byte was sent, or until all stops."""
        gathering = last_words
        while not self._stopped and self.bus.now() < until:
            try:
                self._settle()
            except Reset as reset:
                self._restart(reset)
            if self._console.sent and not gathering:
                gathering = True
                until = min(until, self.bus.now() + round(_GATHER * self._board.cpu.clock_hz))
            self._take_exception()
            self._due, self._until = self.bus.due(), until
            if not self.bus.sleeping:
                self._set_limit()
                self._execute()
                if self._due == NEVER and self._tally[0] - self._looked >= _LOOP_AFTER:
                    self._looked = self._tally[0]
                    self._stopped = self._looping = self._repeats()
            elif self._due == NEVER:
                self._stopped = True
            elif self._console.sent and not last_words:
                return  # nothing to do but wait: let the host see what was sent
            else:
                self.bus.pass_by(min(self._due, until) - self.bus.now())
                self._masked = False

    def _set_limit(self) -> None:
        """Have the core stop when something is due, or after a while."""
        stop = min(self._until, self._due, self.bus.now() + _LOOP_AFTER)
        self._tally[1] = stop - self.bus.idle

    def _repeats(self) -> bool:
        """Whether the board is proven to go round for ever: all is as it was some blocks ago.

        Registers and RAM are the whole state as long as nothing is due, no interrupt waits and no
        peripheral is written.
        """
        written, ram = self.bus.written, self._board.ram
        registers = self._pc, self._frames.registers()
        content = self._uc.mem_read(ram.origin, ram.size)
        for _ in range(_LOOP_BLOCKS):
            self._tally[1] = self._tally[0] + 1
            self._execute()
            if self.bus.sleeping or self._checks.fpu_used or self.bus.written != written:
                return False
            if self.bus.due() != NEVER or self._system.pending:
                return False
            if (self._pc, self._frames.registers()) == registers:
                return bool(self._uc.mem_read(ram.origin, ram.size) == content)
        return False

    def _settle(self) -> None:
        """Let happen what is due, and raise the interrupt lines that follow."""
        try:
            self.bus.settle(lenient=self._dying)  # then the last words count, not what is undone
        except Misuse as misuse:
            raise self._crash(str(misuse), self._pc) from None
        except Bite as bite:
            if self.outside.goes_on:
                raise
            if not self._dying:
                raise self._crash(str(bite), self._pc) from None
            self._stopped = True

    def _execute(self) -> None:
        """Let the core run to the limit, or to what needs attention."""
        self._event = None
        self._blocks.begin()
        invalid = False
        try:
            with processes.unbroken(self._uc.emu_stop):  # what a hook raises may be lost
                self._uc.emu_start(self._pc | 1, _UNTIL)
        except self._unicorn.UcError:
            invalid = True
        if self._blocks.problem is not None:
            raise self._blocks.problem
        self._pc = self._read_pc()
        if self._event is None and invalid:
            self._event = (Fault("an undefined instruction", faults.UNDEFINSTR), self._pc)
        if self._event is not None:
            event, pc = self._event
            if isinstance(event, Reset):
                self._tally[0] -= self._blocks.left(pc) - 1
                self._restart(event)
                return
            fault = self._interpret(event, pc) if isinstance(event, int) else event
            if fault is not None:
                self._tally[0] -= self._blocks.left(pc)
                self._hard_fault(fault, pc)
        elif not self._blocks.held:
            self.bus.sleeping = bytes(self._uc.mem_read(self._pc - 2, 2)) == _WFI
            again = self._pc == self._slept[0] and self._tally[0] - self._slept[1] < 8
            self._masked = self.bus.sleeping and again
            self._slept = (self._pc, self._tally[0])

    def _restart(self, reset: Reset) -> None:
        """Start again: what the host has sent or not yet seen is on the line, not in the chip."""
        self._resets += 1
        if self._resets > _RESETS:
            raise self._crash(f"it reset itself {_RESETS} times in a row", self._pc)
        self.outside.causes.add(reset.cause)
        self._calls.forget(self._tally[0])
        line = self._console
        self.bus.sleeping = self._masked = False
        self._power_on()
        self._console.take_over(line)

    def _interpret(self, number: int, pc: int) -> Fault | None:
        """Act on what Unicorn calls an interrupt: an exception of the core."""
        if pc >= memory_map.RETURNS and number in (3, 8):
            self._return(pc | 1)
            return None
        if number == 2:
            self._system.pending.add(system.SVCALL)
            return None
        return faults.of_core(number)

    # Hooks: called by Unicorn while it runs

    def _unmasked(self) -> None:
        self._tally[1] = 0  # take what waits, at the next block

    def _stop(self, event: Fault | Reset | int, pc: int) -> None:
        if self._event is None:
            self._event = (event, pc)
        self._uc.emu_stop()

    def _on_interrupt(self, uc: Any, number: int, _: Any) -> None:
        self._stop(number, self._read_pc())

    def _on_bad_access(
        self, uc: Any, access: int, address: int, size: int, value: int, _: Any
    ) -> bool:
        pc = self._read_pc()
        self._stop(memory_map.event(self._unicorn, access, pc, address), pc)
        return False

    def _on_register(
        self, uc: Any, access: int, address: int, size: int, value: int, _: Any
    ) -> None:
        if self._event is not None:
            return
        writing = access == self._unicorn.UC_MEM_WRITE
        self._pc = pc = self._read_pc()
        left = self._blocks.left(pc)
        self._tally[0] -= left
        try:
            happened = self.bus.now() >= self._due
            if happened:
                self._settle()
            if address % 4 or size != 4:
                raise Misuse(f"a register of 32 bits was accessed with {8 * size}")
            peripheral = self.bus.at(address)
            if writing:
                self.bus.written += 1
                peripheral.write(address - peripheral.base, value & 0xFFFF_FFFF)
            else:
                answer = peripheral.read(address - peripheral.base) & 0xFFFF_FFFF
                polls = self._calls.read((pc, address, answer), self._tally[0])
                uc.mem_write(address, answer.to_bytes(4, "little"))
                if polls and peripheral.announces:
                    self._skip()
            pends = writing and peripheral is self._system
            if happened or pends or self.bus.raised():
                self._due = self.bus.due()
                self._tally[1] = 0  # at the next block, see what follows
            elif writing:
                self._due = self.bus.due()
                self._set_limit()
        except NoRegister:
            verb = "write to" if writing else "read from"
            self._stop(
                Fault(f"a {verb} a register that is not there", faults.PRECISERR, address), pc
            )
        except Misuse as misuse:
            self._stop(Fault(str(misuse), faults.MISUSE, address), pc)
        except Reset as reset:
            self._stop(reset, pc)
        except MachineFault as fault:
            self._blocks.problem = fault
            uc.emu_stop()
        finally:
            self._tally[0] += left
        if self._event is None:
            self._forget()

    def _skip(self) -> None:
        """The core polls: let time go by until something is due, as if it slept."""
        due = self.bus.due()
        if due < NEVER:
            self.bus.pass_by(min(due, self._until) - self.bus.now())
            self._due = due
            self._tally[1] = 0

    # Exceptions

    def _take_exception(self) -> None:
        """Enter the handler of the most urgent exception, if it may run now; wake the core."""
        urgent = self._system.most_urgent()
        if urgent is None:
            return
        primask = bool(self._uc.reg_read(self._arm.UC_ARM_REG_PRIMASK))
        urgency = self._system.priority(urgent)
        if urgency < self._system.current_priority(False) and not self._masked:
            self.bus.sleeping = False  # PRIMASK does not keep it asleep
        if urgency < self._system.current_priority(primask):
            self._system.pending.discard(urgent)
            self._enter(urgent)

    def _enter(self, exception: int) -> None:
        """Push the frame and go to the handler."""
        active = self._system.active
        stacked = self._frames.push(exception, self._pc, bool(active), self._checks.fpu_used)
        active.append(exception)
        vector = self._uc.mem_read(self._system.vectors + 4 * exception, 4)
        self._calls.interrupted(self._tally[0])
        self._blocks.jumped()
        self._pc = int.from_bytes(vector, "little") & ~1
        self.bus.sleeping = False
        if not stacked:
            self._system.fault(faults.STKERR, None)
            if exception != system.HARD_FAULT:
                why = "the stack overflowed at an interrupt"
                self._hard_fault(Fault(why, faults.STKERR), self._pc)

    def _return(self, code: int) -> None:
        """Pop the frame and go on where it says."""
        if not self._system.active or code & 0xFFFF_FF00 != 0xFFFF_FF00:
            raise self._crash(f"a return to {code:#010x}", self._pc)
        pc = self._frames.pop(code)
        if pc is None:
            raise self._crash("an exception returned with the stack pointer outside RAM", code)
        self._system.active.pop()
        self._blocks.jumped()
        if not self._system.active:
            self._calls.resumed(self._tally[0])
        self._pc = pc

    # Faults

    def _hard_fault(self, fault: Fault, pc: int) -> None:
        """Let the image's own handler say its last words, then raise."""
        if self._fault is not None:
            raise self._fault
        handled = system.HARD_FAULT in self._system.active
        if self.outside.goes_on and fault.status != faults.MISUSE and not handled:
            self._system.fault(fault.status, fault.address)
            self._pc = pc
            self._enter(system.HARD_FAULT)
            return
        if self._dying or fault.status == faults.MISUSE or handled:
            raise self._crash(fault.reason, pc, fault.address)
        self._dying = True
        before = bytes(self._console.sent)
        self._console.sent.clear()
        self._system.fault(fault.status, fault.address)
        self._pc = pc
        words = ""
        try:
            self._enter(system.HARD_FAULT)
            self._run(self.bus.now() + _LAST_WORDS, last_words=True)
        except MachineFault as second:
            words = f"(its fault handler crashed too: {second.reason})"
        printed = self._console.sent.decode("ascii", "replace") + words
        self._console.sent[:] = before
        raise self._crash(fault.reason, pc, fault.address, printed)

    def _crash(
        self, reason: str, pc: int, address: int | None = None, printed: str = ""
    ) -> MachineFault:
        return MachineFault(reason, pc, self._place(pc), address, printed)
