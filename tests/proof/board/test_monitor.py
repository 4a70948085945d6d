# SPDX-License-Identifier: Apache-2.0
"""What a board prints, line by line."""

from __future__ import annotations

import contextlib
import io
import json
import re
import zlib
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcu_ghost.cli.monitor import _View
from mcu_ghost.proof import monitor
from mcu_ghost.proof.link.messages import REPLY, SOUND
from mcu_ghost.proof.link.packets import Packet, encode
from mcu_ghost.sound import sound_file
from tests.host.test_text import harmless
from tests.sound.test_lines import ALL, CLIPPED, VALUES


class Script:
    """A port from which these bytes come; b"" is a pause."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = iter(parts)

    def write(self, data: bytes) -> None:
        raise AssertionError("a monitor only listens")

    def read(self, timeout: float) -> bytes:
        assert timeout > 0
        return next(self.parts, b"")


def lines(count: int, *parts: bytes) -> list[str | monitor.Hop]:
    return list(islice(monitor.said(Script(*parts)), count))


def test_lines_come_when_they_are_complete() -> None:
    assert lines(3, b"one\r\ntw", b"o\n", b"thr", b"ee\n") == ["one", "two", "three"]


def test_an_unfinished_line_comes_after_a_pause() -> None:
    assert lines(2, b"> ", b"", b"next\n") == ["> ", "next"]
    assert len(lines(1, b"x" * 5000)[0]) == 5000


def test_nothing_reaches_the_terminal_but_text() -> None:
    assert lines(1, b"\x1b[2J\x07caf\xc3\xa9\xff\0\n") == ["\\x1b[2J\\x07café\\xff\\x00"]


def test_noise_is_noticed() -> None:
    (noise,) = lines(1, bytes(range(128, 192)) + b"\n")
    assert monitor.garbled(noise)
    assert not monitor.garbled("a file C:\\x and text around it")
    assert not monitor.garbled("")


def packet(number: int, *samples: int, sequence: int | None = None, kind: int = SOUND) -> bytes:
    content = number.to_bytes(4, "little") + np.array(samples, "<i2").tobytes()
    payload = content + zlib.crc32(content).to_bytes(4, "little")
    return encode(Packet(kind | REPLY, number % 256 if sequence is None else sequence, payload))


def shown(*parts: bytes, count: int) -> list[object]:
    """Return lines, and numbers and samples of hops."""
    found = lines(count, *parts)
    return [x if isinstance(x, str) else (x.number, x.samples.tolist()) for x in found]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_sound_comes_between_lines(size: int) -> None:
    """Wherever the bytes are cut; samples hold line ends, zeros and texts."""
    data = (
        b'{"a":1}\n' + packet(7, 10, 0, 2570) + packet(8, -1, 257) + b"two\r\n"
        + packet(9, 5) + b"three\n" + packet(10, *[2570] * 300)
    )  # fmt: skip
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    assert shown(*parts, count=7) == [
        '{"a":1}', (7, [10, 0, 2570]), (8, [-1, 257]), "two", (9, [5]), "three",
        (10, [2570] * 300),
    ]  # fmt: skip


def test_packets_that_are_none_are_noise() -> None:
    broken = bytearray(packet(7, 12, 11))
    broken[6] ^= 1
    made = shown(bytes(broken) + packet(8, 1) + b"x\n", b"", count=3)
    assert "\\x87" in str(made[0]) and made[1:] == [(8, [1]), "x"]
    other = shown(packet(1, 2, kind=5) + b"\n", b"", count=1)
    assert "\\x85" in str(other[0])
    odd = encode(Packet(SOUND | REPLY, 0, bytes(7)))
    assert isinstance(shown(odd, b"", count=1)[0], str)
    begun = packet(7, *range(9))[:-3]
    assert "\\x87" in str(shown(begun, b"", b"", count=1)[0])  # it never ends
    assert shown(packet(7, 1) + b"\n", b"", packet(8, 1), count=2)[0] == (7, [1])


def hop(number: int, sequence: int, *samples: int) -> monitor.Hop:
    return monitor.Hop(number, sequence, np.array(samples, np.int16))


def test_what_is_lost_is_silence() -> None:
    sound = monitor.Sound()
    assert sound.take(hop(5, 250, 1, 2)).tolist() == [1, 2]
    assert sound.take(hop(6, 251, 3, 4)).tolist() == [3, 4]
    assert sound.take(hop(9, 252, 5, 6)).tolist() == [0, 0, 0, 0, 5, 6]  # the board was late
    assert sound.take(hop(11, 254, 7, 8)).tolist() == [0, 0, 7, 8]  # a packet is missing
    assert (sound.lost, sound.lost_on_line, sound.samples) == (2, 1, 14)
    assert sound.take(hop(0, 0, 9)).tolist() == [9]  # it was reset
    assert sound.take(hop(2**32 - 1, 1, 9)).tolist() == [9]  # and is not believed


class End(Exception):
    """Nothing more comes."""


class Finite(Script):
    """A port that ends."""

    def read(self, timeout: float) -> bytes:
        for part in self.parts:
            return part
        raise End

    def status(self) -> str:
        return "The port is /dev/tty[/]\x1b."


def follow(data: bytes, as_json: bool) -> tuple[str, str]:
    """Return what a monitor prints, on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(End):
        _View(as_json).follow(Finite(data, b""))  # type: ignore[arg-type]
    return out.getvalue(), err.getvalue()


def line(entries: object) -> bytes:
    return json.dumps(entries, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


EVENTS = st.builds(
    lambda known, changes: line(known | changes),
    st.sampled_from((*ALL, CLIPPED)),
    st.dictionaries(st.sampled_from([key for known in ALL for key in known]), VALUES, max_size=2),
)

HOPS = st.builds(lambda number: packet(number, *range(160)), st.integers(1080, 1100))


@settings(deadline=None)
@given(st.lists(st.binary() | EVENTS | HOPS, max_size=6).map(b"\n".join))
@example(line(ALL[0] | {"counter_hz": 0}) + line(ALL[3]))
@example(line(ALL[0] | {"model": "[/]\x1b]0;x\x07", "words": ["[red]", "\u202e"]}))
@example(line(ALL[1] | {"word": "\x1b]0;x\x07"}))
@example(b'{"event":"word","word":"\\u001b]0;x","ms":1,"score":0.5,"sum":1}\n')
@example(line(ALL[1] | {"ms": 10**400}) + line(ALL[1] | {"ms": None, "score": "1"}))
@example(b'{"event":' + b"[" * 3000 + b"\n")
@example(b"\xff\xfe\xfd\n" * 4 + "\u202e\u200b\n".encode())
def test_whatever_a_board_sends_is_shown_and_harmless(data: bytes) -> None:
    out, err = follow(data, as_json=False)
    assert harmless(out) and harmless(err)
    out, err = follow(data, as_json=True)
    assert out.isascii() and harmless(err)
    assert all(isinstance(json.loads(one)["event"], str) for one in out.splitlines())


def test_sound_is_a_level_each_second_and_a_file(tmp_path: Path) -> None:
    """Which is there when the monitor is stopped, and is as long as what should have come."""
    start = line(ALL[0] | {"app": "denoise_live", "words": []})
    loud = np.full(250, 3277)  # -20 dB
    hops = b"".join(packet(i, *loud) for i in range(128) if i != 3)
    out, _ = follow(start + hops, as_json=False)
    assert "cleans what it hears" in out
    assert re.findall(r"(\d\.\d\d) s +(-\d+) dB (█+)", out) == [
        ("1.00", "-20", 30 * "█"), ("2.00", "-20", 30 * "█")
    ]  # fmt: skip
    out, _ = follow(start + hops, as_json=True)
    last = json.loads(out.splitlines()[-1])
    assert last == {"event": "level", "ms": 2000, "db": -20.0, "lost": 0, "lost_on_line": 1}
    with sound_file.writing(tmp_path / "a.wav") as write, pytest.raises(End):
        _View(False, write).follow(Finite(hops, b""))  # type: ignore[arg-type]
    samples, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate == 16000 and len(samples) == 128 * 250
    assert not samples[750:1000].any() and (samples[1000:] == 3277).all()


def test_a_board_without_a_counter_is_not_timed() -> None:
    out, _ = follow(line(ALL[0] | {"counter_hz": 0}) + line(ALL[3]), as_json=False)
    assert "listens for: go, größe" in out and "10.00 s  0 hops lost" in out
    out, _ = follow(line(ALL[0]) + line(ALL[3]), as_json=False)
    assert "a hop of 10 ms took 0.0 ms at most" in out
