# SPDX-License-Identifier: Apache-2.0
"""The whole app on Unicorn, sound coming in through the microphone: words and every output."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import MachineFault, unicorn
from mcu_ghost.host import resources
from mcu_ghost.host.version import __version__
from mcu_ghost.network.tflite import write
from mcu_ghost.proof import keywords
from mcu_ghost.sound import lines as kws
from mcu_ghost.sound.keywords import RATE, need_task
from mcu_ghost.sound.lines import Line, Overrun, Word
from tests.listeners import LABELS, listener, noise

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

I2S_BOARD = """
[microphone]
driver = "nrf_i2s"
base = 0x4002_5000
irq = 37
clock_pin = "P1.01"
data_pin = "P1.02"
word_pin = "P1.03"
"""
SLOW_CALLBACK = """
#include "apps/kws.h"
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word; (void)sum; (void)ms;
  for (uint32_t i = 0u; i < 6400u; i++) __asm volatile(".rept 1000; nop; .endr");
}
"""
PULSES = """
#include "apps/kws.h"
#include "drivers/nrf_gpio.h"
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  for (uint32_t i = 0u; i < word + 1u; i++) {
    nrf_gpio_output(20u, 1u);
    nrf_gpio_output(20u, 0u);
  }
  nrf_gpio_output(21u, sum >= detector.words[word].threshold && ms % 10u == 0u);
  nrf_gpio_output(21u, 0u);
}
"""
CRASH = """
#include "apps/kws.h"
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word; (void)sum; (void)ms;
  *(volatile uint32_t *)0xE0000000u = 1u;
}
"""


def made(folder: Path, board: Board, user: str = "", kind: str | None = None) -> build.Built:
    """Build the app, with a file of the user's."""
    built = build.build(listener(), board, "kws", folder, kind)
    if user:
        (folder / "user").mkdir()
        (folder / "user" / "on_word.c").write_text(user)
        built = build.build(listener(), board, "kws", folder, kind)
    return built


TASK = need_task(listener())


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    """The app for the nRF52840 DK."""
    return made(tmp_path_factory.mktemp("nrf52840") / "b", boards.load("nrf52840"))


def sounds(ms: int = 1500) -> list[keywords.Part]:
    return [*keywords.parts(TASK, resources.demo_clips()[:1]), keywords.Part("noise", noise(ms))]


def i2s_board(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board of the user's own, in ./boards/, whose microphone is an I2S one."""
    bundled = Path(boards.__file__).parent / "nrf52840.toml"
    before, _, after = bundled.read_text().partition("[microphone]")
    (folder / "boards").mkdir()
    text = before + I2S_BOARD + "\n[led]" + after.partition("[led]")[2]
    (folder / "boards" / "settings.toml").write_text(text)
    monkeypatch.chdir(folder)
    return boards.load("settings")


@pytest.mark.parametrize("stack", [2, 5])
def test_features_side_by_side(stack: int, tmp_path: Path) -> None:
    model = listener(stack=stack)
    built = build.build(model, boards.load("nrf52840"), "kws", tmp_path / "b")
    report = keywords.run(built, [keywords.Part("noise", noise(2000))])
    assert report.differences == () and report.overruns == 0
    assert {word.word for part in report.parts for word in part.words} > {LABELS[0]}


def test_words_and_outputs_equal_the_pc(image: build.Built) -> None:
    board, lines, seconds = boards.load("nrf52840"), list[Line](), list[float]()
    played = [
        *keywords.parts(TASK, resources.demo_clips()[:4], 2.0),
        keywords.Part("noise", noise(4000)),
    ]
    report = keywords.run(image, played, lines.append, seconds.append)
    assert report.differences == () and report.overruns == 0
    assert [part.name for part in report.parts] == [part.name for part in played]
    words = [word for part in report.parts for word in part.words]
    assert {word.word for word in words} == set(LABELS[:3])
    assert words == [line for line in lines if isinstance(line, Word)]
    assert kws.plain(lines[0]) == {
        "event": "start", "app": "kws", "version": __version__, "model": "random",
        "hash": write.model_hash(listener()).hex(), "rate": 16000, "hop_ms": 10,
        "counter_hz": 64_000_000, "words": tuple(LABELS[:3]),
    }  # fmt: skip
    length = sum(len(part.samples) for part in played) / RATE
    assert length > 10 and sum(seconds) == pytest.approx(length, abs=0.05)
    first, last = report.statuses[0], report.statuses[-1]
    assert first.ms == 10_000 and last.ms >= 1000 * length  # one by itself, one asked for
    assert first.busy.min < first.busy.mean < first.busy.max < 640_000
    assert 0 < first.stack.used < first.stack.size == 2048
    heard = np.concatenate([part.samples for part in played])
    for status, samples in ((first, heard[: 10 * RATE]), (last, heard[10 * RATE :])):
        assert status.sound and status.sound.clipped == 0
        assert status.sound.bits == int(np.abs(samples.astype(int)).max()).bit_length()
    cpu_load = report.cpu_load
    assert [item.name for item in cpu_load.items] == ["front end", "network", "detector"]
    assert all(0 < item.instructions < (item.cycles or 0) for item in cpu_load.items)
    assert cpu_load.hops == last.ms // 10 and cpu_load.available == 640_000
    # What the board's own counter says agrees with what was counted from outside.
    assert 1 < first.busy.mean / cpu_load.instructions < 1.04  # how loud it is takes 650 to 1600
    assert cpu_load.worst >= max(item.instructions for item in cpu_load.items)
    assert samples_in_a_second(board, image.elf) == 16000


def test_how_loud_it_is(image: build.Built) -> None:
    """Either end of the scale counts as clipped; a negative amplitude as its complement."""
    for ends, bits, clipped, said in (
        ((0, 0), 0, 0, "hardly any sound"),
        ((15, -16), 4, 0, "hardly any sound"),
        ((16, 0), 5, 0, ""),
        ((-512, 0), 9, 0, ""),
        ((-513, 0), 10, 0, ""),
        ((32766, -32767), 15, 0, ""),
        ((32767, -32768), 15, 6, "6 samples clipped: give the microphone less gain"),
    ):
        sound = np.zeros(3200, np.int16)
        sound[100:103], sound[2000:2003] = ends
        report = keywords.run(image, [keywords.Part("sound", sound)])
        (status,) = report.statuses
        assert status.sound == kws.Sound(bits, clipped)
        assert status.sound.peak_db == pytest.approx(6.02 * (bits - 15), abs=0.05)
        assert status.sound.fault.startswith(said) and bool(said) == bool(status.sound.fault)


def test_a_pdm_microphone_that_must_be_switched_on(tmp_path: Path) -> None:
    board = boards.load("nano33ble")
    report = keywords.run(made(tmp_path / "b", board, kind="zig"), sounds())
    assert report.differences == () and report.parts[0].words


def test_an_i2s_microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board, lines = i2s_board(tmp_path, monkeypatch), list[Line]()
    built = made(tmp_path / "b", board)
    report = keywords.run(built, sounds(), lines.append)
    assert report.differences == () and report.parts[0].words
    assert isinstance(lines[0], kws.Start) and lines[0].rate == 15873
    assert samples_in_a_second(board, built.elf) == 99 * 160  # 15 873 are 99.2 hops
    assert not (tmp_path / "b" / "renode").exists()  # which has no such microphone


def samples_in_a_second(board: Board, elf: Path) -> int:
    machine = unicorn.start(board, elf)
    while not machine.outside.sound.taken:
        machine.read(0.001)
    taken, until = machine.outside.sound.taken, machine.bus.now() + board.cpu.clock_hz
    while machine.bus.now() < until:
        machine.read((until - machine.bus.now()) / board.cpu.clock_hz)
    return machine.outside.sound.taken - taken


@pytest.mark.parametrize(
    ("file", "right", "wrong", "differs"),
    [
        ("detector.c", ".refractory = 15u", ".refractory = 16u", "word"),
        ("front_end.c", ".zero_point = -128", ".zero_point = -127", "CRC"),
    ],
)
def test_a_wrong_image_is_noticed(
    file: str, right: str, wrong: str, differs: str, image: build.Built, tmp_path: Path
) -> None:
    shutil.copytree(image.elf.parent, tmp_path / "b", ignore=shutil.ignore_patterns("build"))
    source = tmp_path / "b" / file
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, wrong))
    elf = toolchain.build(tmp_path / "b", "kws", toolchain.find())
    wrong_image = dataclasses.replace(image, elf=elf)
    report = keywords.run(wrong_image, sounds())
    assert any(difference.startswith(differs) for difference in report.differences)


def test_a_callback_that_takes_too_long_costs_hops_and_nothing_else(tmp_path: Path) -> None:
    board, lines = boards.load("nrf52840"), list[Line]()
    built = made(tmp_path / "b", board, SLOW_CALLBACK)
    report = keywords.run(built, sounds(), lines.append)
    assert report.differences == ()  # of what was not lost
    overruns = [line for line in lines if isinstance(line, Overrun)]
    words = [line for line in lines if isinstance(line, Word)]
    assert len(words) > 5 and len(overruns) >= len(words) - 1
    # A hundred milliseconds less the hops that wait in the ring.
    assert {line.hops for line in overruns} <= {7, 8, 9}
    assert report.overruns == sum(line.hops for line in overruns)
    assert report.statuses[-1].overruns == report.overruns
    assert 6_400_000 < report.cpu_load.worst < 6_500_000


def test_a_core_that_is_too_slow_says_so_all_the_time(tmp_path: Path) -> None:
    board = boards.load("nrf52840")
    cpu = dataclasses.replace(board.cpu, clock_hz=2_500_000)
    slow = dataclasses.replace(board, cpu=cpu)
    report = keywords.run(made(tmp_path / "b", slow), sounds())
    assert report.differences == ()
    hops = report.statuses[-1].ms // 10
    assert 0.1 < report.overruns / hops < 0.5
    assert report.cpu_load.available == 25_000 < report.cpu_load.instructions


def test_the_light_shines_for_300_ms(tmp_path: Path) -> None:
    for name, shining in (("nrf52840", False), ("nano33ble", True)):
        board, lines = boards.load(name), list[Line]()
        machine = unicorn.start(board, made(tmp_path / name, board).elf)
        machine.outside.sound.play(np.concatenate([part.samples for part in sounds()]))
        text = b""
        while machine.outside.sound.left:
            text += machine.read(0.1)
        lines = [json.loads(line) for line in text.splitlines()]
        words = [line["ms"] for line in lines if line["event"] == "word"]
        led = [(change.time, change.high) for change in machine.outside.pins if change.pin == 13]
        assert led[0][1] != shining  # dark at first
        on = [time for time, high in led if high == shining]
        assert len(on) == len(words) > 3
        for (start, high), (end, _) in zip(led[1:], led[2:], strict=False):
            if high == shining:  # refractory time is as long
                assert 0.29 < (end - start) / 64_000_000 < 0.31


def test_what_happens_at_a_word_is_the_users(tmp_path: Path) -> None:
    board = boards.load("nrf52840")
    built = made(tmp_path / "b", board, PULSES)
    machine = unicorn.start(board, built.elf)
    machine.outside.sound.play(noise(2000))
    text = b""
    while machine.outside.sound.left:
        text += machine.read(0.1)
    heard = [json.loads(line) for line in text.splitlines()[1:]]
    pulses = [c.high for c in machine.outside.pins if c.pin == 20].count(True)
    checks = [c.high for c in machine.outside.pins if c.pin == 21].count(True)
    assert len(heard) == checks > 1
    assert pulses == sum(LABELS.index(word["word"]) + 1 for word in heard)


def test_a_crash_while_sound_comes_in_is_reported(tmp_path: Path) -> None:
    board = boards.load("nrf52840")
    with pytest.raises(MachineFault) as caught:
        keywords.run(made(tmp_path / "b", board, CRASH), sounds())
    assert caught.value.symbol.startswith("ghost_on_word")
    assert "\nFAULT bus error pc=" in caught.value.printed
    assert "crashed too" not in caught.value.printed
