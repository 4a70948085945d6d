# SPDX-License-Identifier: Apache-2.0
"""A watchdog starts a board anew that hangs or has crashed, and no other, and the board says so."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.boards import stm32
from mcu_ghost.build import folder, toolchain
from mcu_ghost.build.apps import APPS
from mcu_ghost.emulate import MachineFault
from mcu_ghost.emulate.chips.watchdog import Watchdog
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from tests.firmware.runtime import wire
from tests.firmware.runtime.images import build

pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

HELLO, RESET, FRAMES, HEAD, STATS, STATE = range(1, 7)
MS = 500
DRIVERS = {"nrf52": "nrf_wdt", "nrf51": "nrf_wdt", "nrf5340": "nrf_wdt"}
DRIVERS |= dict.fromkeys(stm32.FAMILIES, "stm32_iwdg")
DRIVERS |= dict.fromkeys(("rp2040", "rp2350"), "rp2_watchdog")
FIRST = {"nrf52840": "software", "nrf5340dk": "software"}  # their debug port is opened at first
F4, F7, H7, L4, U5 = (
    "stm32f4discovery", "stm32f746disco", "nucleo-h753zi", "nucleo-l4r5zi", "nucleo-u575zi"
)  # fmt: skip
G4 = "nucleo-g474re"
NAMES = ["nrf52840", "microbit", "nrf5340dk", F4, F7, G4, H7, L4, U5, "pico", "pico2"]
CRASH, FOR_EVER = 1, 6


def watched(name: str, ms: int = MS) -> boards.Board:
    board = boards.load(name)
    driver = DRIVERS[board.startup.family]
    return dataclasses.replace(board, watchdog=boards.Watchdog(driver, ms))


_BUILT: dict[str, tuple[Path, bytes]] = {}  # by board: its folder, its image


def image(name: str, folder: Path, changes: tuple[tuple[str, str, str], ...]) -> Path:
    """Return an image of a model that can hang, with other changes to its sources."""
    if name not in _BUILT:
        home = folder.parent / f"watched {name}"
        build(watched(name), "stream", "zig", home)
        source = home / "model.c"
        hang = '  if (how == 6) for (;;) __asm volatile("nop");\n'
        source.write_text(source.read_text().replace("  if (how == 2)", f"{hang}  if (how == 2)"))
        elf = toolchain.build(home, "stream", toolchain.find("zig"))
        _BUILT[name] = home, elf.read_bytes()
    home, usual = _BUILT[name]
    folder.mkdir(exist_ok=True)
    if not changes:
        (folder / "image.elf").write_bytes(usual)
        return folder / "image.elf"
    before = {file: (home / file).read_text() for file, _, _ in changes}
    try:
        for file, old, new in changes:
            assert old in before[file]
            (home / file).write_text(before[file].replace(old, new))
        elf = toolchain.build(home, "stream", toolchain.find("zig"))
        (folder / "image.elf").write_bytes(elf.read_bytes())
    finally:
        for file, text in before.items():
            (home / file).write_text(text)
    return folder / "image.elf"


class Running:
    """A `stream` image with a model that can hang, on a board with a watchdog."""

    def __init__(
        self, name: str, folder: Path, *changes: tuple[str, str, str], goes_on: bool = False
    ) -> None:
        self.board = watched(name)
        machine = emulate.start(self.board, image(name, folder, changes), "unicorn")
        assert isinstance(machine, UnicornMachine)
        self.machine = machine
        machine.outside.goes_on = goes_on
        self.said = b""

    def lines(self, seconds: float = 1.0) -> list[str]:
        """Run until nothing comes any more; return what has come since reset, packets apart."""
        while data := self.machine.read(seconds):
            self.said += data
        return re.sub(rb"\0[^\0]*\0", b"", self.said).decode("ascii", "replace").split("\n")

    def ask(self, kind: int, sequence: int, payload: bytes = b"") -> None:
        self.machine.write(wire.packet(kind, sequence, payload))

    def hold(self, part: float) -> None:
        """Let a part of the watchdog's time go by in which the core does not get on."""
        self.machine.bus.pause(round(part * MS / 1000 * self.board.cpu.clock_hz))
        self.lines(0.002)

    def answers(self) -> bool:
        """Whether it answers HELLO."""
        self.said = b""
        self.ask(HELLO, 99)
        self.lines()
        return any((p := wire.parse(c)) and p[0] == 0x81 for c in self.said.split(b"\0"))

    def watchdog(self) -> Watchdog:
        (found,) = [p for p in self.machine.bus.peripherals if isinstance(p, Watchdog)]
        return found


def banner(cause: str) -> str:
    return f"mcu-ghost 9.9 stream dummy reset={cause}"


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES)
def test_who_waits_is_not_bitten(name: str, tmp_path: Path) -> None:
    running = Running(name, tmp_path)
    assert running.lines() == [banner(FIRST.get(name, "power")), ""]
    for _ in range(20):
        assert running.machine.read(1.0) == b""
    assert running.answers() and running.answers()


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES)
def test_every_frame_feeds(name: str, tmp_path: Path) -> None:
    """A request of many frames may take several times what the watchdog waits for."""
    running = Running(name, tmp_path)
    running.lines()
    running.ask(HELLO, 0)
    running.lines(0.1)
    before = running.watchdog().fed
    running.ask(FRAMES, 1, bytes([1, 2, 3, 4]) * 50)
    running.lines(0.1)
    assert wire.parse(running.said.split(b"\0")[-2]) == (0x83, 1, b"")
    assert running.watchdog().fed >= before + 50


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES)
def test_a_hung_board_is_bitten(name: str, tmp_path: Path) -> None:
    running = Running(name, tmp_path)
    running.lines()
    running.ask(HELLO, 0)
    running.ask(FRAMES, 1, bytes([128, FOR_EVER, 0, 0]))
    running.lines(0.002)
    running.hold(0.5)
    with pytest.raises(MachineFault, match="the watchdog was not fed for") as caught:
        running.hold(0.6)
    assert caught.value.symbol.startswith(("misbehave", "dummy_step"))


@pytest.mark.emulator
@pytest.mark.parametrize("how", [CRASH, FOR_EVER])
@pytest.mark.parametrize("name", NAMES)
def test_it_starts_anew_and_says_why(name: str, how: int, tmp_path: Path) -> None:
    running = Running(name, tmp_path, goes_on=True)
    assert running.lines()[0] == banner(FIRST.get(name, "power"))
    for turn in range(2 if how == FOR_EVER else 1):
        running.said = b""
        running.ask(HELLO, 0)
        running.ask(FRAMES, 1, bytes([128, how, 0, 0]))
        running.lines(0.004)
        running.hold(1.1)
        lines = running.lines(0.1)
        assert lines[-2:] == [banner("watchdog"), ""], turn
        assert ("FAULT" in "".join(lines)) == (how != FOR_EVER)
    assert running.answers()
    cleared = "watchdog" not in running.machine.outside.causes  # the record is for one start
    assert cleared or name.startswith("pico")  # whose record is of the last reset anyway


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES)
def test_an_image_that_never_feeds_is_caught(name: str, tmp_path: Path) -> None:
    app = (resources.folder("firmware") / "apps/stream.c").read_text()
    assert app.count("ghost_watchdog_feed();") == 2
    for change in ([], [("apps/stream.c", "ghost_watchdog_feed();", "")]):
        running = Running(name, tmp_path / str(len(change)), *change)
        running.lines(0.1)
        running.ask(HELLO, 0)
        try:
            for number in range(1, 4):
                running.ask(FRAMES, number, bytes(4))
                running.hold(0.45)
            assert not change
        except MachineFault as fault:
            assert change and "the watchdog was not fed for" in fault.reason


NRF = "drivers/nrf_wdt.c"
IWDG = "drivers/stm32_iwdg.c"
RP2 = "drivers/rp2_watchdog.c"
MISTAKES = [
    ("pico", RP2, "TICK = TICK_ON | CRYSTAL_MHZ;", "", "the watchdog's tick is off"),
    ("pico", RP2, "0x1FFFCu", "0x1FFFDu", "PSM.WDSEL 0x1fffd does not reset 0x1fffc"),
    ("pico", RP2, "COUNTS_PER_MS 2000u", "COUNTS_PER_MS 20u", "not fed for 5 ms"),
    ("pico2", RP2, "CRYSTAL_MHZ = 12", "CRYSTAL_MHZ = 150", "takes 150 periods of 12 MHz, not 12"),
    ("pico2", RP2, "TICK_CTRL = 1u;", "", "the watchdog's tick is off"),
    ("pico2", RP2, "  ghost_wake_now_and_then();\n", "", "not fed for 500 ms"),
    (F4, IWDG, "FEED = 0xAAAA", "FEED = 0xAAAB", "IWDG_KR takes three keys, of which 0xaaab"),
    (F4, IWDG, "  KEY = UNLOCK;\n", "", "IWDG_PR and RLR are locked"),
    (L4, IWDG, "(STATUS & UPDATING) != 0u", "0", "IWDG is fed while RLR is on its way"),
    (L4, IWDG, "  ghost_wake_now_and_then();\n", "", "not fed for 467 ms"),
    (U5, IWDG, "BY_256 = 6", "BY_256 = 7", "does not fit IWDG_PR"),
    (H7, IWDG, "0x58004800u", "0x40003000u", "an address where nothing is"),
    ("nrf52840", NRF, "0x6E524635u", "0x6E524636u", "WDT.RR takes 0x6e524635 only"),
    (
        "nrf52840",
        NRF,
        "TASKS_START = 1u;",
        "TASKS_START = 1u; CRV = 99u;",
        "once the watchdog runs",
    ),
    ("nrf52840", NRF, "TASKS_START = 1u;", "", "the watchdog is fed before it runs"),
    ("nrf52840", NRF, "(TICKS - 1u)", "7u", "WDT.CRV is at least 15, not 7"),
    ("nrf52840", NRF, "wanted >> i & 1u) != 0u", "wanted >> i & 1u) == 0u", "RREN does not want"),
    ("nrf52840", NRF, "(TICKS - 1u)", "99u", "not fed for 3 ms"),
]


@pytest.mark.emulator
@pytest.mark.parametrize(("name", "file", "old", "new", "reason"), MISTAKES)
def test_each_mistake_is_caught(
    name: str, file: str, old: str, new: str, reason: str, tmp_path: Path
) -> None:
    running = Running(name, tmp_path, (file, old, new))
    with pytest.raises(MachineFault, match=reason):
        running.lines(0.1)
        running.ask(FRAMES, 1, bytes([128, FOR_EVER, 0, 0]))
        running.hold(0.02)
        running.lines(1.0)


@pytest.mark.toolchain
def test_a_reply_that_takes_longer_than_the_watchdog_waits(tmp_path: Path) -> None:
    board = boards.with_baud(watched("nrf52840", 500), 9600)
    with pytest.raises(GhostError, match="less than two of the longest replies"):
        build(board, "stream", "zig", tmp_path)


def test_only_the_apps_feed_it() -> None:
    """Not an interrupt, which comes however dead the program is."""
    firmware = resources.folder("firmware")
    calls = {
        file.relative_to(firmware).as_posix(): file.read_text().count("ghost_watchdog_feed();")
        for file in sorted(firmware.rglob("*.c"))
        if not file.name.endswith(("_wdt.c", "_iwdg.c", "_watchdog.c"))
    }
    feeding = {name for name, count in calls.items() if count}
    assert feeding == {"apps/denoise_live.c", "apps/kws.c", "apps/record.c", "apps/stream.c"}


def test_the_selftest_has_none(tmp_path: Path) -> None:
    board = watched("nrf52840")
    for app, has in (("selftest", False), ("stream", True)):
        context = folder.context(board, APPS[app], ("model.c",), ())
        assert ("drivers/nrf_wdt.c" in context.firmware_sources) == has
        folder.write(context, tmp_path)
        assert f"#define BOARD_HAS_WATCHDOG {int(has)}\n" in (tmp_path / "board.h").read_text()
