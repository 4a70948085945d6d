# SPDX-License-Identifier: Apache-2.0
"""The drivers on Unicorn's strict peripherals: full speed, full window, nothing lost."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.build import toolchain
from tests.firmware.runtime import wire
from tests.firmware.runtime.images import build

pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")
pytestmark = pytest.mark.emulator

HELLO, RESET, FRAMES, HEAD, STATS, STATE = range(1, 7)
BOARDS = [name for name in boards.names() if boards.load(name).emulators.unicorn]


def replies(machine: emulate.Machine, count: int) -> list[tuple[int, int, bytes]]:
    """Run the board until it has sent so many packets."""
    data = b""
    while True:
        packets = [p for chunk in data.split(b"\0")[:-1] if (p := wire.parse(chunk))]
        if len(packets) >= count:
            return packets
        got = machine.read(1.0)
        assert got, f"{len(packets)} of {count} replies"
        data += got


@pytest.mark.parametrize("board", BOARDS)
def test_a_full_window_at_full_speed_loses_nothing(board: str, tmp_path: Path) -> None:
    elf = build(board, "stream", "zig", tmp_path)
    machine = emulate.start(boards.load(board), elf, "unicorn")
    try:
        banner = machine.read(1.0)
        while not banner.endswith(b"\n"):
            banner += machine.read(1.0)
        assert banner == b"mcu-ghost 9.9 stream dummy\n"
        machine.write(wire.packet(HELLO, 0))
        [(code, _, hello)] = replies(machine, 1)
        limit = struct.unpack_from("<4BH", hello)[4]
        many = bytes([0, 0, 0, 255]) * (limit // 4)
        for number in range(1, 21, 2):
            machine.write(wire.packet(FRAMES, number, many) + wire.packet(FRAMES, number + 1, many))
            assert replies(machine, 2) == [(0x83, number, b""), (0x83, number + 1, b"")]
        machine.write(wire.packet(STATE, 21) + wire.packet(STATS, 22))
        (_, _, state), (_, _, stats) = replies(machine, 2)
    finally:
        machine.close()
    frames = 20 * (limit // 4)
    assert struct.unpack("<iI4b", state) == (4 * frames, frames, 0, 0, 0, -1)
    assert struct.unpack("<IQ7I", stats)[0] == frames
    assert struct.unpack("<IQ7I", stats)[-1] == 0  # overruns


def test_statistics_stop_where_they_are_full(tmp_path: Path) -> None:
    build("nrf52840", "stream", "zig", tmp_path)
    source = tmp_path / "apps/stream.c"
    cleared = "(void)memset(&statistics, 0, sizeof statistics);"
    late = " statistics.frames = UINT32_MAX - 2u; statistics.head_total = UINT32_MAX - 1u;"
    assert cleared in source.read_text()
    source.write_text(source.read_text().replace(cleared, cleared + late))
    elf = toolchain.build(tmp_path, "stream", toolchain.find("zig"))
    machine = emulate.start(boards.load("nrf52840"), elf, "unicorn")
    machine.read(1.0)
    frame = bytes([1, 0, 0, 0])
    machine.write(wire.packet(RESET, 0) + wire.packet(FRAMES, 1, 2 * frame))
    replies(machine, 2)
    machine.write(wire.packet(STATS, 2))
    [(_, _, before)] = replies(machine, 1)
    machine.write(wire.packet(FRAMES, 3, 3 * frame) + wire.packet(HEAD, 4))
    replies(machine, 2)
    machine.write(wire.packet(STATS, 5))
    [(_, _, after)] = replies(machine, 1)
    frames, total, *_, head_total, heads, _, _, lost = struct.unpack("<IQ7I", after)
    assert (frames, head_total, heads, lost) == (2**32 - 1, 2**32 - 2, 0, 0)
    assert total == struct.unpack("<IQ7I", before)[1] > 0


@pytest.mark.parametrize("how", ["bus error", "undefined instruction", "stack"])
def test_a_fault_prints_its_line(how: str, tmp_path: Path) -> None:
    elf = build("nrf52840", "stream", "gcc", tmp_path)
    machine = emulate.start(boards.load("nrf52840"), elf, "unicorn")
    code = {"bus error": 1, "undefined instruction": 2, "stack": 4}[how]
    try:
        machine.read(1.0)
        machine.write(wire.packet(HELLO, 0))
        replies(machine, 1)
        machine.write(wire.packet(FRAMES, 1, bytes([128, code, 0, 0])))
        with pytest.raises(emulate.MachineFault) as caught:
            replies(machine, 1)
    finally:
        machine.close()
    assert "FAULT " in caught.value.printed and how in caught.value.printed
