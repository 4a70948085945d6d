# SPDX-License-Identifier: Apache-2.0
"""Fetches public data sets by name: resumed, verified, and there only when whole."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import lzma
import shutil
import ssl
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.text import count

Progress = Callable[[str, int, int], None]  # what is being done, bytes done, bytes in total
_CHUNK = 1 << 18
_TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class Archive:
    """A data set as its makers publish it: a tar file in the layout of Speech Commands.

    Attributes:
        name: What it is asked for by.
        url: Where it is.
        sha256: Of the file.
        size: Of the file, in bytes.
        credit: Who made it, and its licence.
    """

    name: str
    url: str
    sha256: str
    size: int
    credit: str


ARCHIVES = {
    "speech_commands_v2": Archive(
        "speech_commands_v2",
        "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        # Checksum and size as TensorFlow Datasets lists them.
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        2428923189,
        "Speech Commands v0.02 by Pete Warden, Google; CC BY 4.0; arXiv:1804.03209",
    )
}


def find(name: str) -> Archive:
    """Return an archive by its name.

    Raises:
        GhostError: There is none of that name.
    """
    if name not in ARCHIVES:
        known = ", ".join(ARCHIVES)
        raise GhostError(f"No data set is called '{name}'.{did_you_mean(name, ARCHIVES)} "
                         f"Known: {known}.")  # fmt: skip
    return ARCHIVES[name]


def fetch(
    archive: Archive,
    out: Path,
    file: Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> None:
    """Download, verify and unpack a data set; a run that was stopped goes on.

    Args:
        archive: Which one.
        out: The folder to make; it appears when everything is in it.
        file: The archive, where it is on disk already; it is left there.
        progress: Called often.

    Raises:
        GhostError: The folder is there, the network or the disk fails, or the file is a wrong one.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GhostError(f"{out}: is there already. Name another folder, or remove it.")
    if file and not file.is_file():
        raise GhostError(f"{file}: there is no such file. Name the archive from {archive.url}.")
    part = out.with_name(f"{out.name}.tar.gz.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if file is None:
            _download(archive, part, out, progress)
        _verify(archive, file or part, file is None, progress)
        _unpack(file or part, out, progress)
        if file is None:
            part.unlink()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise GhostError(
            f"{error.filename or out}: cannot be written ({error.strerror or error}). Nothing is "
            f"lost: {'free some space' if full else 'make it writable'} and run the same command "
            "again, it goes on where it stopped."
        ) from error


def _download(archive: Archive, part: Path, out: Path, progress: Progress) -> None:
    """Append to the part until it is whole; give up after two tries in a row without a byte."""
    failures = 0
    while (have := part.stat().st_size if part.is_file() else 0) < archive.size:
        reason = "the connection was closed"
        try:
            _receive(archive, part, have, progress)
        except urllib.error.HTTPError as error:
            raise _unreachable(archive, out, f"{error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            reason = str(error.reason)
        except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
        failures = 0 if part.is_file() and part.stat().st_size > have else failures + 1
        if failures == 2:
            raise _unreachable(archive, out, reason)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere, but never to where the line is not encrypted any more."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in ("https", req.type):
            reason = f"it leads from {req.type} to {scheme}, which is not followed"
            raise urllib.error.HTTPError(newurl, code, reason, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(archive: Archive, part: Path, have: int, progress: Progress) -> None:
    """Append what a server sends to the part, or begin it again where it sends the whole."""
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={have}-"})
    opener = urllib.request.build_opener(_Redirects)
    with opener.open(request, timeout=_TIMEOUT) as response:
        span = response.headers.get("Content-Range", "")  # bytes 1000-9999/10000
        whole = response.status != 206 or not span.startswith(f"bytes {have}-")
        size = response.headers.get("Content-Length", "") if whole else span.split("/")[-1]
        if size.isdecimal() and int(size) != archive.size:  # a page that asks to log in, perhaps
            raise http.client.HTTPException(
                f"it has {count(int(size), 'byte')}, not {count(archive.size)}"
            )
        with part.open("wb" if whole else "ab") as file:
            while chunk := response.read(_CHUNK):
                if file.tell() + len(chunk) > archive.size:
                    file.truncate(0 if whole else have)  # none of it is the file
                    raise http.client.HTTPException(
                        f"it has more than {count(archive.size, 'byte')}"
                    )
                file.write(chunk)
                progress("downloading", file.tell(), archive.size)


def _unreachable(archive: Archive, out: Path, reason: str) -> GhostError:
    return GhostError(
        f"{archive.url}: cannot be downloaded ({reason}). What is there already is kept: run the "
        "same command again to go on. Or download the file on another computer, and run: "
        f"mcu-ghost data fetch {archive.name} --out {out} --archive FILE"
    )


def _verify(archive: Archive, path: Path, ours: bool, progress: Progress) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            progress("verifying", file.tell(), archive.size)
    if digest.hexdigest() == archive.sha256:
        return
    advice = "Download it again."
    if ours:
        aside = path.with_suffix(".wrong")
        path.replace(aside)
        advice = f"It was put aside as {aside}; run the same command to download it again."
    raise GhostError(
        f"{path}: is not the archive that was published (its SHA-256 begins with "
        f"{digest.hexdigest()[:12]}, not {archive.sha256[:12]}). {advice}"
    )


_BROKEN = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, ValueError)


def _unpack(path: Path, out: Path, progress: Progress) -> None:
    """Unpack beside the folder, then rename.

    Files and folders only: without links, which older Pythons' own filter follows, nothing can lead
    outside.
    """
    beside = out.with_name(f".{out.name}.unpacking")
    shutil.rmtree(beside, ignore_errors=True)
    total = path.stat().st_size
    try:
        beside.mkdir()
        with path.open("rb") as file, tarfile.open(fileobj=file) as tar:
            for member in tar:
                _extract(tar, member, beside)
                progress("unpacking", file.tell(), total)
        beside.replace(out)
    except (*_BROKEN, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise GhostError(f"{path}: cannot be unpacked ({error}).") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member below a folder.

    Raises:
        ValueError: It is neither a file nor a folder, or its name leads outside.
    """
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise ValueError(f"{member.name!r} leads outside")
    target = folder / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise ValueError(f"{member.name!r} is neither a file nor a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
