# SPDX-License-Identifier: Apache-2.0
"""The front end on emulated boards equals pymicro-features, and what a hop takes there."""

import struct
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.boards.image import read as load
from mcu_ghost.build.front_end_c import SOURCES
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host import resources
from tests.emulate.images import build
from tests.sound.front_end.host import generated
from tests.sound.front_end.oracle import WHEEL, wheel
from tests.sound.front_end.signals import SIGNALS, speech

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]

HOPS = 100
# Instructions of a hop; a Cortex-M3 has no DSP extension, a Cortex-M0 nor wide products, division.
MOST = {"nrf52840": 31000, "mps2-an385": 62000, "microbit": 145000}
BODY = """
#include "front_end.h"
extern const int16_t recording[];
static front_end_state_t state;
static front_end_scratch_t scratch;
static uint16_t features[FRONT_END_CHANNELS];
volatile uint32_t result[2];
int main(void) {
    uint32_t check = 2166136261u, frames = 0;
    console();
    front_end_reset(&state);
    for (uint32_t at = 0; at < HOPS * FRONT_END_HOP; at += FRONT_END_HOP) {
        if (front_end_hop(&state, &scratch, recording + at, features)) {
            frames++;
            for (uint32_t i = 0; i < FRONT_END_CHANNELS; i++)
                check = (check ^ features[i]) * 16777619u;
        }
    }
    result[0] = frames;
    result[1] = check;
    send_number(frames);
    send_number(check);
    return 0;
}
"""


def recordings() -> np.ndarray:
    """Return speech and the hard cases, cut short: one stream."""
    parts = [speech()[6000:11000], *(SIGNALS[n]()[:2000] for n in ("wrapping", "clicks", "steps"))]
    parts += [SIGNALS[n]()[:1000] for n in ("lowest", "full scale", "faint", "chirp", "square 37")]
    return np.concatenate(parts)[: HOPS * 160]


def checksum(features: np.ndarray) -> int:
    """Return FNV-1a of all values, by words of 16 bits."""
    check = 2166136261
    for value in features.ravel().tolist():
        check = (check ^ value) * 16777619 & 0xFFFFFFFF
    return check


def image(folder: Path, board: str) -> Path:
    """Build an image that plays the recordings and prints frames and checksum."""
    samples = recordings()
    assert len(samples) == HOPS * 160
    for name, text in generated(WHEEL).items():
        (folder / name).write_text(text)
    listed = ",".join(map(str, samples.tolist()))
    (folder / "recording.c").write_text(
        f"#include <stdint.h>\nconst int16_t recording[] = {{{listed}}};\n"
    )
    firmware = resources.folder("firmware")
    sources = [*(firmware / s for s in SOURCES), firmware / "runtime" / "memory.c"]
    sources += [folder / "front_end.c", folder / "recording.c"]
    flags = [f"-I{folder}", f"-I{firmware}", f"-DHOPS={HOPS}u", *map(str, sources)]
    flags += ["-isystem", str(firmware / "runtime" / "freestanding"), "-O2", "-std=gnu11"]
    flags += ["-fbuiltin", "-fomit-frame-pointer", "-lgcc"]
    return build(folder, boards.load(board), BODY, *flags, "-fno-tree-loop-distribute-patterns")


def result(running: emulate.Machine, board: str, elf: Path) -> list[int]:
    """Return frames and checksum: from memory where it can be read, else as printed."""
    if isinstance(running, UnicornMachine):
        while running.read(5.0):
            pass
        symbols = load(elf, boards.load(board)).symbols
        return list(struct.unpack("<2I", running.bus.memory(*symbols["result"])))
    text = b""
    while text.count(b"\n") < 2:
        data = running.read(20.0)
        assert data, text
        text += data
    return [int(line) for line in text.split()]


@pytest.mark.parametrize(
    ("board", "engine"),
    [
        ("nrf52840", "unicorn"),
        ("mps2-an385", "unicorn"),
        ("microbit", "unicorn"),
        ("mps2-an386", "qemu"),
        ("mps2-an505", "qemu"),
    ],
)
def test_equals_the_wheel(tmp_path: Path, board: str, engine: str) -> None:
    if engine == "unicorn":
        pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")
    watch = ("front_end_hop",) if engine == "unicorn" else ()
    elf = image(tmp_path, board)
    running = emulate.start(boards.load(board), elf, engine, watch=watch)
    try:
        want = wheel(recordings())
        assert result(running, board, elf) == [len(want), checksum(want)]
        if counts := running.counts():
            hop = counts.functions["front_end_hop"]
            assert hop.calls == HOPS
            print(f"{board}: at most {hop.max} instructions a hop")
            assert hop.max < MOST[board]
    finally:
        running.close()
