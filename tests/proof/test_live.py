# SPDX-License-Identifier: Apache-2.0
"""The `denoise_live` app on Unicorn: sound into its microphone, clean sound out of its console."""

from __future__ import annotations

import dataclasses
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.proof import live, prove
from mcu_ghost.proof.live import Live
from mcu_ghost.sound.enhancement import Enhancer, Transform, clean
from mcu_ghost.sound.lines import Busy, Overrun, Stack, Start, Status
from tests.proof.test_keywords import i2s_board
from tests.sound.enhancers import random_enhancer, sound

MODEL = random_enhancer()
BOARD = boards.load("nrf52840")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build(MODEL, BOARD, "denoise_live", tmp_path_factory.mktemp("live") / "b")


@pytest.mark.emulator
@pytest.mark.toolchain
def test_every_sample_is_the_references_delayed(image: build.Built) -> None:
    samples, seconds = sound(0.6), list[float]()
    heard, cost = live.run(image, samples, seconds.append)
    assert live.compare(MODEL, samples, heard).mismatches == 0 and heard.overruns == 0
    made, hops = heard.samples.reshape(-1), len(heard.numbers)
    assert heard.numbers.tolist() == list(range(hops)) and len(made) > len(samples)
    np.testing.assert_array_equal(made[256:][: len(samples)][:9000], clean(MODEL, samples)[:9000])
    start, *_, status = heard.lines
    assert isinstance(start, Start) and (start.app, start.hop_ms) == ("denoise_live", 16)
    assert start.words == () and isinstance(status, Status)
    assert cost.mean < status.busy.min <= status.busy.mean <= status.busy.max < 1.5 * cost.mean
    assert 0 < status.stack.used < status.stack.size and sum(seconds) > 0.6
    assert list(cost.parts) == ["analysis", "network", "synthesis"] and cost.hops >= hops


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_core_that_is_too_slow_loses_hops_and_nothing_else(tmp_path: Path) -> None:
    slow = dataclasses.replace(BOARD, cpu=dataclasses.replace(BOARD.cpu, clock_hz=5_000_000))
    samples = sound(0.8)
    built = build.build(MODEL, slow, "denoise_live", tmp_path / "b")
    heard, cost = live.run(built, samples)
    report = live.compare(MODEL, samples, heard)
    assert (report.mismatches, report.first) == (0, "")
    lost = sum(line.hops for line in heard.lines if isinstance(line, Overrun))
    assert heard.overruns == lost > 5 and (np.diff(heard.numbers) > 1).any()
    # A hop waits for those before it: two of them, or nearly.
    assert heard.statuses[-1].busy.max > 2 * cost.mean


@pytest.mark.emulator
@pytest.mark.toolchain
def test_an_i2s_microphone_and_short_hops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = i2s_board(tmp_path, monkeypatch)
    model, samples = random_enhancer(transform=Transform(frame=256, hop=64)), sound(0.2)
    heard, _ = live.run(build.build(model, board, "denoise_live", tmp_path / "b"), samples)
    assert live.compare(model, samples, heard).mismatches == 0
    assert isinstance(heard.lines[0], Start) and heard.lines[0].rate == 15873
    assert not len(heard.played)


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_clean_sound_is_played_on_the_microphones_clock(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = i2s_board(tmp_path, monkeypatch)
    assert board.microphone is not None
    wired = dataclasses.replace(
        board, microphone=dataclasses.replace(board.microphone, out_pin="P1.04")
    )
    samples = sound(0.4)
    heard, _ = live.run(build.build(MODEL, wired, "denoise_live", tmp_path / "b", kind), samples)
    assert live.compare(MODEL, samples, heard).mismatches == 0
    # While a hop is made the next is heard and one more waits: the third behind it is played.
    silent, late = 3 * 256, len(heard.played) - 3 * 256
    assert late > len(samples) - 4 * 256 and not heard.played[:silent].any()
    np.testing.assert_array_equal(heard.played[silent:], heard.samples.reshape(-1)[:late])


@pytest.mark.emulator
@pytest.mark.toolchain
def test_where_no_hop_is_ready_silence_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = i2s_board(tmp_path, monkeypatch)
    assert board.microphone is not None
    slow = dataclasses.replace(
        board,
        microphone=dataclasses.replace(board.microphone, out_pin="P1.04"),
        cpu=dataclasses.replace(board.cpu, clock_hz=5_000_000),
    )
    samples = sound(0.5)
    heard, _ = live.run(build.build(MODEL, slow, "denoise_live", tmp_path / "b"), samples)
    assert live.compare(MODEL, samples, heard).mismatches == 0 and heard.overruns > 3
    played = heard.played.reshape(-1, 256)
    spoken = played[played.any(axis=1)]
    made = heard.samples[heard.samples.any(axis=1)]
    np.testing.assert_array_equal(spoken, made[: len(spoken)])
    assert len(made) - 3 <= len(spoken) < len(played) - 5


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_wrong_image_is_noticed(image: build.Built, tmp_path: Path) -> None:
    built = build.build(MODEL, BOARD, "denoise_live", tmp_path / "b")
    source = tmp_path / "b" / "enhancer.c"
    right = ".stft.output_shift = "
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, f"{right}1 + "))
    elf = toolchain.build(tmp_path / "b", "denoise_live", toolchain.find())
    samples = sound(0.1)
    heard, _ = live.run(dataclasses.replace(built, elf=elf), samples)
    report = live.compare(MODEL, samples, heard)
    assert report.mismatches > 100 and report.first.startswith("hop 0, sample ")


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_proof(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(0.3), 16000)
    told: list[tuple[str, float, float | None]] = []
    proof = prove.prove(
        MODEL, BOARD, "denoise_live", tmp_path / "b", recordings=[tmp_path / "a.wav"], seconds=0.1,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert (proof.comparison.cases, proof.comparison.mismatches) == (2, 0)
    assert proof.live is not None and proof.as_json()["overruns"] == proof.live.overruns == 0
    assert proof.hop is not None and proof.instructions_per_hop == round(proof.hop.mean)
    assert told[-1][2] == 0.4 and prove.emulators(proof.built) == ("unicorn",)


def made(samples: np.ndarray, numbers: list[int], overruns: int, ms: int) -> Live:
    """Return what a right board says that lost all other hops."""
    hops = samples.reshape(-1, 256)[numbers]
    out = Enhancer(MODEL).feed(hops.reshape(-1)).reshape(-1, 256)
    crc = f"{zlib.crc32(out.tobytes()):08x}"
    status = Status(ms=ms, overruns=overruns, busy=Busy(1, 2, 3), stack=Stack(1, 2), crc=crc)
    sequence = np.arange(len(numbers)) % 256
    return Live(np.array(numbers), out, sequence, (status,))


def test_what_does_not_fit_is_told() -> None:
    samples = sound()[: 256 * 40]
    right = made(samples, [0, 1, 4, 5], 2, 96)
    assert live.compare(MODEL, samples, right).mismatches == 0

    def first(wrong: Live) -> str:
        report = live.compare(MODEL, samples, wrong)
        assert report.mismatches >= 1 and report.frames == 4
        return report.first

    assert first(made(samples, [0, 1, 4, 5], 1, 96)) == "at 96 ms: missing hops 2, counted 1"
    gone = dataclasses.replace(right, sequence=np.array([0, 1, 3, 4]))
    assert first(gone) == "packets are missing on the line"
    back = dataclasses.replace(right, numbers=np.array([0, 1, 1, 5]))
    assert live.compare(MODEL, samples, back).mismatches > 0
    other = right.samples.copy()
    other[2, 7] += 1
    want = right.samples[2, 7]
    damaged = dataclasses.replace(right, samples=other)
    assert first(damaged) == f"hop 4, sample 7: expected {want}, got {want + 1}"
    (status,) = right.lines
    assert isinstance(status, Status)
    lines = (msgspec.structs.replace(status, crc="00000000"),)
    assert first(dataclasses.replace(right, lines=lines)).startswith("CRC of samples at 96 ms: ")
