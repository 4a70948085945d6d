# SPDX-License-Identifier: Apache-2.0
"""Profiles of whole images: every part adds up to the instructions of the step, exactly."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, pack, strips
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.proof import on_emulator, verify
from mcu_ghost.proof.profile import page, profile
from mcu_ghost.proof.profile.attribution import Node
from mcu_ghost.proof.profile.profile import Profile
from tests.cli.in_process import ghost, refusal
from tests.conftest import need
from tests.image_networks import Growing, pooled
from tests.pages import Reader

emulator = pytest.mark.emulator
pytest.importorskip("capstone", reason="pip install 'mcu-ghost[emulate]'")
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")


def two_layers(head_per_frame: bool = True) -> Model:
    return random_model(3, units=18, ratio=2, inputs=7, layers=2, classes=5,
                        head_per_frame=head_per_frame)  # fmt: skip


def profiled(
    folder: Path, name: str, model: Model, kind: str | None = None, frames: int = 9
) -> Profile:
    board = boards.load(name)
    if board.emulators.order == ("qemu",):
        need("qemu-system-arm", "qemu-system-arm")
    built = build.build(model, board, "stream", folder / f"{name}-{kind}", kind)
    return profile.run(built, frames)


def adds_up(found: Profile) -> None:
    """Assert that each way of splitting a frame gives the frame."""
    frames, frame = found.frames, found.instructions_per_frame
    whole = round(frame * frames)
    assert whole == pytest.approx(frame * frames, abs=1e-6)
    for parts in (
        [layer.instructions for layer in found.layers],
        [function.own for function in found.functions],
        found.mix.values(),
        [block.instructions for block in found.blocks],
    ):
        assert round(sum(parts) * frames, 3) == whole
    for block in found.blocks:
        assert block.instructions == pytest.approx(block.executions * len(block.listing))

    def check(node: Node) -> float:
        below = sum(check(child) for child in node.children.values())
        assert not node.children or below == pytest.approx(node.instructions)
        return node.instructions

    assert check(found.flame) == pytest.approx(frame)


@emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nrf52840", "microbit", "mps2-an385", "mps2-an505", "mps3-an547"])
def test_parts_add_up_on_every_kind_of_core(name: str, kind: str, tmp_path: Path) -> None:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    model = two_layers()
    found = profiled(tmp_path, name, model, kind)
    adds_up(found)
    assert found.frames == 9 and found.toolchain == kind
    assert [(layer.name, layer.macs) for layer in found.layers] == [
        ("ghost_gru_0", model.steps[0].macs),
        ("ghost_gru_1", model.steps[1].macs),
        ("fully_connected_2", 18 * 5),
        ("softmax_3", 0),
        ("step", 0),
    ]
    assert found.macs_per_frame == sum(step.macs for step in model.steps)
    assert all(layer.instructions > layer.macs / 16 for layer in found.layers)
    functions = {function.name: function for function in found.functions}
    assert functions["random_step"].inclusive == pytest.approx(found.instructions_per_frame)
    assert re.fullmatch(r"model\.c:\d+", functions["random_step"].source)
    kernel = functions["ghost_gru_step_s8"]
    both = found.layers[0].instructions + found.layers[1].instructions
    assert kernel.inclusive == pytest.approx(both) and kernel.own <= kernel.inclusive
    sources = {line.source.rpartition(":")[0] for block in found.blocks for line in block.listing}
    assert {"model.c", "kernels/plain/ghost_softmax_s8.c"} <= sources
    if name != "nrf52840":
        assert found.estimate is None and found.layers[0].cycles is None
    else:
        guess = found.estimate
        assert guess is not None and guess.with_wait_states is not None
        assert found.instructions_per_frame < guess.fastest < guess.cycles < guess.slowest
        assert guess.slowest < guess.with_wait_states < 5 * found.instructions_per_frame
        parts = [layer.cycles or 0.0 for layer in found.layers]
        assert sum(parts) == pytest.approx(guess.cycles)
        for layer in found.layers[:2]:
            assert layer.cycles is not None and layer.cycles > layer.instructions


@emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_what_is_called_in_a_loop_counts_for_its_layer(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a matrix, and a convolution that takes turns with its pool."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    monkeypatch.setattr(strips, "LEAST_MACS", 0)
    images, rows = pooled(3), Growing(0, (4, 16))
    rows.add(FullyConnected, outputs=8)
    for number, model in enumerate((images.model({}), rows.model({}))):
        found = profiled(tmp_path / str(number), "nrf52840", model, kind, 2)
        adds_up(found)
        assert [layer.name for layer in found.layers[:-1]] == [p.name for p in pack.pack(model)]
        assert found.layers[-1].instructions < found.instructions_per_frame / 8
        assert all(layer.instructions > layer.macs / 2 for layer in found.layers)


@emulator
def test_the_total_is_what_test_reports(tmp_path: Path) -> None:
    board, model = boards.load("nrf52840"), two_layers()
    built = build.build(model, board, "stream", tmp_path / "b")
    result = on_emulator.run(built, verify.sequences(model, 1, 20, []))
    found = profile.run(built, 20)
    assert found.instructions_per_frame == result.instructions_per_frame


@emulator
def test_two_emulators_agree_to_the_instruction(tmp_path: Path) -> None:
    """QEMU, instruction by instruction, against Unicorn, block by block."""
    need("qemu-system-arm", "qemu-system-arm")
    board, model = boards.load("mps2-an386"), two_layers()
    built = build.build(model, board, "stream", tmp_path / "b")
    one, other = (profile.run(built, 5, e) for e in ("unicorn", "qemu"))
    assert (one.emulator, other.emulator) == ("unicorn", "qemu")
    for name in ("instructions_per_frame", "layers", "functions", "mix", "estimate"):
        assert getattr(one, name) == getattr(other, name), name
    assert set(one.blocks) == set(other.blocks)


@emulator
def test_a_head_at_the_end_is_not_of_the_frame(tmp_path: Path) -> None:
    model = two_layers(head_per_frame=False)
    found = profiled(tmp_path, "nrf52840", model)
    adds_up(found)
    assert [layer.name for layer in found.layers] == ["ghost_gru_0", "ghost_gru_1", "step"]
    assert found.macs_per_frame == sum(step.macs for step in model.body)


@emulator
def test_start_up_is_counted_to_the_first_frame(tmp_path: Path) -> None:
    model = two_layers()
    counted = []
    for name, engine in (
        ("nrf52840", "unicorn"),
        ("mps2-an386", "unicorn"),
        ("mps2-an386", "qemu"),
    ):
        board = boards.load(name)
        built = build.build(model, board, "selftest", tmp_path / name)
        counted.append(profile.start_up(built, engine))
    assert all(1000 < count < 5000 for count in counted)
    assert counted[1] == pytest.approx(counted[2], rel=0.1)  # it polls its UART once a letter
    streaming = build.build(model, board, "stream", tmp_path / "stream")
    with pytest.raises(GhostError, match="Only a selftest image starts by itself"):
        profile.start_up(streaming)


@emulator
def test_a_wrong_image_is_refused(tmp_path: Path) -> None:
    board, model = boards.load("nrf52840"), two_layers()
    built = build.build(model, board, "stream", tmp_path / "b", kernels="plain")
    data = bytearray(built.elf.read_bytes())
    kernel = model.layers[0].kernel.tobytes()[:40]
    at = data.find(kernel)
    if at < 0:
        pytest.fail("the kernel's weights are not in the image as they are in the model")
    data[at : at + 40] = bytes(40)
    built.elf.write_bytes(data)
    with pytest.raises(GhostError, match="The image is wrong: .*expected"):
        profile.run(built, 9)


def test_boards_that_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = boards.load("nrf52840")
    with pytest.raises(GhostError, match="renode cannot profile: take unicorn or qemu."):
        profile.choose(board, "renode")
    only = dataclasses.replace(board.emulators, order=("renode",))
    with pytest.raises(
        GhostError, match="no emulator that can profile. Boards that do: .*microbit"
    ):
        profile.choose(dataclasses.replace(board, emulators=only))
    with pytest.raises(GhostError, match="does not run on 'qemu'"):
        profile.choose(board, "qemu")


@emulator
@pytest.mark.parametrize("name", ["nrf52840", "microbit"])
def test_the_page_stands_alone(name: str, tmp_path: Path) -> None:
    found = profiled(tmp_path, name, two_layers())
    found = dataclasses.replace(found, model="a<b>&c")
    text = page.page(found)
    reader = Reader(text)
    assert reader.links == [] and "a&lt;" not in text.partition("<script>")[2]
    assert "a<b>" not in text and "a&lt;b&gt;&amp;c" in text
    bars = re.findall(r'<g class="hit c\d" tabindex="0"><title>([^<]+)</title><rect class="f\d"'
                      r' x="([0-9.]+)" y="(\d+)" width="([0-9.]+)"', text)  # fmt: skip
    assert bars[0][0].startswith("random_step: ") and float(bars[0][3]) > 1000
    assert any(title.startswith("ghost_gru_1: ") for title, *_ in bars)
    assert all(float(x) + float(width) <= 1081 for _, x, _, width in bars)
    said = {title.split("\n")[0]: title for title, _ in reader.hits}
    for layer in found.layers:
        assert (
            said[layer.name]
            == f"{layer.name}\n{count(layer.instructions, 'instruction')} per frame"
        )
    for kind, number in found.mix.items():
        assert f"{kind}: {count(number, 'instruction')}" in text
    guess = found.estimate
    assert (guess is not None) == (name == "nrf52840")
    assert ("What the estimate of cycles assumes" in text) == (guess is not None)


@emulator
def test_the_command_line(tmp_path: Path) -> None:
    model, page = tmp_path / "m.tflite", tmp_path / "p.html"
    write.write(two_layers(), model)
    words = ["profile", "-b", "nrf52840", "-m", str(model), "--frames", "5"]
    result = ghost(*words, "--json", "--html", str(page))
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["frames"] == 5 and "flame" not in data
    per_mac = data["instructions_per_frame"] / data["macs_per_frame"]
    assert data["instructions_per_mac"] == pytest.approx(per_mac, abs=0.01)
    assert sum(data["mix"].values()) == pytest.approx(data["instructions_per_frame"], abs=0.1)
    assert any("not a measurement" in sentence for sentence in data["estimate"]["assumptions"])
    assert data["blocks"][0]["listing"][0]["text"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    result = ghost(*words)
    assert result.returncode == 0 and result.stderr == ""
    for word in ("ghost_gru_1", "instructions per frame", "(emulated)", "(estimated)", "multiply",
                 "kernels/", "not a measurement"):  # fmt: skip
        assert word in result.stdout, word


@pytest.mark.slow
def test_refusals_of_the_command_line() -> None:
    assert "Did you mean 'nrf52840'" in refusal("profile", "-b", "nrf5284")
    assert "does not run on 'qemu'" in refusal("profile", "-b", "nrf52840", "--emulator", "qemu")
