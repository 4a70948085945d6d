# SPDX-License-Identifier: Apache-2.0
"""The `record` app on Unicorn: what its microphone hears comes out of its console, every sample."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import unicorn
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import monitor, prove, recording
from mcu_ghost.proof.link.packets import Packet, encode
from mcu_ghost.sound.lines import Overrun
from tests.proof.recordings import BOARD, HOP, MODEL, Bytes, held, loud, sent, together
from tests.proof.test_keywords import i2s_board


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "record", tmp_path_factory.mktemp("record") / "b")


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nrf52840", "nrf52832dk", "nano33ble"])
def test_every_sample_comes_out_equal(name: str, kind: str, tmp_path: Path) -> None:
    board = boards.load(name)
    built = build.build(MODEL, board, "record", tmp_path / "b", kind)
    sound = loud(0.3)
    heard, cost = recording.run(built, sound)
    report = recording.compare(sound, heard)
    assert (report.mismatches, report.first, heard.overruns) == (0, "", 0)
    assert heard.numbers.tolist() == list(range(len(heard.numbers))) and report.frames >= 300
    np.testing.assert_array_equal(heard.samples.reshape(-1)[: len(sound)], sound)
    status = heard.statuses[-1]
    assert 0 < status.stack.used < status.stack.size and cost.most < 4000
    # There is no network in it, whatever model is named.
    assert built.flash_bytes < 6400 and built.ram_bytes < 22_000 and built.weights_bytes == 0
    assert sum(part.bytes for part in built.ram) == built.ram_bytes


@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_same_image_whatever_the_model(image: build.Built, tmp_path: Path) -> None:
    other = random_model(2, units=200, ratio=2, inputs=40)
    built = build.build(other, BOARD, "record", tmp_path / "b")
    assert built.bin.read_bytes() == image.bin.read_bytes()
    told = built.as_json()
    assert told["model"] is None and "inputs" not in told and told["weights_bytes"] == 0


@pytest.mark.emulator
@pytest.mark.toolchain
def test_an_i2s_microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board, sound = i2s_board(tmp_path, monkeypatch), loud(0.2)
    heard, _ = recording.run(build.build(MODEL, board, "record", tmp_path / "b"), sound)
    assert recording.compare(sound, heard).mismatches == 0 and heard.overruns == 0


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_core_that_is_too_slow_loses_hops_and_counts_them(tmp_path: Path) -> None:
    slow = dataclasses.replace(BOARD, cpu=dataclasses.replace(BOARD.cpu, clock_hz=1_500_000))
    built, sound = build.build(MODEL, slow, "record", tmp_path / "b"), loud(0.4)
    heard, _ = recording.run(built, sound)
    report = recording.compare(sound, heard)
    assert (report.mismatches, report.first) == (0, "")
    lost = sum(line.hops for line in heard.lines if isinstance(line, Overrun))
    assert heard.overruns == lost > 20 and (np.diff(heard.numbers) > 1).any()
    sound = loud(1.2)
    found, gone = together(Bytes(b"".join(sent(built, sound))))
    assert gone == held(found, sound) > 20 * HOP


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_wrong_image_is_noticed(image: build.Built, tmp_path: Path) -> None:
    built = build.build(MODEL, BOARD, "record", tmp_path / "b")
    source = tmp_path / "b" / "apps" / "record.c"
    right = "ghost_hops_send(number"
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, f"{right} + 1u"))
    wrong = dataclasses.replace(
        built, elf=toolchain.build(tmp_path / "b", "record", toolchain.find())
    )
    sound = loud(0.1)
    report = recording.compare(sound, recording.run(wrong, sound)[0])
    assert report.mismatches > 100 and report.first.startswith("hop 1, sample ")


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_proof(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", loud(0.3), 16000)
    told: list[tuple[str, float, float | None]] = []
    proof = prove.prove(
        MODEL, BOARD, "record", tmp_path / "b", recordings=[tmp_path / "a.wav"], seconds=0.1,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert (proof.comparison.cases, proof.comparison.mismatches) == (1, 0)
    assert proof.as_json()["overruns"] == 0 and told[-1][2] == 0.4
    assert prove.emulators(proof.built) == ("unicorn",)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_whatever_is_sent_to_the_board_does_no_harm(image: build.Built) -> None:
    """Noise, requests that are none, and requests for hops that were never there."""
    sound, rng, data = loud(0.5), np.random.default_rng(4), b""
    odd = [Packet(7, 0, rng.bytes(size)) for size in (0, 1, 3, 4, 5, 20, 21, 200)]
    odd += [Packet(kind, 3, b"\xff" * 20) for kind in (0, 1, 2, 7, 255)]
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        machine.outside.sound.play(sound)
        while machine.outside.sound.taken < len(sound):
            machine.write(rng.bytes(30) + encode(odd[rng.integers(len(odd))]))
            data += machine.read(0.005)
    found = [one for one in monitor.split(data)[0] if isinstance(one, monitor.Hop)]
    # One of the requests asks for hop 254, if one counts as a 32-bit number does.
    assert 490 < len(found) and {hop.number for hop in found} >= set(range(490))
    for hop in found:
        np.testing.assert_array_equal(hop.samples, sound[HOP * hop.number :][:HOP])
