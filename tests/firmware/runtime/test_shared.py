# SPDX-License-Identifier: Apache-2.0
"""What interrupts and the program share: published in order, and by one function each."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest

from mcu_ghost.host import resources
from tests.conftest import compile_host

FIRMWARE = resources.folder("firmware")
DRIVERS = sorted((FIRMWARE / "drivers").glob("*.c"))
RUNTIME = sorted((FIRMWARE / "runtime").glob("*.c"))
CONSOLES = [file for file in DRIVERS if "void ghost_console_receive(" in file.read_text()]

# What runs in interrupts.
HANDLERS = r"void (ghost_\w+_interrupt)\(void\) \{|int16_t \*(ghost_microphone_next)\(void\) \{"

RING = """
#include "runtime/ring.h"
static ghost_ring_t ring;
void init(uint8_t *bytes, uint32_t size);
void put(uint8_t byte);
int get(void);
uint32_t *lost(void);
void init(uint8_t *bytes, uint32_t size) { ghost_ring_init(&ring, bytes, size); }
void put(uint8_t byte) { ghost_ring_put(&ring, byte); }
int get(void) {
  uint8_t byte;
  return ghost_ring_get(&ring, &byte) ? byte : -1;
}
uint32_t *lost(void) { return (uint32_t *)(uintptr_t)&ring.lost; }
"""


@pytest.mark.parametrize("driver", CONSOLES, ids=lambda file: file.stem)
def test_no_driver_fills_in_the_ring_by_itself(driver: Path) -> None:
    text = driver.read_text()
    assert not re.search(r"ghost_console_ring\.\w+\s*(=|\+\+)", text)
    body = text.partition("void ghost_console_receive(")[2].partition("\n}\n")[0]
    assert body.index("ghost_ring_init(") < body.index("ghost_interrupt_enable(")


@pytest.mark.parametrize("file", [*DRIVERS, *RUNTIME], ids=lambda file: file.stem)
def test_what_an_interrupt_shares_is_volatile(file: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
    rest, inside = text, ""
    for handler in re.finditer(HANDLERS, text):
        end = re.compile(r"^(.*\{.*)?\}$", re.MULTILINE).search(text, handler.start())
        assert end
        body = text[handler.start() : end.end()]
        rest, inside = rest.replace(body, ""), inside + body
    declared = re.findall(r"^static (?!const\b)((?:[a-z]\w* )+)(\w+)[^(]*?;", text, re.MULTILINE)
    for kind, name in declared:
        uses = len(re.findall(rf"\b{name}\b", rest)) > 1  # besides the declaration
        if uses and re.search(rf"\b{name}\b", inside):
            assert "volatile" in kind, name


@pytest.mark.toolchain
def test_a_ring(tmp_path: Path) -> None:
    source = tmp_path / "ring.c"
    source.write_text(RING)
    ring = compile_host(tmp_path / "ring.so", [source], f"-I{FIRMWARE}")
    library = ctypes.CDLL(str(ring))
    memory = ctypes.create_string_buffer(4)
    library.init(memory, 4)
    for turn in range(5):
        assert library.get() == -1
        for byte in range(turn, turn + 5):  # two more than it holds
            library.put(byte)
        assert [library.get() for _ in range(4)] == [turn, turn + 1, turn + 2, -1]


@pytest.mark.toolchain
def test_a_ring_counts_no_further_than_it_can(tmp_path: Path) -> None:
    source = tmp_path / "ring.c"
    source.write_text(RING)
    library = ctypes.CDLL(str(compile_host(tmp_path / "ring.so", [source], f"-I{FIRMWARE}")))
    library.lost.restype = ctypes.POINTER(ctypes.c_uint32)
    memory = ctypes.create_string_buffer(4)
    library.init(memory, 4)
    library.lost()[0] = 0xFFFF_FFFE
    for _ in range(6):
        library.put(1)
    assert library.lost()[0] == 0xFFFF_FFFF
