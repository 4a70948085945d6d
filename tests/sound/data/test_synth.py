# SPDX-License-Identifier: Apache-2.0
"""Synthetic sets: reproducible to the byte, voices in one split each, resumable."""

from __future__ import annotations

import dataclasses
import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.data import folder, plan, speech, synth
from mcu_ghost.sound.data.synth import SynthSettings, synthesise
from tests.conftest import ROOT, need

SETTINGS = SynthSettings(("hey lamp", "stop"), seed=3, per_word=10, unknown=5)


def tone(text: str, voice: speech.Voice, speed: int = 160, pitch: int = 50) -> np.ndarray:
    """Stand in for an engine: another tone for each text, voice, speed and pitch."""
    seed = [*map(ord, f"{text}{voice}"), speed, pitch]
    hertz = np.random.default_rng(seed).uniform(200, 2000)
    return (9000 * np.sin(np.arange(6000) * hertz / 2546)).astype(np.int16)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "say", tone)
    monkeypatch.setattr(synth, "_NOISE_SECONDS", 1)


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.usefixtures("engine")
def test_the_same_seed_is_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the number of workers, and whatever was interrupted."""
    synthesise(SETTINGS, tmp_path / "a", jobs=1)
    synthesise(SETTINGS, tmp_path / "b", jobs=3)
    first = content(tmp_path / "a")
    assert first == content(tmp_path / "b")
    gone = sorted(n for n in first if n.endswith(".flac"))[::3]
    for name in gone:
        (tmp_path / "b" / name).unlink()
    for left in ("stop/.left.flac.x", ".synth.json.x", ".validation_list.txt.x"):
        (tmp_path / "b" / left).write_bytes(b"half a cl")
    result = synthesise(SETTINGS, tmp_path / "b")
    clips = [n for n in gone if not n.startswith("_")]
    assert result["found"] == sum(result["clips"].values()) - len(clips)
    assert first == content(tmp_path / "b")
    other = dataclasses.replace(SETTINGS, seed=4)
    synthesise(other, tmp_path / "c")
    again = content(tmp_path / "c")
    assert not any(
        again[n] == data for n, data in first.items() if n.startswith("stop") and n in again
    )


@pytest.mark.usefixtures("engine")
def test_a_run_that_was_killed_as_it_began_does_not_spoil_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".synth.json.tmp123").write_bytes(b"{")
    synthesise(SETTINGS, tmp_path / "a")
    assert not [p for p in (tmp_path / "a").rglob(".*")]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("")
    with pytest.raises(GhostError, match="there already"):
        synthesise(SETTINGS, tmp_path / "b")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_whole_files_only(number: int, tmp_path: Path) -> None:
    need("espeak-ng", "espeak-ng")
    out = tmp_path / "set"
    words = ["data", "synth", "--words", "stop", "--per-word", "400", "--out", str(out)]
    command = [sys.executable, "-m", "mcu_ghost", *words, "--jobs", "2"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while len(list(out.glob("stop/*.flac"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        told = process.communicate(timeout=30)[1]
    assert process.returncode in (143, 130) and b"Traceback" not in told
    assert not [p for p in out.rglob(".*")]
    made = [*out.glob("stop/*.flac"), *out.glob("_background_noise_/*.flac")]
    assert 5 <= len(made) < 400
    assert {len(recording.read(path)) for path in made} == {16000, 20 * 16000}


@pytest.mark.usefixtures("engine")
def test_no_voice_is_in_two_splits(tmp_path: Path) -> None:
    synthesise(SynthSettings(("stop",), per_word=100, unknown=25), tmp_path)
    found = folder.scan(tmp_path, ("stop", "unknown"))
    assert len(found) == 125 and found[0].path.suffix == ".flac"
    groups = {s: {r.group for r in found if r.split == s} for s in folder.SPLITS}
    assert all(groups.values())
    assert sum(map(len, groups.values())) == len(set.union(*groups.values()))
    counts = [sum(r.split == s and r.label == "stop" for r in found) for s in folder.SPLITS]
    assert counts == [70, 10, 20]
    for item in found[:30]:
        samples = recording.read(item.path)
        assert len(samples) == 16000 and samples.any()


@pytest.mark.usefixtures("engine")
def test_test_clips_are_clean_unless_asked_for(tmp_path: Path) -> None:
    def quiet(where: Path) -> float:
        """Return the share of samples that are exactly zero in test clips."""
        items = [r for r in folder.scan(where, ("stop",)) if r.split == "test"]
        return float(np.mean([(recording.read(r.path) == 0).mean() for r in items]))

    synthesise(SETTINGS, tmp_path / "clean")
    synthesise(dataclasses.replace(SETTINGS, augment="all"), tmp_path / "noisy")
    assert quiet(tmp_path / "clean") > 0.6 > quiet(tmp_path / "noisy")


@pytest.mark.usefixtures("engine")
def test_noise_recordings_become_background_noise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "noise").mkdir()
    stereo = rng.integers(-500, 500, (48000, 2)).astype(np.int16)
    soundfile.write(tmp_path / "noise" / "fan.wav", stereo, 48000)
    synthesise(SETTINGS, tmp_path / "set", tmp_path / "noise")
    names = {p.name for p in (tmp_path / "set" / "_background_noise_").iterdir()}
    assert {"own-fan-wav.flac", "music-0.flac", "babble-2.flac"} <= names
    assert len(recording.read(tmp_path / "set/_background_noise_/own-fan-wav.flac")) == 16000


@pytest.mark.usefixtures("engine")
def test_a_folder_is_never_mixed_with_another_set(tmp_path: Path) -> None:
    synthesise(SETTINGS, tmp_path / "set")
    with pytest.raises(GhostError, match="other settings .seed: 3 there, 5 now"):
        synthesise(dataclasses.replace(SETTINGS, seed=5), tmp_path / "set")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not touch")
    with pytest.raises(GhostError, match="not a set made by"):
        synthesise(SETTINGS, tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.usefixtures("engine")
def test_a_full_disk_is_one_error_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, writes = Path.replace, []

    def full(self: Path, target: Path) -> Path:
        writes.append(target)
        if len(writes) > 30:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(GhostError, match="No space left on device"):
        synthesise(SETTINGS, tmp_path / "a", jobs=2)
    monkeypatch.setattr(Path, "replace", whole)
    synthesise(SETTINGS, tmp_path / "a")
    synthesise(SETTINGS, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_word_longer_than_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "say", lambda *_: np.ones(20000, np.int16))
    with pytest.raises(GhostError, match="'stop' takes 1250 ms to say.*--clip-ms"):
        synthesise(SynthSettings(("stop",)), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_slow_voice_speaks_again_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    paces: list[int] = []

    def say(text: str, voice: speech.Voice, speed: int = 160, pitch: int = 50) -> np.ndarray:
        paces.append(speed)
        return np.full(2_400_000 // speed, 1000, np.int16)  # a clip's length at 150 words a minute

    monkeypatch.setattr(speech, "say", say)
    settings = SynthSettings(("stop",), per_word=60, unknown=0)
    source = synth.Noise(kinds=("white",))
    for clip in settings.clips():
        paces.clear()
        samples = synth.make(settings, clip, source)
        assert len(samples) == 16000
        if clip.split == "test":  # nothing is cut off: where it speaks too slowly, it says it again
            loud = np.flatnonzero(samples)
            assert loud[-1] - loud[0] + 1 == 2_400_000 // paces[-1]
            assert len(paces) == (2 if paces[0] < 150 else 1)


def test_without_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GhostError, match="espeak-ng is not installed: "):
        synthesise(SETTINGS, tmp_path / "set")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hey lamp,,stop", "'' is not a word"),
        ("stop,st%p", "'st%p' is not a word"),
        ("../up", "'../up' is not a word"),
        ("unknown", "class of its own"),
        ("Stop, stop", "'stop' is there twice"),
    ],
)
def test_words_that_cannot_be(text: str, told: str) -> None:
    with pytest.raises(GhostError, match=told):
        plan.parse_words(text)


def test_words_and_their_labels() -> None:
    assert plan.parse_words(" Hey  Lamp ,stop") == ("hey lamp", "stop")
    assert plan.label_of("hey lamp") == "hey_lamp"


def test_words_of_any_script() -> None:
    words = plan.parse_words("Größe,выключи свет,नमस्ते,止まれ,l'eau,Cafe\u0301")
    assert words == ("größe", "выключи свет", "नमस्ते", "止まれ", "l'eau", "caf\u00e9")
    for text in ("\u0301a", "a/b", "a\u202eb", "7", "a.b"):
        with pytest.raises(GhostError, match="not a word that can be spoken"):
            plan.parse_words(text)


def test_other_words_of_other_languages() -> None:
    other = plan.other_words(("licht an",), ("lichter",), "de")
    assert other[:3] == ("licht", "an", "lichter") and "42" in other and "snow" not in other


def test_accents_are_a_languages_own() -> None:
    assert "en-us" in speech.accents("en")
    found = speech.accents("pt")
    assert "pt-br" in found and all(name.split("-")[0] == "pt" for name in found)
    assert speech.accents("pt-br") == ("pt-br",)
    with pytest.raises(GhostError, match="does not speak 'deu'. It has af, .* de, "):
        speech.accents("deu")
    with pytest.raises(GhostError, match="does not speak '--stdout'"):
        speech.accents("--stdout")


@pytest.mark.usefixtures("engine")
def test_another_language_has_no_english_engine(tmp_path: Path) -> None:
    settings = SynthSettings(("licht",), per_word=10, unknown=10, language="de")
    synthesise(settings, tmp_path / "de")
    assert {c.voice.engine for c in settings.clips()} == {"espeak-ng"}
    assert json.loads((tmp_path / "de" / "synth.json").read_text())["language"] == "de"


def test_another_language_sounds_otherwise() -> None:
    german = speech.say("licht", speech.Voice("espeak-ng", "m3", "de"))
    english = speech.say("licht", speech.Voice("espeak-ng", "m3", "en-us"))
    assert len(german) != len(english) or (german != english).any()


def test_unknown_words_never_hold_a_word() -> None:
    other = plan.other_words(("hey lamp", "no", "door"))
    assert other[:2] == ("hey", "lamp")
    assert not {"no", "no boy", "open the door"} & set(other)
    assert {"snow", "hey siri"} <= set(other)


def test_voices_that_sound_alike_are_in_one_split() -> None:
    assert {n for names in speech.FAMILIES for n in names} <= set(speech.VARIANTS)
    for names in speech.FAMILIES:
        assert sum(bool(set(names) & set(speech.variants(s))) for s in folder.SPLITS) == 1
    assert [len(speech.families(s)) for s in folder.SPLITS] == [25, 4, 7]
    assert ("Gene", "Gene2") in speech.families("test")  # a voice must never move


def test_the_same_group_means_the_same_voice() -> None:
    clips = SynthSettings(("stop",), per_word=400, unknown=0).clips()
    assert len({c.name for c in clips}) == 400
    groups: dict[str, set[str]] = {}
    for clip in clips:
        groups.setdefault(clip.name.split("/")[1].split("_")[0], set()).add(clip.voice.name)
    assert groups["espeak-gene"] == {"Gene", "Gene2"}
    assert all(
        names <= set(next((f for f in speech.FAMILIES if names & set(f)), names))
        for names in groups.values()
    )


@pytest.mark.slow
def test_espeak_and_flite_speak(tmp_path: Path) -> None:
    need("espeak-ng", "espeak-ng")
    need("flite", "flite")
    settings = SynthSettings(("stop",), per_word=40, unknown=0, format="wav")
    synthesise(settings, tmp_path, jobs=2)
    facts = json.loads((tmp_path / "synth.json").read_text())
    assert set(facts["engines"]) == {"espeak-ng", "flite"}
    assert len(list((tmp_path / "stop").glob("*.wav"))) == 40
    slow = speech.say("stop", speech.Voice("flite", "slt"), 120)
    assert len(slow) > 1.2 * len(speech.say("stop", speech.Voice("flite", "slt"), 180))


def test_a_voice_with_a_space_in_its_name_is_not_the_plain_one() -> None:
    need("espeak-ng", "espeak-ng")
    plain = speech.say("stop", speech.Voice("espeak-ng", "nobody", "en-us"))
    serious = speech.say("stop", speech.Voice("espeak-ng", "Mr_serious", "en-us"))
    assert len(plain) != len(serious) or (plain != serious).any()
