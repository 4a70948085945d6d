# SPDX-License-Identifier: Apache-2.0
"""The app after 49 days, when milliseconds no longer fit 32 bits, and after 497, nor do hops."""

from __future__ import annotations

import ctypes
import json
import random
from pathlib import Path

import msgspec
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import unicorn
from mcu_ghost.host import resources
from mcu_ghost.sound.keywords import expected
from tests.conftest import compile_host
from tests.listeners import listener, noise

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
HOPS = "static uint64_t hops;"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("kws") / "b"
    build.build(listener(), boards.load("nrf52840"), "kws", made)
    return made


@pytest.mark.parametrize("start", [2**32 // 10 - 30, 2**32 - 40])
def test_time_goes_on(start: int, folder: Path) -> None:
    pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")
    source = folder / "runtime" / "live.c"
    right = source.read_text()
    assert right.count(HOPS) == 1
    try:
        source.write_text(right.replace(HOPS, f"static uint64_t hops = {start}u;"))
        elf = toolchain.build(folder, "kws", toolchain.find())
    finally:
        source.write_text(right)
    machine = unicorn.start(boards.load("nrf52840"), elf)
    sound = noise(2000)
    machine.outside.sound.play(sound)
    text = b""
    while machine.outside.sound.left:
        text += machine.read(0.1)
    machine.write(b"\n")
    while b'"status"' not in text:
        text += machine.read(0.1)
    lines = [json.loads(line) for line in text.splitlines()]
    words = [line for line in lines if line["event"] == "word"]
    right = msgspec.to_builtins(expected(listener(), sound).words)
    wanted = [{**w, "ms": w["ms"] + 10 * start} for w in right]
    assert words == wanted and words[0]["ms"] < words[-1]["ms"] and len(words) > 3
    assert words[-1]["ms"] > max(2**32, 10 * start + 400)
    status = lines[-1]
    assert 10 * start + 2000 <= status["ms"] < 10 * start + 2500 and status["overruns"] == 0
    led = [(change.time, change.high) for change in machine.outside.pins if change.pin == 13]
    lit = [b[0] - a[0] for a, b in zip(led, led[1:], strict=False) if not a[1]]  # low is on
    assert len(words) - 1 <= len(lit) and all(0.29 < clocks / 64e6 < 0.31 for clocks in lit)


def test_the_mean_of_more_than_32_bits(tmp_path: Path) -> None:
    text = (resources.folder("firmware") / "runtime/live.c").read_text()
    begin = text.index("static uint32_t quotient(")
    function = text[begin : text.index("\n}\n", begin) + 3].replace("static ", "", 1)
    source = tmp_path / "quotient.c"
    prototype = function.partition(" {")[0] + ";\n"
    source.write_text("#include <stdint.h>\n" + prototype + function)
    quotient = ctypes.CDLL(str(compile_host(tmp_path / "quotient.so", [source]))).quotient
    quotient.argtypes, quotient.restype = [ctypes.c_uint64, ctypes.c_uint32], ctypes.c_uint32
    rng = random.Random(1)
    cases = [(0, 1), (2**32 - 1, 1), (1000 * (2**32 - 1), 1000), (999, 1000), (1000, 1000)]
    for _ in range(1000):
        count = rng.randint(1, 2000)
        cases.append((rng.randrange(count << rng.randint(1, 32)), count))
    for total, count in cases:
        assert quotient(total, count) == total // count
