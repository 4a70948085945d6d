# SPDX-License-Identifier: Apache-2.0
"""Fetching by name, against a server that behaves as badly as the tests ask for."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import fetch
from mcu_ghost.sound.data.fetch import Archive

FILES = {"yes/a_nohash_0.wav": b"y" * 300_000, "no/b_nohash_0.wav": b"n" * 200_000}


def tar(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


class Server:
    """Serves one file.

    Attributes:
        content: The file.
        ranges: Whether ranges are honoured.
        cuts: Bytes sent before the connection is closed, for each of the next requests.
        asked: The `Range` header of each request.
        status: 200, or the error that every request gets.
        moved: Where every request is sent on to.
        sized: Whether the length of the body is said.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.ranges, self.status = content, True, 200
        self.cuts: list[int] = []
        self.moved = ""
        self.sized = True
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/set.tar.gz"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.headers["Range"])
        if self.status != 200:
            request.send_error(self.status)
            return
        if self.moved:
            request.send_response(302)
            request.send_header("Location", self.moved)
            request.end_headers()
            return
        start = int(self.asked[-1].split("=")[1][:-1]) if self.ranges else 0
        body = self.content[start:]
        request.send_response(206 if self.ranges else 200)
        if self.ranges:
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.content)}")
        if self.sized:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked may have read enough
            request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(tar(FILES))
    yield made
    made.http.shutdown()
    made.http.server_close()


def archive(server: Server) -> Archive:
    digest = hashlib.sha256(server.content).hexdigest()
    return Archive("toy", server.url, digest, len(server.content), "nobody")


def unpacked(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_whole_download(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    fetch.fetch(archive(server), tmp_path / "a" / "set", None, lambda *p: seen.append(p))
    assert unpacked(tmp_path / "a" / "set") == FILES
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["set"]
    assert [*dict.fromkeys(p[0] for p in seen)] == ["downloading", "verifying", "unpacking"]
    assert ("downloading", len(server.content), len(server.content)) in seen


def test_a_closed_connection_goes_on_by_itself(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 70_000]
    fetch.fetch(archive(server), tmp_path / "set")
    assert server.asked == ["bytes=0-", "bytes=100000-", "bytes=170000-"]
    assert unpacked(tmp_path / "set") == FILES


def test_an_interrupted_run_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 0, 0]
    with pytest.raises(GhostError, match="cannot be downloaded.*run the same command again"):
        fetch.fetch(archive(server), tmp_path / "set")
    assert not (tmp_path / "set").exists()
    assert (tmp_path / "set.tar.gz.part").stat().st_size == 100_000
    fetch.fetch(archive(server), tmp_path / "set")
    assert server.asked[-1] == "bytes=100000-"
    assert unpacked(tmp_path / "set") == FILES


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "set.tar.gz.part").write_bytes(b"x" * 1000)
    fetch.fetch(archive(server), tmp_path / "set")
    assert unpacked(tmp_path / "set") == FILES


def test_a_page_in_place_of_the_file_costs_nothing(server: Server, tmp_path: Path) -> None:
    wanted = archive(server)
    part = tmp_path / "set.tar.gz.part"
    part.write_bytes(server.content[:1000])
    server.content, server.ranges = b"<html>Please log in</html>", False
    with pytest.raises(GhostError, match="it has 26 bytes, not"):
        fetch.fetch(wanted, tmp_path / "set")
    assert part.stat().st_size == 1000


def test_a_wrong_file_is_put_aside_and_never_used(server: Server, tmp_path: Path) -> None:
    wanted = archive(server)
    server.content = server.content[:-1] + b"!"
    with pytest.raises(GhostError, match="not the archive that was published.*put aside"):
        fetch.fetch(wanted, tmp_path / "set")
    assert [p.name for p in tmp_path.iterdir()] == ["set.tar.gz.wrong"]
    server.content = tar(FILES)
    fetch.fetch(wanted, tmp_path / "set")
    assert unpacked(tmp_path / "set") == FILES


def test_not_found(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(GhostError, match=r"404 Not Found.*fetch toy --out .*set --archive FILE"):
        fetch.fetch(archive(server), tmp_path / "set")
    assert len(server.asked) == 1 and not list(tmp_path.iterdir())


def test_no_network_and_an_archive_from_elsewhere(server: Server, tmp_path: Path) -> None:
    wanted = archive(server)
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(GhostError, match="Connection refused.*--archive FILE"):
        fetch.fetch(wanted, tmp_path / "set")
    file = tmp_path / "stick.tar.gz"
    file.write_bytes(server.content)
    fetch.fetch(wanted, tmp_path / "set", file)
    assert unpacked(tmp_path / "set") == FILES and file.is_file()
    file.write_bytes(b"something else")
    with pytest.raises(GhostError, match="not the archive that was published.*Download it again"):
        fetch.fetch(wanted, tmp_path / "other", file)
    assert file.is_file() and not (tmp_path / "other").exists()
    with pytest.raises(GhostError, match="no such file"):
        fetch.fetch(wanted, tmp_path / "other", tmp_path / "none")


def test_a_full_disk_loses_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while downloading nor while unpacking."""
    wanted = archive(server)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "_CHUNK", 100_000)
        chunks: list[int] = []

        def progress(what: str, done: int, total: int) -> None:
            chunks.append(done)
            if len(chunks) == 2:
                full()

        with pytest.raises(GhostError, match="No space left on device.*Nothing is lost"):
            fetch.fetch(wanted, tmp_path / "set", None, progress)
    assert (tmp_path / "set.tar.gz.part").stat().st_size == 200_000
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(GhostError, match="No space left on device"):
            fetch.fetch(wanted, tmp_path / "set")
    assert server.asked == ["bytes=0-", "bytes=200000-"]
    assert [p.name for p in tmp_path.iterdir()] == ["set.tar.gz.part"]
    fetch.fetch(wanted, tmp_path / "set")
    assert len(server.asked) == 2  # nothing is downloaded twice
    assert unpacked(tmp_path / "set") == FILES


def test_an_archive_cannot_write_outside(server: Server, tmp_path: Path) -> None:
    server.content = tar({"../evil.wav": b"e" * 1000})
    with pytest.raises(GhostError, match="cannot be unpacked"):
        fetch.fetch(archive(server), tmp_path / "deep" / "set")
    assert not (tmp_path / "deep" / "evil.wav").exists() and not (tmp_path / "evil.wav").exists()
    assert not (tmp_path / "deep" / "set").exists()


def members(*infos: tuple[str, bytes, str]) -> bytes:
    """Return a tar of (name, type, target of a link, or content) as they are, however bad."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, kind, what in infos:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, what if kind != tarfile.REGTYPE else ""
            member.size = len(what) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(what.encode()))
    return content.getvalue()


LONG = "d" * 200


@pytest.mark.parametrize(
    "content",
    [
        # Links that lead to links, further than the longest path that is resolved.
        members(
            *(("/".join([LONG] * (i + 1)), tarfile.DIRTYPE, "") for i in range(8)),
            ("up", tarfile.SYMTYPE, "/".join([LONG] * 8)),
            ("out", tarfile.SYMTYPE, "up/" + "../" * 9),
            ("out/evil.wav", tarfile.REGTYPE, "evil"),
        ),
        members(("a", tarfile.SYMTYPE, ".."), ("a/evil.wav", tarfile.REGTYPE, "evil")),
        members(("a", tarfile.SYMTYPE, "yes"), ("yes/b.wav", tarfile.REGTYPE, "b")),
        members(("a.wav", tarfile.LNKTYPE, "../secret")),
        members(("a.wav", tarfile.FIFOTYPE, "")),
        members(("a.wav", tarfile.CHRTYPE, "")),
        members(("/tmp/evil.wav", tarfile.REGTYPE, "evil")),
        members(("yes/../../evil.wav", tarfile.REGTYPE, "evil")),
        members(("yes", tarfile.REGTYPE, "y"), ("yes/a.wav", tarfile.REGTYPE, "a")),
        members(("yes/a.wav", tarfile.REGTYPE, "a"), ("yes", tarfile.REGTYPE, "y")),
        tar(FILES)[:250_000],
        b"\x1f\x8b" + b"no gzip" * 100,
        b"no tar",
    ],
)  # fmt: skip
def test_an_archive_of_anything_but_files_and_folders_is_refused(
    content: bytes, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "secret").write_text("mine")
    server.content = content
    with pytest.raises(GhostError, match="cannot be unpacked"):
        fetch.fetch(archive(server), tmp_path / "deep" / "set")
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")}
    assert found == {"deep", "secret", "deep/set.tar.gz.part"}
    assert not Path("/tmp/evil.wav").exists()


def test_folders_and_names_of_any_bytes(server: Server, tmp_path: Path) -> None:
    name = os.fsdecode(b"yes/\xff_0.wav")
    server.content = members(("no", tarfile.DIRTYPE, ""), (name, tarfile.REGTYPE, "y"))
    fetch.fetch(archive(server), tmp_path / "set")
    assert unpacked(tmp_path / "set") == {name: b"y"} and (tmp_path / "set" / "no").is_dir()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_body_without_a_length_has_no_more_than_was_asked_for(
    ranges: bool, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_CHUNK", 50_000)
    wanted = archive(server)
    server.sized, server.ranges = False, ranges
    fetch.fetch(wanted, tmp_path / "whole")
    assert unpacked(tmp_path / "whole") == FILES
    part = tmp_path / "set.tar.gz.part"
    part.write_bytes(server.content[:1000])
    server.content += b"x" * 50_000_000
    largest = 0

    def progress(*_: object) -> None:
        nonlocal largest
        largest = max(largest, part.stat().st_size)

    size = text.count(wanted.size)
    with pytest.raises(GhostError, match=f"it has .*not {size}|more than {size}"):
        fetch.fetch(wanted, tmp_path / "set", None, progress)
    assert largest <= wanted.size and part.stat().st_size == (1000 if ranges else 0)


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_it_is_not_led_to_another_kind_of_place(where: str, server: Server, tmp_path: Path) -> None:
    server.moved = where
    with pytest.raises(GhostError, match="cannot be downloaded.*(which is not followed|ftp|file)"):
        fetch.fetch(archive(server), tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_it_is_led_on_but_never_from_https_to_http(server: Server, tmp_path: Path) -> None:
    wanted = archive(server)
    other = Server(server.content)
    server.moved = other.url
    fetch.fetch(wanted, tmp_path / "set")
    assert unpacked(tmp_path / "set") == FILES and other.asked == ["bytes=0-"]
    other.http.shutdown()
    other.http.server_close()
    request = urllib.request.Request("https://example.org/set.tar.gz")
    for url, followed in (("http://example.org/a", False), ("https://example.org/a", True)):
        try:
            found = fetch._Redirects().redirect_request(request, None, 302, "", {}, url)
        except urllib.error.HTTPError as error:
            assert not followed and "from https to http" in str(error)
        else:
            assert followed and found is not None and found.full_url == url


def test_a_folder_that_is_there_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(GhostError, match="is there already"):
        fetch.fetch(archive(server), tmp_path / "set")
    assert not server.asked


def test_names() -> None:
    assert fetch.find("speech_commands_v2").size == 2428923189
    with pytest.raises(GhostError, match="Did you mean 'speech_commands_v2'"):
        fetch.find("speech_comands")
