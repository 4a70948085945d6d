# SPDX-License-Identifier: Apache-2.0
"""Images of random networks on every board and emulator equal the reference for every byte."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import renode
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.proof import on_emulator, verify

ENGINES = [
    pytest.param(name, engine, marks=[pytest.mark.renode] if engine == "renode" else [])
    for name in boards.names()
    for engine in boards.load(name).emulators.order
]


def _firsts() -> set[tuple[str, str]]:
    """Return the first board of each core on each engine: others of the core run less."""
    firsts: dict[tuple[str, str], str] = {}
    for name in boards.names():
        for engine in boards.load(name).emulators.order:
            firsts.setdefault((boards.load(name).cpu.core, engine), name)
    return {(name, engine) for (_, engine), name in firsts.items()}


FIRSTS = _firsts()


def networks() -> list[Model]:
    """Return 20 networks: odd sizes, every ratio, stacks, heads of all kinds, saturated gates."""
    rng = np.random.default_rng(11)
    models = []
    for seed in range(20):
        ratio = seed % 4 + 1
        models.append(
            random_model(
                seed,
                units=int(rng.integers(ratio, 22)),
                ratio=ratio,
                inputs=int(rng.integers(1, 20)),
                layers=int(rng.integers(1, 4)),
                classes=int(rng.integers(0, 9)),
                head_per_frame=bool(seed % 2),
                gain=float(rng.choice([0.3, 1.0, 8.0, 60.0])),
                windows=seed % 3 == 0,
            )
        )
    return models


def _skip_without(engine: str) -> None:
    if engine == "renode" and (hint := renode.missing()) is not None:
        pytest.skip(hint)


@pytest.mark.emulator
@pytest.mark.parametrize(("board", "engine"), ENGINES)
def test_networks_equal_the_reference(board: str, engine: str, tmp_path: Path) -> None:
    """Twenty for each core and engine, and a few on every further board."""
    _skip_without(engine)
    target = boards.load(board)
    for seed, model in enumerate(networks()[:: 1 if (board, engine) in FIRSTS else 5]):
        kind = "zig" if seed % 5 else None
        built = build.build(model, target, "stream", tmp_path / str(kind), kind)
        work = [
            verify.Sequence(f"case {i}", x) for i, x in enumerate(random_inputs(seed, model, 2, 11))
        ]
        result = on_emulator.run(built, work, engine)
        assert result.comparison.mismatches == 0, f"network {seed}: {result.comparison.first}"
        assert result.comparison.frames == 22 and result.instructions_per_frame > 100


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("ratio", [1, 2])
def test_unicorn_and_qemu_count_the_same(ratio: int, kind: str, tmp_path: Path) -> None:
    """Two machines that share no code agree on the instructions of a frame."""
    model = random_model(5, units=154, ratio=ratio, inputs=10)
    for name in ("mps2-an385", "mps2-an386", "mps2-an505", "microbit"):
        board = boards.load(name)
        built = build.build(model, board, "stream", tmp_path / name, kind)
        work = verify.sequences(model, 1, 49, [])
        counts = [
            on_emulator.run(built, work, engine).instructions_per_frame
            for engine in ("unicorn", "qemu")
        ]
        assert counts[0] == pytest.approx(counts[1], rel=0.002), name


@pytest.mark.emulator
def test_an_image_of_another_model_is_noticed(tmp_path: Path) -> None:
    board = boards.load("nrf52840")
    mine, other = (random_model(s, units=8, ratio=2, inputs=3) for s in (1, 2))
    built = build.build(mine, board, "stream", tmp_path / "b")
    work = verify.sequences(other, 1, 5, [])
    with pytest.raises(GhostError, match="runs another model"):
        on_emulator.run(dataclasses.replace(built, model=other), work)


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("name", "kernel", "right", "wrong"),
    [
        ("nrf52840", "dsp/ghost_gru_step_s8.S", "#1 << 14", "#1 << 13"),
        ("microbit", "lanes/ghost_gru_step_s8.c", "(1 << 14)", "(1 << 13)"),
        ("mps3-an547", "mve/ghost_vectors.h", "16384 << 10", "16385 << 10"),
    ],
)
def test_a_wrong_kernel_is_noticed(
    name: str, kernel: str, right: str, wrong: str, tmp_path: Path
) -> None:
    """The check can fail: one constant changed in a kernel gives mismatches."""
    board = boards.load(name)
    model = random_model(1, units=24, ratio=2, inputs=6)
    folder = tmp_path / "b"
    built = build.build(model, board, "stream", folder)
    source = folder / "kernels" / kernel
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, wrong))
    ninja = toolchain.ninja()
    subprocess.run([ninja, "-C", folder / "build"], check=True, capture_output=True)
    shutil.copy(folder / "build" / "stream.elf", built.elf)
    result = on_emulator.run(built, verify.sequences(model, 2, 40, []))
    assert result.comparison.mismatches > 0
    assert "expected" in result.comparison.first


@pytest.mark.emulator
def test_long_work_is_not_a_hang(tmp_path: Path) -> None:
    """One packet of frames keeps the board busy for 45 million instructions without a byte."""
    board, model = boards.load("nrf52840"), random_model(2, units=200, ratio=1, inputs=8)
    built = build.build(model, board, "stream", tmp_path / "b", kernels="plain")
    result = on_emulator.run(built, verify.sequences(model, 1, 90, []), "unicorn")
    assert result.comparison.mismatches == 0
    assert 75 * result.instructions_per_frame > 40e6
