# SPDX-License-Identifier: Apache-2.0
"""The build folder: one build at a time, never half of two, and never over somebody's own work."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import folder, lock, manifest
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError

OLD = {"model.c": "old", "apps/stream.c": "same", "golden.c": "old only"}
NEW = {"model.c": "new", "apps/stream.c": "same", "drivers/uart.c": "new only"}
OLD_IMAGE = {"firmware.elf": "old", "firmware.bin": "old", "firmware.uf2": "old"}
NEW_IMAGE = {"firmware.elf": "new", "firmware.bin": "new"}


def fill(place: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def found(place: Path, *, image: bool) -> dict[str, str]:
    names = [p for p in sorted(place.rglob("*")) if p.is_file() and p.name != manifest.NAME]
    return {
        p.relative_to(place).as_posix(): p.read_text()
        for p in names
        if p.name.startswith("firmware") == image and not p.name.startswith(".")
    }


def build(
    out: Path, made: Path, texts: dict[str, str], image: dict[str, str], force: bool = False
) -> None:
    """Do what a build does to its folder."""
    number = len(list(made.iterdir()))
    with lock.hold(out):
        manifest.replace_files(fill(made / f"project {number}", texts), out, force)
        manifest.replace_image(fill(made / f"image {number}", image), out)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return tmp_path / "made"


@pytest.fixture
def out(tmp_path: Path, made: Path) -> Path:
    build(tmp_path / "out", made, OLD, OLD_IMAGE)
    return tmp_path / "out"


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], bool]:
    """Kill at the write, removal or renaming with a number; return whether it came to that."""
    count = 0

    def dies(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count >= after:
                if real is real_write and isinstance(path := arguments[0], Path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.with_name(f".{path.name}.h4lf_0ne").write_text("half")
                raise Killed
            return real(*arguments, **named)

        return call

    real_write = files.write_bytes
    monkeypatch.setattr(files, "write_bytes", dies(real_write))
    monkeypatch.setattr(Path, "unlink", dies(Path.unlink))
    monkeypatch.setattr(Path, "replace", dies(Path.replace))
    return lambda: count >= after


@pytest.mark.parametrize("first", [True, False])
def test_a_build_that_dies_anywhere(
    first: bool, tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is the old image, or the new, or none that is taken; and the next build works."""
    for after in range(1, 100):
        out = tmp_path / f"out {after}"
        if not first:
            build(out, made, OLD, OLD_IMAGE)
        with monkeypatch.context() as patch:
            died = dying(patch, after)
            try:
                build(out, made, NEW, NEW_IMAGE)
            except Killed:
                pass
            if not died():
                break
        try:
            manifest.validate_image(out)
        except GhostError as error:
            assert "Build again." in str(error)
        else:
            assert found(out, image=True) in (OLD_IMAGE, NEW_IMAGE)
        build(out, made, NEW, NEW_IMAGE)
        manifest.validate_image(out)
        assert found(out, image=True) == NEW_IMAGE
        assert found(out, image=False) == NEW
    assert after > 12


def test_a_later_model_leaves_nothing_of_an_earlier_one(out: Path, made: Path) -> None:
    before = (out / "apps" / "stream.c").stat().st_mtime_ns
    build(out, made, NEW, NEW_IMAGE)
    assert found(out, image=False) == NEW and found(out, image=True) == NEW_IMAGE
    assert (out / "apps" / "stream.c").stat().st_mtime_ns == before  # so it is not compiled again
    assert {p.name for p in out.iterdir() if p.is_file()} == {
        "model.c", *NEW_IMAGE, manifest.NAME, lock.NAME}  # fmt: skip


@pytest.mark.parametrize("name", ["model.c", "apps/stream.c", "golden.c"])
def test_what_was_edited_by_hand_is_not_overwritten(name: str, out: Path, made: Path) -> None:
    (out / name).write_text("my own")
    with pytest.raises(GhostError, match=f"edited by hand .*: {name}. Nothing .*build --force -o"):
        build(out, made, NEW, NEW_IMAGE)
    assert (out / name).read_text() == "my own"
    manifest.validate_image(out)
    build(out, made, NEW, NEW_IMAGE, force=True)
    assert found(out, image=False) == NEW


def test_what_is_no_edit(out: Path, made: Path) -> None:
    (out / "golden.c").unlink()
    (out / "model.c").write_text("new")  # as it will be
    (out / "user").mkdir()
    (out / "user" / "mine.c").write_text("my own")
    build(out, made, NEW, NEW_IMAGE)
    assert (out / "user" / "mine.c").read_text() == "my own"
    for texts in (OLD, NEW, OLD, NEW):  # two versions in turn
        build(out, made, texts, NEW_IMAGE)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2}', '{"format": 1, "files": {"../a": []}}']
)
def test_a_manifest_that_cannot_be_read(text: str, out: Path, made: Path) -> None:
    (out / manifest.NAME).write_text(text)
    with pytest.raises(GhostError, match="Delete the folder, or choose another"):
        build(out, made, NEW, NEW_IMAGE)
    assert found(out, image=False) == OLD


def test_an_image_of_two_builds_is_not_flashed(
    out: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    board = boards.load("nrf52840")
    image = Path(folder.BUILDS) / "nrf52840-stream" / "firmware.elf"
    image.parent.parent.mkdir()
    out.rename(image.parent)
    with folder.built_image(board) as last:
        assert last == image
    for name in ("firmware.bin", "firmware.elf"):
        before = image.with_name(name).read_text()
        image.with_name(name).write_text("of another build")
        with pytest.raises(GhostError, match=f"{name}: .* Build again"), folder.built_image(board):
            pass
        image.with_name(name).write_text(before)
    (image.parent / manifest.NAME).unlink()
    with pytest.raises(GhostError, match="Build again"), folder.built_image(board):
        pass


def test_which_of_several_images_must_be_said(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    board = boards.load("nrf52840")
    with (
        pytest.raises(GhostError, match="build --board nrf52840` makes"),
        folder.built_image(board),
    ):
        pass
    Path(folder.BUILDS).mkdir()
    shutil.copytree(out, folder.place(board, "stream"))
    with pytest.raises(GhostError, match="--app kws` makes one"), folder.built_image(board, "kws"):
        pass
    shutil.copytree(out, folder.place(board, "kws"))
    with pytest.raises(GhostError, match="--app kws or --app stream"), folder.built_image(board):
        pass
    with folder.built_image(board, "kws") as chosen:
        assert chosen == folder.place(board, "kws") / "firmware.elf"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(GhostError, match="choose another folder with -o"), lock.hold(tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(GhostError, match="not a folder"), lock.hold(tmp_path / "thesis.txt"):
        pass


HOLDER = """
import sys, time
from pathlib import Path
from mcu_ghost.build import lock
with lock.hold(Path(sys.argv[1])), lock.hold(Path(sys.argv[1])):  # as a verb and its build do
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
    Path(sys.argv[1], "done").touch()
"""


def holder(out: Path, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLDER, str(out), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    return process


def test_who_comes_second_waits_and_is_told(out: Path) -> None:
    told: list[str] = []
    with holder(out, 0.5), lock.hold(out, told.append):
        assert (out / "done").exists()
    assert told == [f"{out}: another build in this folder is under way; waiting for it …"]
    with lock.hold(out, told.append):
        assert len(told) == 1


def test_a_killed_build_locks_nobody_out(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with holder(out, 600) as process:
        process.kill()
        process.wait()
        begun = time.monotonic()
        with lock.hold(out):
            assert time.monotonic() - begun < 5
