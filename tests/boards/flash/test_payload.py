# SPDX-License-Identifier: Apache-2.0
"""Which images are written, and which are refused before anything is touched."""

from __future__ import annotations

import dataclasses
import re
import struct
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards import Board, uf2
from mcu_ghost.boards.flash.payload import provide, read
from mcu_ghost.boards.flash.validation import validate
from mcu_ghost.host.errors import GhostError
from tests.boards.flash.images import X86_64, elf, hex_file, program

DK, NANO = boards.load("nrf52840"), boards.load("nano33ble")


def with_uf2(board: Board) -> Board:
    """Return the board as it would be with a UF2 bootloader."""
    return dataclasses.replace(
        board, flashing=dataclasses.replace(board.flashing, uf2_family=0xADA5_2840)
    )


def refusal(path: Path, board: Board) -> str:
    with pytest.raises(GhostError) as refused:
        validate(read(path, board), board)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_every_format_says_the_same(tmp_path: Path) -> None:
    board = with_uf2(NANO)
    data = program(board, 4096)
    paths = [
        elf(tmp_path / "a.elf", board, data, "nano33ble", arch=13),
        hex_file(tmp_path / "a.hex", (board.flash.start, data)),
        tmp_path / "a.bin",
        tmp_path / "a.uf2",
    ]
    paths[2].write_bytes(data)
    paths[3].write_bytes(uf2.encode(data, board.flash.start, 0xADA5_2840))
    for path in paths:
        payload = read(path, board)
        validate(payload, board)
        assert (payload.start, payload.size, payload.flat()) == (0x1_0000, 4096, data)


def test_an_image_of_another_board(tmp_path: Path) -> None:
    path = elf(tmp_path / "a.elf", DK, program(DK), "microbit", arch=12)
    assert refusal(path, DK) == (
        "was built for the board microbit, not for nrf52840. `mcu-ghost build --board nrf52840`"
        " makes one."
    )


def test_an_elf_that_does_not_say_is_judged_by_its_core(tmp_path: Path) -> None:
    path = tmp_path / "a.elf"
    assert "for the processor X86_64" in refusal(elf(path, DK, program(DK), machine=X86_64), DK)
    assert "another core than the cortex-m4" in refusal(elf(path, DK, program(DK), arch=21), DK)
    for arch in (11, 12, 10, 13):
        validate(read(elf(path, DK, program(DK), arch=arch), DK), DK)
    v1 = boards.load("microbit")
    assert "another core than the cortex-m0" in refusal(elf(path, v1, program(v1), arch=13), v1)


def test_the_bootloader_is_never_overwritten(tmp_path: Path) -> None:
    path = hex_file(tmp_path / "a.hex", (0, program(DK)))
    assert refusal(path, NANO).startswith(
        "5 000 bytes at 0x00000000 would overwrite the bootloader, which ends at 0x00010000."
    )
    inside = hex_file(tmp_path / "b.hex", (0x1_0000, program(NANO)), (0xFF00, b"x"))
    assert "1 byte at 0x0000ff00 would overwrite the bootloader" in refusal(inside, NANO)
    across = hex_file(tmp_path / "c.hex", (0xFFFF, b"x" + program(NANO)))
    assert "would overwrite the bootloader" in refusal(across, NANO)


def test_flash_ends(tmp_path: Path) -> None:
    data = program(DK, 0x10_0000)
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    validate(read(path, DK), DK)
    path.write_bytes(data + b"x")
    assert "do not lie in the flash that images of nrf52840 may use" in refusal(path, DK)
    ram = hex_file(tmp_path / "a.hex", (0, program(DK)), (0x2000_0000, b"variables"))
    assert "9 bytes at 0x20000000 do not lie in the flash" in refusal(ram, DK)


@pytest.mark.parametrize(
    ("board", "address"), [(DK, 0x1000_1208), (boards.load("microbit"), 0x1000_1004)]
)
def test_uicr_is_never_written(board: Board, address: int, tmp_path: Path) -> None:
    path = hex_file(tmp_path / "a.hex", (0, program(board)), (address, b"\x5a\xff\xff\xff"))
    assert "are for the chip's UICR, which is never written here" in refusal(path, board)


@pytest.mark.parametrize(
    ("stack", "reset"),
    [
        (0x2004_0004, 0x101),  # above RAM
        (0x2000_0000, 0x101),  # no room at all
        (0x2000_1001, 0x101),  # not aligned
        (0x2000_1000, 0x100),  # Arm code
        (0x2000_1000, 0x9001),  # behind the image
        (0xFFFF_FFFF, 0xFFFF_FFFF),
    ],
)
def test_no_vector_table(stack: int, reset: int, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(struct.pack("<II", stack, reset) + bytes(1000))
    assert "begins with no vector table for nrf52840" in refusal(path, DK)


def test_the_rp2040_has_its_table_behind_the_second_stage(tmp_path: Path) -> None:
    path, pico, pico2 = tmp_path / "a.bin", boards.load("pico"), boards.load("pico2")
    path.write_bytes(program(pico))
    validate(read(path, pico), pico)
    assert "begins with no vector table" in refusal(path, pico2)
    path.write_bytes(program(pico)[1:])
    assert "begins with no vector table" in refusal(path, pico)
    path.write_bytes(program(pico2))
    assert "begins with no vector table for pico (stack in RAM, reset in flash) at 0x10000100" in (
        refusal(path, pico)
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", b"PK", "an image is one of .elf, .axf, .hex, .ihex, .bin, .uf2."),
        ("a.elf", b"\x7fELF", "not a linked image"),
        ("a.elf", b"", "not a linked image"),
        ("a.hex", b":zz", "not Intel HEX"),
        ("a.hex", b":00000001FF\n", "nothing in it is to be programmed."),
        ("a.bin", b"", "nothing in it is to be programmed."),
        ("a.uf2", b"x" * 512, "not a UF2 file for nrf52840: byte 0 begins no UF2 block."),
    ],
)
def test_what_is_no_image(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GhostError, match=re.escape(f"{path}: {message}")):
        read(path, DK)
    path.unlink()
    if not name.endswith("zip"):
        with pytest.raises(GhostError, match="cannot be read: No such file"):
            read(path, DK)


def test_an_elf_that_was_cut_short(tmp_path: Path) -> None:
    """Its tables may still be whole: sections before segments."""
    path = elf(tmp_path / "a.elf", DK, program(DK), "nrf52840", arch=13)
    whole = bytearray(path.read_bytes())
    struct.pack_into("<I", whole, 52 + 16, 100_000)  # p_filesz
    path.write_bytes(whole)
    with pytest.raises(GhostError, match="not a linked image .the file is cut short."):
        read(path, DK)


def test_sizes_that_cannot_be(tmp_path: Path) -> None:
    """They are taken for what they are, not allocated."""
    path = elf(tmp_path / "a.elf", DK, program(DK), "nrf52840", arch=13)
    whole = bytearray(path.read_bytes())
    note = whole.index(b"mcu-ghost\0") - 12
    struct.pack_into("<I", whole, note, 0xFFFF_FFF0)
    path.write_bytes(whole)
    assert read(path, DK).board == ""


def test_pieces_far_apart_are_not_filled(tmp_path: Path) -> None:
    near = read(hex_file(tmp_path / "a.hex", (0, b"ab"), (4098, b"c")), DK)
    assert near.flat() == b"ab" + b"\xff" * 4096 + b"c"
    far = read(hex_file(tmp_path / "b.hex", (0, b"ab"), (4099, b"c")), DK)
    with pytest.raises(GhostError, match="nothing is between 0x2 and 0x1003"):
        far.flat()


def test_the_file_beside_an_image_is_taken_if_it_says_the_same(tmp_path: Path) -> None:
    data = program(DK)
    payload = read(elf(tmp_path / "a.elf", DK, data, "nrf52840", arch=13), DK)
    made = provide(payload, DK, "hex", tmp_path / "flash")
    assert made == tmp_path / "flash" / "nrf52840.hex"
    assert read(made, DK).segments == payload.segments
    hex_file(tmp_path / "a.hex", (0, data[:-1] + b"x"))
    assert provide(payload, DK, "hex", tmp_path / "flash") == made
    (tmp_path / "a.hex").write_text("garbage")
    assert provide(payload, DK, "hex", tmp_path / "flash") == made
    hex_file(tmp_path / "a.hex", (0, data))
    assert provide(payload, DK, "hex", tmp_path / "flash") == tmp_path / "a.hex"
    flat = provide(payload, DK, "bin", tmp_path / "flash")
    assert flat.read_bytes() == data and provide(read(flat, DK), DK, "bin", tmp_path) == flat
    board = with_uf2(DK)
    (address, page), *_ = uf2.decode(
        provide(payload, board, "uf2", tmp_path / "flash").read_bytes(), 0xADA5_2840
    )
    assert address == 0 and page == data[:256]
