# SPDX-License-Identifier: Apache-2.0
"""Sessions with a person who does what is told, and one who does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.data import folder, session
from mcu_ghost.sound.data.record import Recorded, Recorder
from mcu_ghost.sound.data.session import Session
from tests.sound.data.people import RATE, Room, noise, word


def of(out: Path, **more: Any) -> Session:
    return Session(out, ("hey lamp", "stop"), "anna", **{"per_word": 3, **more})


def run(
    asked: Session, room: Room, attended: bool = False, played: list[np.ndarray] | None = None
) -> Recorded:
    played = [] if played is None else played
    return Recorder(asked, room, room, played.append, attended).run()


def files(out: Path) -> list[str]:
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / session.FACTS).read_text().splitlines()]


def test_a_session_without_trouble(tmp_path: Path) -> None:
    room = Room()
    found = run(of(tmp_path, room="Living room", distance_m=1.5), room)
    assert found == Recorded(Counter(hey_lamp=3, stop=3), Counter(), 0.0, False)
    assert files(tmp_path) == sorted(
        [f"{label}/anna_000{i}.flac" for label in ("hey_lamp", "stop") for i in range(3)]
        + ["recordings.jsonl"]
    )
    assert not room.open
    samples, rate = soundfile.read(tmp_path / "stop" / "anna_0000.flac", dtype="int16")
    assert rate == RATE and samples.ndim == 1 and 0.9 < len(samples) / RATE < 1.05
    told = lines(tmp_path)
    assert {line["file"] for line in told} == set(files(tmp_path)) - {session.FACTS}
    first = told[0]
    assert first["person"] == "anna" and first["microphone"] == "a room"
    assert (first["room"], first["distance_m"]) == ("Living room", 1.5)
    assert first["text"] == ("stop" if first["file"].startswith("stop") else "hey lamp")
    assert -25 < first["level_db"] < -5 and first["snr_db"] > 30 and first["date"][4] == "-"
    stages = [view.stage for view in room.views[:30]]
    assert stages[:17] == ["3"] * 5 + ["2"] * 5 + ["1"] * 5 + ["speak"] * 2
    assert room.views[0].number == 1 and room.views[-1].number == room.views[-1].total == 6


def test_the_order_is_mixed_and_the_same_each_time(tmp_path: Path) -> None:
    items = of(tmp_path, per_word=20, unknown=20).items()
    assert items == of(tmp_path, per_word=20, unknown=20).items()
    assert items != Session(tmp_path, ("hey lamp", "stop"), "ben", per_word=20, unknown=20).items()
    rounds = [items[i : i + 3] for i in range(0, 60, 3)]
    labels = {"hey_lamp", "stop", "unknown"}
    assert all({item.label for item in one} == labels for one in rounds)
    assert len({tuple(item.label for item in one) for one in rounds}) > 3
    others = [item.text for item in items if item.label == "unknown"]
    assert len(set(others)) == 20 and not {"hey lamp", "stop"} & set(others)


def test_what_is_there_is_counted(tmp_path: Path) -> None:
    whole = of(tmp_path).items()
    room = Room(presses="\n" + "\n" * 3 + "q")  # begins, and stops with the fourth
    found = run(of(tmp_path), room, attended=True)
    assert found.stopped and sum(found.recorded.values()) == 4
    kept = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    assert of(tmp_path).items() == whole[4:]
    found = run(of(tmp_path), Room(lambda number: (0.3, word(seed=50 + number))))
    assert sum(found.recorded.values()) == 2 and not found.stopped
    for name in set(kept) - {session.FACTS}:
        assert (tmp_path / name).read_bytes() == kept[name]
    assert len(lines(tmp_path)) == 6
    silent = Room()
    assert run(of(tmp_path), silent) == Recorded() and silent.seconds == 0
    other = Session(tmp_path, ("stop",), "ben", per_word=1)
    assert [item.text for item in other.items()] == ["stop"]


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "stop").mkdir()
    (tmp_path / "stop" / "anna_0007.wav").write_bytes(b"mine")
    (tmp_path / "stop" / "anna_kitchen.flac").write_bytes(b"mine")
    asked = of(tmp_path)
    assert asked.there() == {"hey_lamp": 0, "stop": 2}
    assert asked.next_path("stop").name == "anna_0008.flac"
    run(asked, Room())
    assert sorted(p.name for p in (tmp_path / "stop").iterdir()) == [
        "anna_0007.wav", "anna_0008.flac", "anna_kitchen.flac"]  # fmt: skip


def test_what_is_wrong_is_said_again(tmp_path: Path) -> None:
    nothing = np.zeros(0, np.int16)
    says = {1: nothing, 2: word(level=60000.0), 3: word(level=30.0), 5: word(3.0)}
    room = Room(lambda number: (0.3, says.get(number, word())), lost=(7,), sigma=4)
    found = run(of(tmp_path, per_word=2), room)
    assert sum(found.recorded.values()) == 4
    assert found.repeated == {"nothing": 1, "clipped": 1, "quiet": 1, "cut_off": 1, "lost": 1}
    text = of(tmp_path / "none", per_word=2).items()
    assert room.told == [
        f"nothing {text[0].text}", f"clipped {text[0].text}", f"quiet {text[0].text}",
        f"good {text[0].text}", f"cut_off {text[1].text}", f"good {text[1].text}",
        f"lost {text[2].text}", f"good {text[2].text}", f"good {text[3].text}",
    ]  # fmt: skip


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(
        GhostError, match="5 takes cannot be used; nothing was heard above the -64 dB of"
    ):
        run(of(tmp_path), Room(lambda number: (0, np.zeros(0, np.int16))))
    assert files(tmp_path) == []
    loud = Room(sigma=1000)
    with pytest.raises(GhostError, match="dB louder than the room: come closer"):
        run(of(tmp_path), loud)
    found = run(of(tmp_path, wanted=session.Wanted(snr_db=3)), Room(sigma=1000))
    assert sum(found.recorded.values()) == 6


def test_keys(tmp_path: Path) -> None:
    """A take that is good waits to be heard, made once more, or kept; nothing is ever deleted."""
    played: list[np.ndarray] = []
    room = Room(presses="\n" + "xpr" + "r" + "p\n" + "\n" * 5)
    found = run(of(tmp_path), room, attended=True, played=played)
    assert sum(found.recorded.values()) == 6 and not found.repeated and room.takes == 8
    first = of(tmp_path / "none").items()[0]
    kept = recording.read(tmp_path / first.label / "anna_0000.flac")
    assert len(played) == 2
    np.testing.assert_array_equal(kept, played[1])
    assert not np.array_equal(played[0], played[1])


def test_a_word_that_failed_waits_too(tmp_path: Path) -> None:
    room = Room(lambda number: (0.3, word(level=90000.0)), presses="\np\nq")
    played: list[np.ndarray] = []
    found = run(of(tmp_path), room, attended=True, played=played)
    assert found.stopped and not found.recorded and found.repeated == {"clipped": 2}
    assert len(played) == 1 and files(tmp_path) == []


def test_what_cannot_be_played_is_no_end(tmp_path: Path) -> None:
    def fails(samples: np.ndarray) -> None:
        raise GhostError("It cannot be played.")

    room = Room()
    found = Recorder(of(tmp_path, per_word=1, play=True), room, room, fails, False).run()
    assert sum(found.recorded.values()) == 2
    assert room.told.count("It cannot be played.") == 2


def test_each_is_played_where_that_is_asked_for(tmp_path: Path) -> None:
    played: list[np.ndarray] = []
    run(of(tmp_path, per_word=1, play=True), Room(), played=played)
    assert sorted(len(p) for p in played) == sorted(
        len(recording.read(p)) for p in tmp_path.rglob("*.flac")
    )


def test_the_room_without_speech(tmp_path: Path) -> None:
    asked = of(tmp_path, per_word=0, background=3.0, room="Küche 2")
    found = run(asked, Room())
    assert found.background_seconds == 3.0 and not found.recorded
    (file,) = (tmp_path / folder.NOISE).iterdir()
    assert file.name == "küche-2_0000.flac" and len(recording.read(file)) == 3 * RATE
    (line,) = lines(tmp_path)
    assert line["level_db"] == pytest.approx(20 * np.log10(20 / 32768), abs=0.2)
    assert (line["person"], line["text"], line["lost"]) == ("", "", 0)
    assert run(asked, Room()) == Recorded()
    more = run(of(tmp_path, per_word=0, background=4.5, room="Küche 2"), Room())
    assert more.background_seconds == pytest.approx(1.5)
    assert len(recording.read(tmp_path / folder.NOISE / "küche-2_0001.flac")) == 1.5 * RATE


def test_a_room_that_was_stopped_leaves_nothing(tmp_path: Path) -> None:
    room = Room(presses="\n")
    keys = iter(".\n" + "." * 4)
    room.key = lambda: next(keys, "q")  # type: ignore[method-assign]
    found = run(of(tmp_path, background=30.0), room, attended=True)
    assert found.stopped and not found.background_seconds and 0.4 < room.seconds < 2
    assert room.views[-1].stage == "room" and room.views[-1].left == pytest.approx(29.5)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [("Anna", "anna"), (" Anna_B. ", "anna-b"), ("Jürgen", "jürgen"), ("王", "王"), ("../x", "x")],
)
def test_names(given: str, name: str) -> None:
    assert session.name_of(given) == name
    assert folder.group_of(Path(f"{name}_0001.flac")) == name


def test_names_that_are_none(tmp_path: Path) -> None:
    for given in ("", " ", "__", "../.."):
        with pytest.raises(GhostError, match="is no name"):
            session.name_of(given)
    with pytest.raises(GhostError, match="'stop' is what is said"):
        Session(tmp_path, ("hey lamp", "stop"), "stop")


def test_the_last_word_says_who_and_where(tmp_path: Path) -> None:
    assert session.last_line(tmp_path) == session.Line()
    run(of(tmp_path, per_word=1, room="hall", distance_m=2.0), Room())
    run(of(tmp_path, per_word=0, background=0.5, room="attic"), Room())
    with (tmp_path / session.FACTS).open("a") as file:
        file.write('{"person": 7}\nrubbish\n[[[')
    line = session.last_line(tmp_path)
    assert (line.person, line.room, line.distance_m) == ("anna", "hall", 2.0)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GhostError, match="cannot be written"):
        run(of(tmp_path / "file"), Room())


def test_a_room_is_not_taken_for_speech() -> None:
    assert np.abs(noise(1).astype(int)).max() < 120
