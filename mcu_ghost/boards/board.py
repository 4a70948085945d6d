# SPDX-License-Identifier: Apache-2.0
"""The dataclasses that a board's file must match exactly.

They are the documentation of the schema: a table of the file is a class, a key is an attribute; an
attribute with a default may be left out, every other key is required, and any further key is an
error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from mcu_ghost.boards.emulators import Emulators
from mcu_ghost.boards.pins import pin_number

Core = Literal["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7",
               "cortex-m33", "cortex-m55"]  # fmt: skip
ConsoleDriver = Literal["nrf_uarte", "nrf_uart", "cmsdk_uart", "pl011", "stm32_usart"]
CounterDriver = Literal["dwt", "systick", "nrf_timer"]
MicrophoneDriver = Literal["nrf_pdm", "nrf_i2s"]
WatchdogDriver = Literal["nrf_wdt", "stm32_iwdg", "rp2_watchdog"]
Family = Literal["nrf52", "nrf5340", "nrf51", "rp2040", "rp2350", "mps2", "stm32f1", "stm32f4",
                 "stm32f7", "stm32g4", "stm32h7", "stm32l4", "stm32u5"]  # fmt: skip
Method = Literal["jlink", "pyocd", "openocd", "probe-rs", "nrfutil", "nrfjprog", "dfu-util",
                 "picotool", "uf2", "copy", "bossac", "qemu"]  # fmt: skip
Tested = Literal["nothing", "model", "qemu", "renode", "hardware"]

Word32 = Annotated[int, Meta(ge=0, lt=2**32)]
Hertz = Annotated[int, Meta(gt=0, lt=2**32)]
Bytes = Annotated[int, Meta(ge=0, lt=2**32, multiple_of=8)]
Address = Annotated[int, Meta(gt=0, lt=2**32, multiple_of=4)]
Interrupt = Annotated[int, Meta(ge=0, le=479)]
UsbId = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$", examples=["1366:1015"])]

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
    clock_hz: Hertz

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

    origin: Bytes
    size: Bytes
    reserved: Bytes = 0

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

    wait_states: Annotated[int, Meta(ge=0, le=100)] = 0
    code_cache: Annotated[int, Meta(ge=0, le=1 << 20)] = 0


@dataclass(frozen=True)
class Console:
    """`[console]`: the UART that carries text and the link protocol.

    Attributes:
        driver: A file of `firmware/drivers/`.
        base: Address of the peripheral.
        irq: Its receive (or combined) interrupt, counted from the first external one.
        baud: Bits per second.
        clock_hz: Clock that the divider counts from, in Hz.
        tx_pin: Where the chip sends, "P0.06" on Nordic's, "PD8" on ST's; "" where pins are fixed.
        rx_pin: Where the chip receives; "" where pins are fixed.
        alternate_function: On ST's, the number of both pins' function that is this UART: 7 for AF7.
    """

    driver: ConsoleDriver
    base: Address
    irq: Interrupt
    baud: Hertz
    clock_hz: Hertz
    tx_pin: str = ""
    rx_pin: str = ""
    alternate_function: Annotated[int, Meta(ge=0, le=15)] | None = None

    @property
    def maker(self) -> str:
        """Whose UART it is, which decides how pins are named: a key of `PIN_NAMES`, or another."""
        return self.driver.partition("_")[0]

    @property
    def tx_pin_number(self) -> int | None:
        """`pin_number` of `tx_pin`."""
        return pin_number(self.tx_pin)

    @property
    def rx_pin_number(self) -> int | None:
        """`pin_number` of `rx_pin`."""
        return pin_number(self.rx_pin)


COUNTERS: dict[CounterDriver, tuple[int, str]] = {
    "dwt": (1, "cycles"),
    "systick": (2, "SysTick ticks"),
    "nrf_timer": (3, "timer ticks"),
}
"""What each driver of `firmware/drivers/` counts: the kind that HELLO reports, and its unit."""


@dataclass(frozen=True)
class Counter:
    """`[counter]`: what times a frame.

    Attributes:
        driver: A file of `firmware/drivers/`: "dwt" counts core cycles, the others ticks.
        hz: Ticks per second.
    """

    driver: CounterDriver
    hz: Hertz

    @property
    def kind(self) -> int:
        """The number that HELLO reports."""
        return COUNTERS[self.driver][0]


@dataclass(frozen=True)
class Microphone:
    """`[microphone]`: where sound comes in; it may be on the board, or have to be wired to it.

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
        out_pin: Data to a device that plays what the app `denoise_live` makes, on the same clocks,
            16 bits on the left; for `nrf_i2s`, "" where there is none.
        power_pin: An output that must be high for the microphone to have power; "" where it always
            has.
        gain_db: Gain of the decimation filter of `nrf_pdm`, -20 to 20 dB in steps of 0.5.
        soldered: Whether it is on the board; false where the pins lead to headers, and nothing is
            heard until somebody wires one to them.
        where: What to know of it: "on the Sense variants only", or which headers the pins are.
    """

    driver: MicrophoneDriver
    base: Address
    irq: Interrupt
    clock_pin: str
    data_pin: str
    word_pin: str = ""
    out_pin: str = ""
    power_pin: str = ""
    gain_db: Annotated[float, Meta(ge=-20, le=20, multiple_of=0.5)] = 0.0
    soldered: bool = True
    where: str = ""

    @property
    def kind(self) -> str:
        """What its lines are called: "PDM" or "I2S"."""
        return "PDM" if self.driver == "nrf_pdm" else "I2S"

    @property
    def wires(self) -> str:
        """Which of its lines goes to which pin, in words."""
        lines = [f"{role} to {pin}" for role, pin, _ in self.pins]
        ground = "select to GND" if self.driver == "nrf_pdm" else "left channel chosen"
        place = f" ({self.where})" if self.where else ""
        return f"{', '.join(lines)}, {ground}{place}"

    @property
    def pins(self) -> list[tuple[str, str, int | None]]:
        """Role, name and `pin_number` of each pin that is used."""
        roles = ("clock", "data", "word", "out", "power")
        named = [(role, str(getattr(self, f"{role}_pin"))) for role in roles]
        return [(role, pin, pin_number(pin)) for role, pin in named if pin]

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
    """`[led]`: a light that says that a word was recognised.

    Attributes:
        pin: For example "P0.13", or "PD13" on an STM32.
        active_low: Whether it shines while the pin is low.
    """

    pin: str
    active_low: bool = False

    @property
    def pin_number(self) -> int | None:
        """`pin_number` of `pin`."""
        return pin_number(self.pin)


@dataclass(frozen=True)
class Watchdog:
    """`[watchdog]`: starts the board anew when its program no longer gets on.

    The apps but `selftest` feed it in their main loops; without this table there is none.

    Attributes:
        driver: A file of `firmware/drivers/`: "nrf_wdt" for Nordic's chips, "stm32_iwdg" for ST's,
            "rp2_watchdog" for the RP2040 and the RP2350.
        timeout_ms: Milliseconds without food after which it bites, of an oscillator in the chip
            that may be some percent fast, half as fast again on an STM32F1, F4 or F7; a frame,
            a reply and `ghost_on_word()` must each take less.
    """

    driver: WatchdogDriver
    timeout_ms: int


@dataclass(frozen=True)
class Startup:
    """`[startup]`: what runs between reset and `main`.

    Attributes:
        family: A file of `firmware/startup/`: clocks, debug port, errata.
        vector_count: Entries of the vector table, the core's own 16 included.
        hse_hz: Frequency of the crystal at an STM32's HSE pins, in Hz, where the family's clocks
            come from there; 0 for all others.
    """

    family: Family
    vector_count: Annotated[int, Meta(ge=17, le=496)]
    hse_hz: Word32 = 0


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
    uf2_family: Word32 = 0


@dataclass(frozen=True)
class Usb:
    """`[usb]`: how the board is recognised on a PC.

    Attributes:
        ids: "vendor:product" in hexadecimal, for example "1366:1015".
        console: Whether the first serial port of that device is the console; false where the
            console is on pins that need an adapter.
        serials: What its serial number begins with, where boards share an id; empty where any may
            be.
    """

    ids: tuple[UsbId, ...] = ()
    console: bool = True
    serials: tuple[str, ...] = ()

    def fits(self, usb_id: str, serial: str) -> bool:
        """Whether a device of that id and serial number can be the board."""
        return usb_id in self.ids and (not self.serials or serial.startswith(self.serials))


@dataclass(frozen=True)
class Board:
    """A board, as its file describes it.

    Attributes:
        name: The file's name without `.toml`; not a key. Small letters, digits, - and _.
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
        watchdog: What starts it anew when it hangs; None where nothing does.
        tested: The most that an image for this board has run on and been right: "model" is what
            unicorn runs, our own model of the chip's memory map; "hardware" is the board itself.
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
    watchdog: Watchdog | None = None
    tested: Tested = "nothing"

    def pins(self) -> list[tuple[str, str]]:
        """Return the key and the name of every pin that the file names."""
        named = [(f"console.{key}", getattr(self.console, key)) for key in ("tx_pin", "rx_pin")]
        if self.microphone is not None:
            keys = ("clock_pin", "data_pin", "word_pin", "out_pin", "power_pin")
            named += [(f"microphone.{key}", getattr(self.microphone, key)) for key in keys]
        if self.led is not None:
            named.append(("led.pin", self.led.pin))
        return named
