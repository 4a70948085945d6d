# SPDX-License-Identifier: Apache-2.0
"""Sound through images of the `denoise` app: every sample that comes back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import enhancement, prove
from mcu_ghost.proof.enhancement import HopCost
from mcu_ghost.sound.enhancement import Enhancer, Transform
from tests.sound.enhancers import random_enhancer, sound

MODEL = random_enhancer()
images = pytest.mark.parametrize(
    ("board", "engine", "kind", "bands", "transform"),
    [
        ("nrf52840", "unicorn", "gcc", 64, Transform()),
        ("microbit", "unicorn", "zig", 20, Transform(frame=512, hop=128)),
        ("mps3-an547", "qemu", "gcc", 64, Transform(frame=1024, hop=512)),
        ("mps3-an547", "qemu", "zig", 20, Transform(frame=512, hop=128)),
        ("mps2-an386", "qemu", "zig", 2, Transform(frame=256, hop=64)),
    ],
)


@pytest.mark.emulator
@pytest.mark.toolchain
@images
def test_every_sample_equals(
    board: str, engine: str, kind: str, bands: int, transform: Transform, tmp_path: Path
) -> None:
    model = random_enhancer(bands=bands, transform=transform, exponent=1.5)
    soundfile.write(tmp_path / "a.wav", sound()[4000:6000], 16000)
    told: list[tuple[str, float, float | None]] = []
    proof = prove.prove(
        model, boards.load(board), "denoise", tmp_path / "b", toolchain=kind, emulator=engine,
        cases=1, frames=8, recordings=[tmp_path / "a.wav"], seconds=0.05,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    report, hop = proof.comparison, proof.hop
    assert (report.cases, report.mismatches, report.first) == (3, 0, "")
    assert report.frames == sum(done for what, done, _ in told if what == "emulating hops")
    assert hop is not None and hop.unit == "instructions" and hop.hops > 2
    assert hop.mean <= hop.most * 1.001 and 0 < proof.stack_used < proof.stack_size
    if engine == "unicorn":
        assert list(hop.parts) == ["analysis", "network", "synthesis"]
        assert 0.99 < sum(hop.parts.values()) / hop.mean < 1
        assert proof.instructions_per_frame == hop.parts["network"]
    assert proof.instructions_per_hop == round(hop.mean)
    assert proof.as_json()["hop"]["hops"] == hop.hops and json.dumps(proof.as_json())
    assert "instructions per hop" in proof.instructions


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    """The app for the nRF52840."""
    folder = tmp_path_factory.mktemp("denoise") / "b"
    return build.build(MODEL, boards.load("nrf52840"), "denoise", folder)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_stream_may_be_cut_anywhere_and_begin_again(image: build.Built) -> None:
    samples = sound(0.2)
    wanted = Enhancer(MODEL).feed(samples)
    with enhancement.emulated(image) as device:
        assert (device.hop, device.delay) == (256, 256)
        with pytest.raises(GhostError, match="No hop has been cleaned"):
            device.cost()
        for cuts in ([1, 255, 256, 700], [3000]):
            parts = [device.feed(part) for part in np.split(samples, cuts)]
            np.testing.assert_array_equal(np.concatenate(parts), wanted)
            assert parts[0].dtype == np.int16 and len(parts[0]) % 256 == 0
            device.reset()
        assert device.cost().hops == 2 * (len(samples) // 256)


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("enhancer.c", ".stft.output_shift = ", ".stft.output_shift = 1 + "),
     ("sound/ghost_enhancer.c", "[i] + 128]", "[i] + 127]")],
)  # fmt: skip
def test_a_wrong_image_is_noticed(
    file: str, old: str, new: str, image: build.Built, tmp_path: Path
) -> None:
    built = build.build(MODEL, image.board, "denoise", tmp_path / "b")
    source = tmp_path / "b" / file
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    elf = toolchain.build(tmp_path / "b", "denoise", toolchain.find())
    wrong = dataclasses.replace(built, elf=elf)
    report = prove.image(wrong, prove.Trial(cases=1, frames=4)).comparison
    assert report.mismatches > 100
    assert report.first.startswith("case 0, sample ") and ": expected " in report.first


@pytest.mark.emulator
@pytest.mark.toolchain
def test_an_image_that_takes_no_sound_or_of_another_model_is_refused(
    image: build.Built, tmp_path: Path
) -> None:
    other = dataclasses.replace(image, model=random_enhancer(2))
    with (
        pytest.raises(GhostError, match="runs another model"),
        enhancement.emulated(other),
    ):
        pass
    stream = build.build(MODEL, image.board, "stream", tmp_path / "b")
    elf = dataclasses.replace(image, elf=stream.elf)
    with pytest.raises(GhostError, match="no function 'app_step'"), enhancement.emulated(elf):
        pass


@pytest.mark.emulator
@pytest.mark.toolchain
def test_built_and_run_in_one_go(tmp_path: Path) -> None:
    board = boards.load("mps2-an386")
    with prove.cleaning(MODEL, board, tmp_path / "b", emulator="qemu", toolchain="gcc") as device:
        np.testing.assert_array_equal(device.feed(sound(0.1)), Enhancer(MODEL).feed(sound(0.1)))
        assert device.cost().hops == 6


def test_what_a_hop_costs_in_words() -> None:
    cost = HopCost(9, 163473.4, 170000, "instructions", parts={"analysis": 4.0, "network": 5.4})
    assert str(cost) == "163 473 instructions per hop: 4 analysis, 5 network"
    assert cost.as_json()["parts"] == {"analysis": 4, "network": 5}
    assert str(HopCost(1, 2.0, 2, "cycles", 64_000_000)) == "2 cycles per hop"


def test_random_sound_goes_from_hardly_any_to_the_loudest() -> None:
    (part,) = enhancement.sounds(MODEL, 1, 49)
    assert len(part.samples) == 49 * 256 and part.samples.dtype == np.int16
    assert (np.abs(part.samples.astype(int)) > 32766).any()
    assert np.abs(part.samples[6000:8000]).min() == 0
