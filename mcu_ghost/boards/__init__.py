# SPDX-License-Identifier: Apache-2.0
"""Boards: one TOML file each, and the dataclasses that a file must match exactly.

The file's name is what `--board` takes. The files that come with the package are here; a user's own
go into `./boards/` and win over a bundled one of the same name. `docs` for the schema are the
docstrings below: a table of the file is a class, a key is an attribute; an attribute with a default
may be left out, every other key is required, and any further key is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcu_ghost.errors import GhostError, did_you_mean
from mcu_ghost.schema import read

Core = Literal["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7",
               "cortex-m33", "cortex-m55"]  # fmt: skip
ConsoleDriver = Literal["nrf_uarte", "nrf_uart", "cmsdk_uart"]
CounterDriver = Literal["dwt", "systick", "nrf_timer"]
MicrophoneDriver = Literal["nrf_pdm", "nrf_i2s"]
Family = Literal["nrf52840", "nrf51", "mps2"]
Engine = Literal["unicorn", "qemu", "renode"]
Method = Literal[
    "jlink", "pyocd", "openocd", "probe-rs", "nrfutil", "uf2", "copy", "bossac", "qemu"
]

_BUNDLED = Path(__file__).resolve().parent
_USER = Path("boards")
_NO_FPU = ("cortex-m0", "cortex-m0plus", "cortex-m3")
_ARMV6M = ("cortex-m0", "cortex-m0plus")


@dataclass(frozen=True)
class Cpu:
    """`[cpu]`: the core that runs the image.

    Attributes:
        core: Which Cortex-M.
        fpu: Whether it has a floating-point unit (M4, M7, M33 and M55 may have one).
        clock_hz: Core clock once start-up is through, in Hz.
    """

    core: Core
    fpu: bool
    clock_hz: int

    @property
    def dsp(self) -> bool:
        """Whether it has the 16-bit SIMD multiplies (SMLAD and so on)."""
        return self.core in ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")

    @property
    def armv6m(self) -> bool:
        """Whether it is of the smallest kind: no VTOR, no CFSR, no unaligned access."""
        return self.core in _ARMV6M

    @property
    def armv8m(self) -> bool:
        """Whether it is an Armv8-M Mainline core, which checks its stack limit."""
        return self.core in ("cortex-m33", "cortex-m55")

    @property
    def mve(self) -> bool:
        """Whether it has the integer vector extension (Helium)."""
        return self.core == "cortex-m55"


@dataclass(frozen=True)
class Memory:
    """`[ram]`: one stretch of memory; `[flash]` has these keys too.

    Attributes:
        origin: First address.
        size: Bytes in all.
        reserved: Bytes at the start that belong to a bootloader or SoftDevice.
    """

    origin: int
    size: int
    reserved: int = 0

    @property
    def start(self) -> int:
        """First address that an image may use."""
        return self.origin + self.reserved

    @property
    def usable(self) -> int:
        """Bytes that an image may use."""
        return self.size - self.reserved


@dataclass(frozen=True)
class Flash(Memory):
    """`[flash]`: what `Memory` says, and how slow it is, for `mcu-ghost profile` to estimate with.

    Attributes:
        wait_states: Cycles that a word read from it costs on top, at `cpu.clock_hz`.
        code_cache: Bytes of code that a cache in front of it holds; 0 where there is none.
    """

    wait_states: int = 0
    code_cache: int = 0


@dataclass(frozen=True)
class Console:
    """`[console]`: the UART that carries text and the link protocol.

    Attributes:
        driver: A file of `firmware/drivers/`.
        base: Address of the peripheral.
        irq: Its receive (or combined) interrupt, counted from the first external one.
        baud: Bits per second.
        clock_hz: Clock that the divider counts from, in Hz.
        tx_pin: Where the chip sends, for example "P0.06"; "" where pins are fixed.
        rx_pin: Where the chip receives; "" where pins are fixed.
    """

    driver: ConsoleDriver
    base: int
    irq: int
    baud: int
    clock_hz: int
    tx_pin: str = ""
    rx_pin: str = ""

    @property
    def tx_pin_number(self) -> int | None:
        """32 * port + pin of `tx_pin`."""
        return pin_number(self.tx_pin)

    @property
    def rx_pin_number(self) -> int | None:
        """32 * port + pin of `rx_pin`."""
        return pin_number(self.rx_pin)


@dataclass(frozen=True)
class Counter:
    """`[counter]`: what times a frame.

    Attributes:
        driver: A file of `firmware/drivers/`: "dwt" counts core cycles, the others ticks.
        hz: Ticks per second.
    """

    driver: CounterDriver
    hz: int

    @property
    def kind(self) -> int:
        """The number that HELLO reports: 1 DWT cycles, 2 SysTick ticks, 3 timer ticks."""
        return {"dwt": 1, "systick": 2, "nrf_timer": 3}[self.driver]


@dataclass(frozen=True)
class Microphone:
    """`[microphone]`: where sound comes in.

    `nrf_pdm` samples at exactly 16 000 Hz. `nrf_i2s` is the master of a device that sends 16 bits
    for each side, 32 clocks a frame, the sound on the left; the nearest its dividers allow is
    15 873 Hz, 0.79 % slow, so that a word seems higher and faster by that much.

    Attributes:
        driver: A file of `firmware/drivers/`.
        base: Address of the peripheral.
        irq: Its interrupt, counted from the first external one.
        clock_pin: Bit clock to the microphone, for example "P0.26".
        data_pin: Data from the microphone.
        word_pin: Left or right (LRCK) to the microphone; "" for `nrf_pdm`, which has none.
        power_pin: An output that must be high for the microphone to have power; "" where it always
            has.
        gain_db: Gain of the decimation filter of `nrf_pdm`, -20 to 20 dB in steps of 0.5.
    """

    driver: MicrophoneDriver
    base: int
    irq: int
    clock_pin: str
    data_pin: str
    word_pin: str = ""
    power_pin: str = ""
    gain_db: float = 0.0

    @property
    def hertz(self) -> float:
        """Samples per second: 32 MHz / 25 / 80, or 32 MHz / 63 / 32."""
        return 16000.0 if self.driver == "nrf_pdm" else 32e6 / 63 / 32

    @property
    def gain_register(self) -> int:
        """`gain_db` as GAINL takes it: half decibels from -20 dB on."""
        return round(2 * self.gain_db) + 0x28


@dataclass(frozen=True)
class Led:
    """`[led]`: a light that says that something was heard, on a Nordic chip.

    Attributes:
        pin: For example "P0.13".
        active_low: Whether it shines while the pin is low.
    """

    pin: str
    active_low: bool = False


@dataclass(frozen=True)
class Startup:
    """`[startup]`: what runs between reset and `main`.

    Attributes:
        family: A file of `firmware/startup/`: clocks, debug port, errata.
        vector_count: Entries of the vector table, the core's own 16 included.
    """

    family: Family
    vector_count: int


@dataclass(frozen=True)
class Flashing:
    """`[flashing]`: how an image gets onto the board.

    Attributes:
        methods: In order of preference.
        target: The chip as debuggers call it, for example "nrf52840".
        volume: Label of the drive that the board shows for copying files; "" where it has none.
        uf2_family: Family number of a UF2 file; 0 where the board takes none.
    """

    methods: tuple[Method, ...] = ()
    target: str = ""
    volume: str = ""
    uf2_family: int = 0


@dataclass(frozen=True)
class Usb:
    """`[usb]`: how the board is recognised on a PC.

    Attributes:
        ids: "vendor:product" in hexadecimal, for example "1366:1015".
    """

    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unicorn:
    """`[emulators.unicorn]`: an empty table says that the image runs there."""


@dataclass(frozen=True)
class Qemu:
    """`[emulators.qemu]`.

    Attributes:
        machine: Value of `-M`.
        counter_ratio: Instructions per tick of `[counter]` under `-icount shift=6`, where one
            instruction takes 64 ns: 1e9 / 64 / counter hz.
    """

    machine: str
    counter_ratio: float


@dataclass(frozen=True)
class Renode:
    """`[emulators.renode]`.

    Attributes:
        platform: The platform file, for example "platforms/cpus/nrf52840.repl".
        uart: The console's name in that file.
    """

    platform: str
    uart: str


@dataclass(frozen=True)
class Emulators:
    """`[emulators]`: which engines run this board's image.

    Attributes:
        order: The engines in order of preference; each needs its table, present tables no order.
        unicorn: Settings of that engine.
        qemu: Settings of that engine.
        renode: Settings of that engine.
    """

    order: tuple[Engine, ...] = ()
    unicorn: Unicorn | None = None
    qemu: Qemu | None = None
    renode: Renode | None = None


@dataclass(frozen=True)
class Board:
    """A board, as its file describes it.

    Attributes:
        name: The file's name without `.toml`; not a key.
        title: What people call it.
        vendor: Who makes it.
        url: Where it is documented.
        cpu: The core.
        flash: Where code and constants go.
        ram: Where the stack and variables go.
        console: The UART.
        counter: The clock for statistics.
        startup: What runs first.
        flashing: How it is programmed.
        usb: How it is recognised.
        emulators: What it can be emulated on.
        microphone: Where sound comes in; None where the board has none.
        led: Its light; None where it has none.
    """

    name: str
    title: str
    vendor: str
    url: str
    cpu: Cpu
    flash: Flash
    ram: Memory
    console: Console
    counter: Counter
    startup: Startup
    flashing: Flashing = field(default_factory=Flashing)
    usb: Usb = field(default_factory=Usb)
    emulators: Emulators = field(default_factory=Emulators)
    microphone: Microphone | None = None
    led: Led | None = None


def names() -> list[str]:
    """Return every board's name, sorted: the bundled ones and those in `./boards/`."""
    return sorted(_files())


def load(name: str) -> Board:
    """Return the board of that name.

    Raises:
        GhostError: No such board, or its file is wrong; the message names the file and the key.
    """
    files = _files()
    if name not in files:
        raise GhostError(
            f"There is no board '{name}'.{did_you_mean(name, files)} `mcu-ghost boards` lists all;"
            f" a file boards/{Path(name).name}.toml in the current folder adds one."
        )
    return load_file(files[name])


def load_file(path: Path) -> Board:
    """Return the board that a file describes.

    Raises:
        GhostError: The file is wrong; the message names it and the key.
    """
    board: Board = read(path, Board)
    _check(board, path)
    return board


def _files() -> dict[str, Path]:
    found = {path.stem: path for path in sorted(_BUNDLED.glob("*.toml"))}
    found.update({path.stem: path for path in sorted(_USER.glob("*.toml")) if path.is_file()})
    return found


def _check(board: Board, path: Path) -> None:
    """Refuse values that fit the schema but not the hardware."""

    def refuse(key: str, why: str) -> None:
        raise GhostError(f"{path}: {key} {why}")

    for key, memory in (("flash", board.flash), ("ram", board.ram)):
        for part in ("origin", "size", "reserved"):
            value = getattr(memory, part)
            if not 0 <= value <= 0xFFFF_FFFF or value % 8:
                refuse(f"{key}.{part}", f"must be a multiple of 8 below 2**32, not {value:#x}.")
        if memory.size == 0 or memory.origin + memory.size > 2**32:
            refuse(f"{key}.size", f"must be above 0 and end below 2**32, not {memory.size:#x}.")
        if memory.reserved >= memory.size:
            refuse(f"{key}.reserved", f"takes all {memory.size} bytes.")
    for part, most in (("wait_states", 100), ("code_cache", 1 << 20)):
        value = getattr(board.flash, part)
        if not 0 <= value <= most:
            refuse(f"flash.{part}", f"must be 0 to {most}, not {value}.")
    if board.flash.start < board.ram.origin + board.ram.size and (
        board.ram.start < board.flash.origin + board.flash.size
    ):
        refuse("ram.origin", "lies inside flash.")
    if board.flash.start % _vector_alignment(board.startup.vector_count):
        refuse("flash.reserved", "leaves the vector table unaligned; round it up to 0x1000.")
    for key, hertz in (
        ("cpu.clock_hz", board.cpu.clock_hz),
        ("console.clock_hz", board.console.clock_hz),
        ("console.baud", board.console.baud),
        ("counter.hz", board.counter.hz),
    ):
        if not 0 < hertz < 2**32:
            refuse(key, f"must be above 0 and below 2**32, not {hertz}.")
    if board.console.baud * 16 > board.console.clock_hz:
        refuse("console.baud", "is more than a sixteenth of console.clock_hz.")
    if not 0 < board.console.base < 2**32 or board.console.base % 4:
        refuse("console.base", f"must be an address, a multiple of 4, not {board.console.base:#x}.")
    if board.cpu.fpu and board.cpu.core in _NO_FPU:
        refuse("cpu.fpu", f"is true, but no {board.cpu.core} has a floating-point unit.")
    if board.counter.driver == "dwt" and board.cpu.armv6m:
        refuse("counter.driver", f"is 'dwt', but the {board.cpu.core} has no cycle counter.")
    if not 17 <= board.startup.vector_count <= 496:
        refuse("startup.vector_count", f"must be 17 to 496, not {board.startup.vector_count}.")
    if not 0 <= board.console.irq < board.startup.vector_count - 16:
        refuse("console.irq", f"must be 0 to startup.vector_count - 17, not {board.console.irq}.")
    for key, pin in (("tx_pin", board.console.tx_pin), ("rx_pin", board.console.rx_pin)):
        if board.console.driver.startswith("nrf_"):
            if pin_number(pin) is None:
                refuse(f"console.{key}", f'must look like "P0.06", not {pin!r}.')
        elif pin:
            refuse(f"console.{key}", f"is {pin!r}, but {board.console.driver} has fixed pins.")
    if board.microphone is not None:
        _check_microphone(board, board.microphone, refuse)
    if board.led is not None and pin_number(board.led.pin) is None:
        refuse("led.pin", f'must look like "P0.13", not {board.led.pin!r}.')
    taken: dict[int, str] = {}
    for key, pin in _pins(board):
        number = pin_number(pin)
        if number in taken:
            refuse(key, f"is {pin}, which is {taken[number]} too.")
        if number is not None:
            taken[number] = key
    for identity in board.usb.ids:
        halves = identity.split(":")
        if len(halves) != 2 or any(len(h) != 4 or not _is_hex(h) for h in halves):
            refuse("usb.ids", f'must look like "1366:1015", not {identity!r}.')
    for engine in board.emulators.order:
        if getattr(board.emulators, engine) is None:
            refuse("emulators.order", f"names '{engine}': add a table [emulators.{engine}].")
    if board.emulators.qemu and not 0 < board.emulators.qemu.counter_ratio < 1e6:
        refuse("emulators.qemu.counter_ratio", "must be above 0.")


def _check_microphone(
    board: Board, microphone: Microphone, refuse: Callable[[str, str], None]
) -> None:
    if board.startup.family != "nrf52840":
        refuse("microphone.driver", f"is '{microphone.driver}', which needs an nRF52840.")
    if not 0 < microphone.base < 2**32 or microphone.base % 4:
        refuse("microphone.base", f"must be an address, not {microphone.base:#x}.")
    if not 0 <= microphone.irq < board.startup.vector_count - 16:
        refuse("microphone.irq", f"must be 0 to startup.vector_count - 17, not {microphone.irq}.")
    if microphone.irq == board.console.irq:
        refuse("microphone.irq", "is that of the console.")
    for key, optional in (("clock", False), ("data", False), ("word", True), ("power", True)):
        pin = getattr(microphone, f"{key}_pin")
        if (pin or not optional) and pin_number(pin) is None:
            refuse(f"microphone.{key}_pin", f'must look like "P0.26", not {pin!r}.')
    if bool(microphone.word_pin) != (microphone.driver == "nrf_i2s"):
        refuse("microphone.word_pin", "is what nrf_i2s needs and nrf_pdm does not have.")
    if not -20 <= microphone.gain_db <= 20 or microphone.gain_db * 2 % 1:
        refuse("microphone.gain_db", f"must be -20 to 20 by 0.5, not {microphone.gain_db:g}.")
    if microphone.gain_db and microphone.driver != "nrf_pdm":
        refuse("microphone.gain_db", f"is for nrf_pdm, {microphone.driver} has no gain.")


def _pins(board: Board) -> list[tuple[str, str]]:
    """Return every pin that a board names, with its key."""
    named = [(f"console.{key}", getattr(board.console, key)) for key in ("tx_pin", "rx_pin")]
    if board.microphone is not None:
        keys = ("clock_pin", "data_pin", "word_pin", "power_pin")
        named += [(f"microphone.{key}", getattr(board.microphone, key)) for key in keys]
    if board.led is not None:
        named.append(("led.pin", board.led.pin))
    return named


def with_microphone() -> list[str]:
    """Return the names of the boards that have a microphone."""
    return [name for name in names() if load(name).microphone is not None]


def pin_number(pin: str) -> int | None:
    """Return 32 * port + pin for a name such as "P1.02", or None when it is none."""
    port, dot, bit = pin.removeprefix("P").partition(".")
    if not pin.startswith("P") or not dot or not (port + bit).isascii():
        return None
    if (
        not port.isdigit()
        or not bit.isdigit()
        or len(port + bit) > 3
        or int(port) > 1
        or int(bit) > 31
    ):
        return None
    return 32 * int(port) + int(bit)


def _vector_alignment(entries: int) -> int:
    """The table must be aligned to its size, rounded up to a power of two, and to 128 bytes."""
    return max(128, 1 << (4 * entries - 1).bit_length())


def _is_hex(word: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in word)
