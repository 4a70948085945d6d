# SPDX-License-Identifier: Apache-2.0
"""One road to a proof, whatever the app: built, run, compared."""

from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.build.apps import APPS, ProofKind
from mcu_ghost.emulate import Machine
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import prove, selftest
from mcu_ghost.sound.lines import Line, Word
from tests.listeners import listener

MODEL = random_model(5, units=12, ratio=2, inputs=5, classes=3)
MICROBIT = boards.load("microbit")


def test_every_kind_of_proof_is_known() -> None:
    assert set(prove._KINDS) == set(typing.get_args(ProofKind))
    assert {app.proof for app in APPS.values()} <= set(prove._KINDS)


def test_what_is_refused_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    out = tmp_path / "b"
    with pytest.raises(GhostError, match="no app 'steam'"):
        prove.prove(MODEL, MICROBIT, "steam", out)
    with pytest.raises(GhostError, match="does not run on 'qmeu'"):
        prove.prove(MODEL, MICROBIT, out=out, emulator="qmeu")
    with pytest.raises(GhostError, match="none.wav: .*no such file|does not say how"):
        prove.prove(MODEL, MICROBIT, out=out, recordings=[tmp_path / "none.wav"])
    with pytest.raises(GhostError, match="microbit has no microphone"):
        prove.prove(listener(), MICROBIT, "kws", out)
    assert not out.exists()


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_stream_image(tmp_path: Path) -> None:
    stages: list[tuple[str, float, float | None]] = []
    proof = prove.prove(MODEL, MICROBIT, out=tmp_path / "b", toolchain="zig", cases=2, frames=7,
                        progress=lambda *told: stages.append(told))  # fmt: skip
    assert proof.built.app is APPS["stream"] and proof.built.model is MODEL
    assert proof.built.board is MICROBIT and proof.built.toolchain == toolchain.find("zig")
    assert (proof.comparison.cases, proof.comparison.frames, proof.comparison.mismatches) == (
        2,
        14,
        0,
    )
    assert proof.sound is None and proof.instructions_per_frame > 100
    assert 0 < proof.ram_used < proof.built.ram_bytes
    assert stages[0] == ("building", 0, None)
    assert {name for name, _, _ in stages[1:]} == {"emulating frames"}
    assert sum(done for _, done, _ in stages) == 14 and stages[-1][2] == 14
    assert proof.as_json()["board"] == "microbit" and json.dumps(proof.as_json())
    again = prove.image(proof.built, prove.Trial(cases=1, frames=7))
    assert again.comparison.cases == 1 and again.comparison.mismatches == 0


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_temporary_folder_is_gone_afterwards() -> None:
    proof = prove.prove(MODEL, MICROBIT, toolchain="zig", cases=1, frames=3)
    assert proof.comparison.mismatches == 0
    assert not proof.built.elf.exists() and not proof.built.elf.parent.parent.exists()


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize(("board", "engine"), [("microbit", "unicorn"), ("mps2-an386", "qemu")])
def test_a_selftest_image(board: str, engine: str, tmp_path: Path) -> None:
    target = boards.load(board)
    proof = prove.prove(MODEL, target, "selftest", tmp_path / "b", toolchain="zig", emulator=engine)
    assert proof.emulator == engine
    assert (proof.comparison.cases, proof.comparison.frames, proof.comparison.mismatches) == (
        4,
        32,
        0,
    )
    assert (
        proof.comparison.first == "" and proof.comparison.recognised == () and proof.sound is None
    )
    assert 0 < proof.stack_used < proof.stack_size == 2048
    frames = prove.prove(MODEL, target, toolchain="zig", emulator=engine, cases=4, frames=8)
    assert proof.instructions_per_frame == pytest.approx(frames.instructions_per_frame, rel=0.05)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_a_wrong_selftest_image_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    built = build.build(MODEL, MICROBIT, "selftest", folder, "zig")
    source = folder / "golden.c"
    text = source.read_text()
    place = text.index("{", text.index("golden_outputs[")) + 1
    first = text[place:].split(",")[0].strip()
    other = "1" if first == "0" else "0"
    source.write_text(text[:place] + text[place:].replace(first, other, 1))
    elf = toolchain.build(folder, "selftest", toolchain.find("zig"))
    report = prove.image(dataclasses.replace(built, elf=elf), prove.Trial()).comparison
    assert (report.cases, report.mismatches) == (4, 1)
    assert report.first == f"case 0 output 0: expected {other}, got {first}"


def test_an_image_that_ends_early_proves_nothing() -> None:
    class Silent:
        said = [b"mcu-ghost 9.9 selftest dummy\ncase 0 ok\n"]

        def read(self, timeout: float) -> bytes:
            return self.said.pop() if self.said else b""

    text = selftest._text(typing.cast(Machine, Silent()), 0.1)
    assert text.endswith("case 0 ok\n") and not selftest._VERDICT.search(text)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_an_image_that_listens(tmp_path: Path) -> None:
    board, heard = boards.load("nrf52840"), list[tuple[Line, str]]()
    clips = resources.demo_clips()[:2]
    proof = prove.prove(listener(), board, "kws", tmp_path / "b", recordings=clips, seconds=0.5,
                        on_line=lambda *told: heard.append(told))  # fmt: skip
    found, report = proof.sound, proof.comparison
    assert found is not None and found.differences == () and report.mismatches == 0
    assert report.cases == 3 and report.first == ""
    assert [one.file for one in report.recognised] == [clip.name for clip in clips]
    # The network runs for every other hop.
    assert (
        report.frames == found.frames
        and found.cpu_load.hops // 2 - 1 <= found.frames <= found.cpu_load.hops // 2
    )
    network = next(i.instructions for i in found.cpu_load.items if i.name == "network")
    assert proof.instructions_per_frame == pytest.approx(2 * network, rel=0.01)
    stack = found.statuses[-1].stack
    assert (proof.stack_used, proof.stack_size) == (stack.used, stack.size)
    words = [(line.word, name) for line, name in heard if isinstance(line, Word)]
    assert words == [(w.word, part.name) for part in found.parts for w in part.words]
    assert "frames" not in found.as_json()
    assert prove.emulators(proof.built) == ("unicorn",)


@pytest.mark.emulator
@pytest.mark.toolchain
def test_listen_is_a_proof_of_what_was_heard() -> None:
    found = prove.listen(listener(), boards.load("nrf52840"), seconds=0.3)
    assert [part.name for part in found.parts] == [""] and found.differences == ()
