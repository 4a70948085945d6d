# SPDX-License-Identifier: Apache-2.0
"""Files, and what only looks like one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.cli import convert
from mcu_ghost.host import arrays, files, schema
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tflite import read
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.sound import audio, recording

KINDS = {
    "pipe": "is a pipe, no file", "socket": "is a socket, no file", "device": "is a device",
    "folder": "is a folder, no file", "nothing": "there is no such file",
    "dangling": "a link to nothing",
    "loop": "cannot be read (Too many levels of symbolic links)",
    "to-pipe": "is a pipe, no file", "below": "cannot be read (Not a directory)",
    "a\0b": "embedded null ",
}  # fmt: skip


def make(kind: str, folder: Path, suffix: str = "") -> Path:
    """Make one of `KINDS` and return where it is."""
    path = folder / f"{kind}{suffix}"
    if kind in ("pipe", "to-pipe"):
        os.mkfifo(folder / f"pipe{suffix}")
    if kind == "to-pipe":
        path.symlink_to(folder / f"pipe{suffix}")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(folder)  # the longest name of a socket is short
            server.bind(path.name)
    elif kind == "folder":
        path.mkdir()
    elif kind == "dangling":
        path.symlink_to(folder / "gone")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below":
        (folder / "file").write_text("")
        return folder / "file" / "below"
    return path


@pytest.fixture(autouse=True)
def stay() -> Iterator[None]:
    """Come back from where a socket was made."""
    before = Path.cwd()
    yield
    os.chdir(before)


READERS = {
    ".bin": lambda path: files.read_file(path, 100),
    ".wav": recording.decode,
    ".flac": audio.read,
    ".tflite": read.load,
    ".toml": lambda path: schema.read(path, Project),
    ".json": convert._read_metadata,
    ".npy": arrays.read,
    ".npz": arrays.read,
    ".csv": arrays.read,
}


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_at_once(kind: str, suffix: str, tmp_path: Path) -> None:
    path, begun = make(kind, tmp_path, suffix), time.monotonic()
    with pytest.raises(GhostError) as caught:
        READERS[suffix](path)
    assert str(caught.value).startswith(f"{path}: ") and KINDS[kind] in str(caught.value)
    assert "ffmpeg" not in str(caught.value) and time.monotonic() - begun < 2


def test_a_board_that_is_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boards").mkdir()
    os.mkfifo(tmp_path / "boards" / "mine.toml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GhostError, match="There is no board 'mine'"):
        boards.load("mine")


def test_a_file_is_read_as_far_as_is_asked_for(tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode(b"\xff.bin")
    name.write_bytes(b"abc")
    assert [files.read_file(name, most) for most in (0, 2, 3, 9)] == [b"", b"ab", b"abc", b"abc"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "a").chmod(0)
    with pytest.raises(GhostError, match=r"cannot be read \(Permission denied\)"):
        files.read_file(tmp_path / "a", 1)


def test_text_with_bytes_that_are_no_utf8_is_written(tmp_path: Path) -> None:
    assert files.write_text(tmp_path / "a", "ö \udcff")
    assert (tmp_path / "a").read_text("utf-8") == "ö \\udcff"
    assert not files.write_text(tmp_path / "a", "ö \udcff")


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, MemoryError])
def test_ended_while_it_writes_nothing_is_left(
    end: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def killed(*_: object) -> None:
        raise end

    monkeypatch.setattr(Path, "chmod", killed)
    with pytest.raises(end):
        files.write_bytes(tmp_path / "a", b"after")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"before")]


def header(shape: str, descr: str = "'<f4'") -> bytes:
    """Return a .npy file of 64 bytes of numbers that says of itself what it is told to."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        header("(1000000000000,)"), header("(4, 1 << 62)"), header("(2**70,)"), header("(-4,)"),
        header("(1,)", "'|O'"), header("(1180591620717411303424,)"),
        header("(9223372036854775807, 9)"),
        header("('a',)"), b"", b"\x93NUMPY", b"PK\3\4" + bytes(90), b"(lp0\n.", b"\x80\4N.",
    ],
)  # fmt: skip
def test_calibration_that_is_no_array(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(GhostError, match="not a NumPy .np[yz] ar"):
        arrays.read(path)


def test_calibration_of_several_arrays_or_far_too_much(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(GhostError, match=r"holds 2 arrays \(a, b\)"):
        arrays.read(tmp_path / "x.npz")
    with (tmp_path / "big.npy").open("wb") as file:
        file.write(header(f"({1 << 30},)", "'|i1'")[:-64])
        file.truncate(file.tell() + (1 << 30))
    with pytest.raises(GhostError, match="some thousand frames are enough"):
        arrays.read(tmp_path / "big.npy")
    np.save(tmp_path / "good.npy", np.arange(6.0).reshape(1, 2, 3))
    assert arrays.read(tmp_path / "good.npy").tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 50_000, "\x00", "[1]", "{"])
def test_metadata_that_are_no_object(content: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(GhostError, match="JSON"):
        convert._read_metadata(tmp_path / "m.json")
