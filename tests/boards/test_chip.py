# SPDX-License-Identifier: Apache-2.0
"""The tables of chips: what they say, that all of them can be made to run, a user's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards import chip, stm32
from mcu_ghost.host.errors import GhostError

FAMILIES = sorted(path.stem for path in (Path(boards.__file__).parent / "chips").glob("*.toml"))
EVERY = [(family, table) for family in FAMILIES for table in chip.known(family)]
DK = (Path(boards.__file__).parent / "nrf52832dk.toml").read_text(encoding="utf-8")


def refusal(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """Return what is said of the nRF52832's file with some changes."""
    text = DK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GhostError) as caught:
        boards.load_file(path)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(("family", "table"), EVERY, ids=lambda value: getattr(value, "name", None))
def test_every_chip_is_whole(family: str, table: chip.Chip) -> None:
    assert table.source and table.parts
    if family not in stm32.FAMILIES:
        assert (table.ficr is not None) == (family == "nrf52")
        return
    assert table.apb1_hz and table.apb2_hz
    assert list(table.wait_state_hz) == sorted(table.wait_state_hz)
    tree = stm32.FAMILIES[family]
    board = boards.load({"stm32f4": "stm32f4discovery"}.get(family, "nrf52840"))
    startup = dataclasses.replace(board.startup, family=family, hse_hz=8_000_000)  # type: ignore[arg-type]
    board = dataclasses.replace(board, startup=startup)
    assert stm32._clocks(board, table, tree, table.clock_hz)  # start-up reaches the highest clock


@pytest.mark.parametrize(
    ("target", "name", "flash", "ram"),
    [
        ("nrf52805", "nRF52805", 192, 24),
        ("nrf52832", "nRF52832", 512, 64),
        ("nrf52832_xxab", "nRF52832", 256, 32),
        ("nrf52833", "nRF52833", 512, 128),
        ("stm32f103cbt6", "STM32F103, up to 128 KB", 128, 20),
        ("stm32f103ret6", "STM32F103, from 256 KB", 512, 64),
        ("stm32f401ccu6", "STM32F401", 256, 64),
        ("stm32f411ceux", "STM32F411", 512, 128),
        ("stm32g431kbt6", "STM32G431/441", 128, 32),
        ("stm32l432kcu6", "STM32L431/432/433/442/443", 256, 64),
        ("stm32l476rgtx", "STM32L475/476/486", 1024, 96),
        ("stm32l4r5zitx", "STM32L4+ (L4R/L4S)", 2048, 640),
    ],
)
def test_a_target_names_one_chip(target: str, name: str, flash: int, ram: int) -> None:
    fitting = [table for _, table in EVERY if table.part(target)]
    assert [table.name for table in fitting] == [name]
    assert fitting[0].part(target) == chip.Part(
        next(p.target for p in fitting[0].parts if p == fitting[0].part(target)),
        flash << 10,
        ram << 10,
    )


def test_clocks_of_the_bundled_boards() -> None:
    found = {name: stm32.clocks(boards.load(name)) for name in boards.names()}
    assert {name: dataclasses.astuple(made) for name, made in found.items() if made} == {
        "blackpill-f411": (25, 200, 2, 2, 1, 3, False, 3),
        "bluepill-f103": (1, 9, 1, 2, 1, 2, False, 0),
        "nucleo-g474re": (4, 85, 2, 1, 1, 4, True, 0),
        "nucleo-h753zi": (4, 50, 2, 2, 2, 2, False, 3),
        "nucleo-l476rg": (2, 20, 2, 1, 1, 4, False, 0),
        "nucleo-l4r5zi": (2, 30, 2, 1, 1, 5, True, 0),
        "nucleo-u575zi": (1, 20, 2, 1, 1, 4, False, 3),
        "stm32f4discovery": (8, 336, 2, 4, 2, 5, False, 1),
        "stm32f746disco": (25, 432, 2, 4, 2, 7, False, 3),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("clock_hz = 64_", "clock_hz = 32_")], "must be 64000000, at which start-up makes the"),
        ([("clock_hz = 64_", "clock_hz = 128_")], "more than 64 MHz, the highest clock of the nRF"),
        ([("size = 0x0001_0000", "size = 0x0002_0000")], "but nrf52832 has 0x10000 bytes at"),
        ([("size = 0x0008_0000", "size = 0x0010_0000")], "but nrf52832 has 0x80000 bytes at"),
        ([('"P0.17"', '"P1.01"')], "led.pin is P1.01, but the nRF52832 has no such port"),
        ([('"nrf52832"', '"nrf52810"'), ("size = 0x0008_0000", "size = 0x3_0000"),
          ("size = 0x0001_0000", "size = 0x6000")],
         "cpu.fpu is true, but the nRF52810 has no floating-point unit (nRF52 MDK: nrf52810_"),
        ([('"nrf52832"', '"nrf52899"')], "flashing.target is 'nrf52899', which names no nrf52"),
    ],
)  # fmt: skip
def test_what_a_chip_cannot_is_refused(
    tmp_path: Path, changes: list[tuple[str, str]], message: str
) -> None:
    assert message in refusal(tmp_path, *changes)


def test_a_chip_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boards" / "chips").mkdir(parents=True)
    (tmp_path / "boards" / "mine.toml").write_text(DK.replace('"nrf52832"', '"nrf52899"'))
    own = tmp_path / "boards" / "chips" / "nrf52.toml"
    own.write_text(
        '[[chips]]\nname = "nRF52899"\nsource = "mine"\ncore = "cortex-m4"\nfpu = true\n'
        "clock_hz = 64_000_000\nports = 1\nmicrophones = ['nrf_pdm']\n"
        'parts = [{ target = "nrf52899", flash = 0x8_0000, ram = 0x1_0000 }]\n'
    )
    assert chip.of(boards.load("mine")).name == "nRF52899"
    assert chip.of(boards.load("nrf52840")).name == "nRF52840"
    own.write_text("chips = 1\n")
    with pytest.raises(GhostError, match=r"nrf52\.toml: chips must be a list, not 1\."):
        boards.load("mine")
