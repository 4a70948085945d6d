# SPDX-License-Identifier: Apache-2.0
"""The board files that come along, and the loader's refusals: one message each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError

GOOD = (Path(boards.__file__).parent / "nrf52840.toml").read_text(encoding="utf-8")


def broken(tmp_path: Path, old: str, new: str) -> str:
    """Return what the loader says of the nRF52840's file with one change."""
    assert old in GOOD
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GhostError) as caught:
        boards.load_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", boards.names())
def test_bundled_boards_are_whole(name: str) -> None:
    board = boards.load(name)
    firmware = resources.folder("firmware")
    assert board.name == name
    assert (firmware / "startup" / f"{board.startup.family}.c").is_file()
    assert (firmware / "drivers" / f"{board.console.driver}.c").is_file()
    assert (firmware / "drivers" / f"{board.counter.driver}.c").is_file()
    assert board.emulators.order and board.flashing.methods
    if board.microphone:
        assert (firmware / "drivers" / f"{board.microphone.driver}.c").is_file()
    if board.emulators.qemu:
        assert board.emulators.qemu.counter_ratio == pytest.approx(1e9 / 64 / board.counter.hz)
    # Hardware takes somebody who has it; the others run in tests.
    others = [engine for engine in board.emulators.order if engine != "unicorn"]
    assert board.tested == (others[-1] if others else "model")


def test_nrf52840() -> None:
    board = boards.load("nrf52840")
    assert (board.cpu.dsp, board.cpu.mve, board.cpu.armv6m) == (True, False, False)
    assert (board.flash.start, board.flash.usable, board.ram.usable) == (0, 1 << 20, 256 << 10)
    assert (board.flash.wait_states, board.flash.code_cache) == (2, 2048)
    assert (board.console.tx_pin_number, board.console.rx_pin_number) == (6, 8)
    assert board.counter.kind == 1


@pytest.mark.parametrize(
    ("name", "start", "usable", "ram"),
    [
        ("nano33ble", 0x1_0000, 983_040, 256),
        ("xiao-nrf52840", 0x2_7000, 0xE_A000 - 0x2_7000, 256),
        ("feather-nrf52840", 0x2_6000, 0xE_A000 - 0x2_6000, 256),
        ("microbit-v2", 0, 512 << 10, 128),
    ],
)
def test_memory_beside_a_bootloader(name: str, start: int, usable: int, ram: int) -> None:
    board = boards.load(name)
    assert (board.flash.start, board.flash.usable) == (start, usable)
    assert board.ram.usable == ram << 10


def test_microphones() -> None:
    assert boards.with_microphone() == ["nano33ble", "xiao-nrf52840"]
    assert boards.with_microphone(soldered=False) == ["nrf52832dk", "nrf52840"]
    assert boards.to_wire(boards.load("nrf52840")) == (
        "nrf52840 has no microphone on it: wire a PDM one, clock to P1.01, data to P1.02, select to"
        " GND (D0 and D1 of the Arduino header). Until then it hears nothing."
    )
    assert boards.to_wire(boards.load("nano33ble")) == boards.to_wire(boards.load("microbit")) == ""
    with pytest.raises(GhostError) as told:
        boards.need_microphone(boards.load("microbit"))
    assert str(told.value).startswith(
        "microbit has no microphone. Boards that have one: nano33ble, xiao-nrf52840; boards that"
        " one can be wired to: nrf52832dk: clock to P0.11, data to P0.12, select to GND (D0 and D1"
        " of the Arduino header); nrf52840: clock to P1.01"
    )
    microphone, led = boards.load("nano33ble").microphone, boards.load("nano33ble").led
    assert microphone is not None and led is not None
    assert (microphone.hertz, microphone.gain_register) == (16000, 0x50)
    assert (led.pin, led.active_low) == ("P0.13", False)
    assert boards.load("microbit").microphone is None


def test_a_misspelt_name_is_guessed() -> None:
    with pytest.raises(GhostError, match="There is no board 'nrf5284'. Did you mean 'nrf52840'?"):
        boards.load("nrf5284")
    for name in ("../boards/nrf52840", "", "nrf52840.toml", "\0"):
        with pytest.raises(GhostError, match="There is no board"):
            boards.load(name)


def test_own_boards_take_part_and_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "boards"
    own.mkdir()
    (own / "shed.toml").write_text(GOOD.replace("nRF52840 DK", "Shed"), encoding="utf-8")
    (own / "microbit.toml").write_text(GOOD, encoding="utf-8")
    (own / "folder.toml").mkdir()
    assert "shed" in boards.names() and "folder" not in boards.names()
    assert boards.load("shed").title.startswith("Shed")
    assert boards.load("microbit").cpu.core == "cortex-m4"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("fpu =", "fpo =", "unknown key cpu.fpo. Did you mean 'fpu'?"),
        ("[ram]", "[rom]", "unknown key rom. Did you mean 'ram'?"),
        ('title = "', 'name = "x"\ntitle = "', "unknown key name."),
        ("fpu = true\n", "", "cpu.fpu is missing."),
        ('vendor = "Nordic Semiconductor"\n', "", "vendor is missing."),
        ("fpu = true", "fpu = 1", "cpu.fpu must be true or false, not 1."),
        ("irq = 2", "irq = true", "console.irq must be a whole number, not True."),
        ("irq = 2", "irq = 2.0", "console.irq must be a whole number, not 2.0."),
        ("irq = 2", "irq = [2]", "console.irq must be a whole number, not [2]."),
        ("irq = 2", "irq = 48", "console.irq must be 0 to startup.vector_count - 17, not 48."),
        ("irq = 2", "irq = -1", "console.irq must be 0 to 479, not -1."),
        ("[emulators.unicorn]", "unicorn = 7", "emulators.unicorn must be a table, not 7."),
        (
            'ids = ["1366:1015"',
            'ids = ["1366-1015"',
            "usb.ids[0] must look like \"1366:1015\", not '1366-1015'.",
        ),
        ('ids = ["1366:1015"', "ids = [7", "usb.ids[0] must be a string, not 7."),
        ('"jlink", ', '"jlinc", ', "flashing.methods[1] must be one of jlink"),
        ('"jlink", ', '"pyocd", ', "flashing.methods names something twice."),
        (
            'target = "nrf52840"\n',
            "",
            "flashing.target is missing, which the method nrfutil needs.",
        ),
        ('volume = "JLINK"\n', "", "flashing.volume is missing, which the method copy needs."),
        ('"copy"]', '"uf2"]', "flashing.uf2_family is missing, which the method uf2 needs."),
        (
            "size = 0x0010_0000\n",
            "size = 0x0010_0000\nreserved = 0x1000\n",
            "flashing.methods names copy, which may erase the bootloader (flash.reserved).",
        ),
        ('core = "cortex-m4"', 'core = "cortex-m4f"', "Did you mean 'cortex-m4'?"),
        ('core = "cortex-m4"', 'core = "cortex-m3"', "cpu.fpu is true, but no cortex-m3 has a"),
        ('core = "cortex-m4"\nfpu = true', 'core = "cortex-m0"\nfpu = false', "counter.driver is"),
        (
            "size = 0x0010_0000",
            "size = -8",
            "flash.size must be a multiple of 8, at least 0 and below 2**32, not -8.",
        ),
        ("size = 0x0010_0000", "size = 0", "flash.size must be above 0"),
        ("size = 0x0010_0000", "size = 0x1_0000_0000", "flash.size must be a multiple of 8"),
        ("origin = 0x2000_0000", "origin = 0xFFFF_0000", "ram.size must be above 0 and end below"),
        ("origin = 0x2000_0000", "origin = 0x8_0000", "ram.origin lies inside flash."),
        ("size = 0x0004_0000", "size = 64\nreserved = 64", "ram.reserved takes all 64 bytes."),
        ("[ram]", "reserved = 0x88\n[ram]", "flash.reserved leaves the vector table unaligned"),
        ("wait_states = 2", "wait_states = -1", "flash.wait_states must be 0 to 100, not -1."),
        ("code_cache = 2048", "code_cache = 2e9", "flash.code_cache must be a whole number"),
        ("[console]", "wait_states = 1\n[console]", "unknown key ram.wait_states."),
        ("clock_hz = 64_000_000", "clock_hz = 0", "cpu.clock_hz must be above 0"),
        ("baud = 1_000_000", "baud = 1_000_001", "console.baud is more than a sixteenth of"),
        (
            "base = 0x4000_2000",
            "base = 0x4000_2001",
            "console.base must be a multiple of 4, above 0 and below 2**32, not 0x40002001.",
        ),
        ('tx_pin = "P0.06"', 'tx_pin = "6"', "console.tx_pin must look like \"P0.06\", not '6'."),
        ('tx_pin = "P0.06"', 'tx_pin = "P0.32"', "console.tx_pin must look like"),
        ('tx_pin = "P0.06"', 'tx_pin = "P2.01"', "console.tx_pin must look like"),
        ('rx_pin = "P0.08"\n', "", "console.rx_pin must look like"),
        ('driver = "nrf_uarte"', 'driver = "cmsdk_uart"', "console.tx_pin is 'P0.06', but"),
        (
            '"nrf_pdm"',
            '"pdm"',
            "microphone.driver must be one of nrf_pdm, nrf_i2s, not 'pdm'. Did you mean 'nrf_pdm'?",
        ),
        (
            "base = 0x4001_D000",
            "base = 0x4001_D001",
            "microphone.base must be a multiple of 4, above 0 and below 2**32, not 0x4001d001.",
        ),
        ("irq = 29", "irq = 48", "microphone.irq must be 0 to startup.vector_count - 17, not 48."),
        ("irq = 29", "irq = 2", "microphone.irq is that of the console."),
        ('"P1.01"', '""', "microphone.clock_pin must look like \"P0.26\", not ''."),
        ('"P1.01"', '"P1.02"', "microphone.data_pin is P1.02, which is microphone.clock_pin too."),
        ('"P0.13"', '"P0.06"', "led.pin is P0.06, which is console.tx_pin too."),
        ('"P0.13"', '"D13"', "led.pin must look like"),
        (
            'data_pin = "P1.02"',
            'data_pin = "P1.02"\nword_pin = "P1.03"',
            "word_pin is what nrf_i2s",
        ),
        ('"nrf_pdm"', '"nrf_i2s"', "microphone.word_pin is what nrf_i2s needs"),
        (
            "irq = 29",
            "irq = 29\ngain_db = 0.2",
            "gain_db must be a multiple of 0.5, -20 to 20, not 0.2.",
        ),
        (
            '"nrf_pdm"',
            '"nrf_i2s"\nword_pin = "P1.03"\ngain_db = 6.0',
            "microphone.gain_db is for nrf_pdm, nrf_i2s has no gain.",
        ),
        (
            'data_pin = "P1.02"',
            'data_pin = "P1.02"\nout_pin = "P1.03"',
            "microphone.out_pin is for nrf_i2s, nrf_pdm plays nothing.",
        ),
        (
            'family = "nrf52"',
            'family = "mps2"',
            "microphone.driver is 'nrf_pdm', which needs an",
        ),
        (
            "[led]",
            '[watchdog]\ndriver = "nrf_wdt"\ntimeout_ms = 499\n[led]',
            "watchdog.timeout_ms must be 500 to 100000000, not 499.",
        ),
        (
            "[led]",
            '[watchdog]\ndriver = "iwdg"\ntimeout_ms = 1000\n[led]',
            "watchdog.driver must be one of nrf_wdt, stm32_iwdg, rp2_watchdog",
        ),
        ("[led]", '[watchdog]\ndriver = "nrf_wdt"\n[led]', "watchdog.timeout_ms is missing."),
        (
            "[led]",
            '[watchdog]\ndriver = "stm32_iwdg"\ntimeout_ms = 1000\n[led]',
            "watchdog.driver is 'stm32_iwdg', which no nrf52 has.",
        ),
        ("vector_count = 64", "vector_count = 16", "startup.vector_count must be 17 to 496"),
        ('["unicorn", "renode"]', '["qemu"]', "emulators.order names 'qemu': add a table"),
        ('tested = "renode"', 'tested = "qemu"', "tested is 'qemu', but qemu is not in emulators."),
        ('["unicorn", "renode"]', '["unicorn"]', "tested is 'renode', but renode is not in"),
        ('tested = "renode"', 'tested = "yes"', "tested must be one of nothing, model, qemu"),
        ('url = "', 'url = "javascript:', "url must be an address that begins with https://, not"),
        ('target = "nrf52840"', 'target = "nrf52840; halt"', "flashing.target must be letters,"),
        ('volume = "JLINK"', 'volume = "../JLINK"', "flashing.volume must be letters, digits, sp"),
        ('volume = "JLINK"', 'volume = "J*"', "flashing.volume must be letters, digits, spaces"),
        ('uart = "uart0"', 'uart = "uart0; python"', "emulators.renode.uart must be an identifier"),
        ('uart = "uart0"', 'uart = ""', "emulators.renode.uart must be an identifier"),
        (
            "cpus/nrf52840.repl",
            '\\" python \\".repl',
            "emulators.renode.platform must be a path of",
        ),
        ("platforms/cpus", "../cpus", "emulators.renode.platform must be a path of letters"),
        ('"1366:1061"]', '"1366:1061"]\nserials = ["1 2"]', "usb.serials must be letters"),
        ('url = "', 'url = "\\u0007', "url holds a character that cannot be printed."),
        ('title = "', "title = ", "is not valid TOML: "),
        ("[cpu]", "a = " + "[" * 3000 + "\n[cpu]", "is not valid TOML: "),
    ],
)
def test_each_mistake_has_its_message(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert message in broken(tmp_path, old, new)


@pytest.mark.parametrize("name", ["Mine", "a b", "-rf", 'a"', "a;b", "a\nb", "a*b", "ä", "x" * 65])
def test_a_boards_name_is_one_everywhere(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(GhostError) as refused:
        boards.load_file(path)
    assert str(refused.value).startswith(f"{path}: the file's name must be small letters, digits,")


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    for content, message in (
        (b"\xff\xfe", "is not UTF-8 text (byte 0)."),
        (b"#" * 70_000, "more than 65 536 bytes is too long for settings."),
    ):
        path.write_bytes(content)
        with pytest.raises(GhostError, match=re.escape(f"{path}: {message}")):
            boards.load_file(path)
    with pytest.raises(GhostError, match="there is no such file"):
        boards.load_file(tmp_path / "absent.toml")


def test_a_watchdog_of_another_family(tmp_path: Path) -> None:
    text = (Path(boards.__file__).parent / "mps2-an386.toml").read_text()
    path = tmp_path / "x.toml"
    path.write_text(text + '\n[watchdog]\ndriver = "nrf_wdt"\ntimeout_ms = 1000\n')
    with pytest.raises(GhostError, match="watchdog.driver is 'nrf_wdt', which no mps2 has."):
        boards.load_file(path)
