# SPDX-License-Identifier: Apache-2.0
"""This PC's microphones: what cards of any kind give is 16 kHz, in order, and counted."""

from __future__ import annotations

import builtins
import itertools
import sys
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording, sound_card
from mcu_ghost.sound.capture import Block, Microphone
from tests.host.test_tools import bare as bare
from tests.sound.cards import Card, library


@pytest.fixture
def pc(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what gives this PC some cards."""

    def with_cards(*cards: Card, **options: Any) -> Any:
        module = library(*cards, **options)
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        return module

    return with_cards


def heard(microphone: Microphone, blocks: int) -> list[Block]:
    with microphone.listening() as found:
        return list(itertools.islice(found, blocks))


def joined(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks])


def sound(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (8000 * np.sin(np.arange(count) / 9) + rng.normal(0, 300, count)).astype(np.int16)


def test_a_card_of_16_khz_gives_its_samples(pc: Any) -> None:
    given = sound(8000)
    module = pc(Card(sound=given))
    blocks = heard(sound_card.find(), 5)
    np.testing.assert_array_equal(joined(blocks), given)
    assert [block.lost for block in blocks] == [0] * 5
    assert module.streams[0].closed


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
def test_other_rates_are_resampled_without_a_seam(pc: Any, rate: int) -> None:
    given = sound(rate)
    pc(Card(sound=given, rate=rate))
    got = joined(heard(sound_card.find(), 10))
    want = recording.resample(given, rate)
    assert 0.97 * len(want) < len(got) <= len(want)  # what a filter still waits for
    np.testing.assert_array_equal(got, want[: len(got)])


def test_a_card_that_can_is_opened_at_16_khz_and_one_channel(pc: Any) -> None:
    given = sound(3200)
    pc(Card(sound=given, rate=48000, rates=(44100, 16000), inputs=2))
    np.testing.assert_array_equal(joined(heard(sound_card.find(), 2)), given)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_mixed_down(pc: Any, channels: int) -> None:
    given = np.stack([sound(1600, seed) for seed in range(channels)], axis=1)
    pc(Card(sound=given, inputs=channels, only=channels))
    np.testing.assert_array_equal(
        joined(heard(sound_card.find(), 1)), np.rint(given.mean(1)).astype(np.int16)
    )


@pytest.mark.parametrize("rate", [16000, 48000])
def test_an_overflow_is_silence_of_its_length_and_counted(pc: Any, rate: int) -> None:
    """What comes after it stays where it belongs."""
    given, gap = sound(rate), rate // 20
    card = Card(sound=given, rate=rate, overflows={0: 7, 3: gap})
    pc(card)
    blocks = heard(sound_card.find(), 7)
    assert [block.lost for block in blocks] == [0, 0, 0, 800, 0, 0, 0]  # the first lost nothing
    hole = 7 + 3 * rate // 10
    given[hole : hole + gap] = 0
    want = recording.resample(given[7:], rate)
    got = joined(blocks)
    np.testing.assert_array_equal(got, want[: len(got)])


def test_a_card_without_times_loses_one_sample_at_least(pc: Any) -> None:
    pc(Card(sound=sound(8000), overflows={2: 100}, clock=False))
    assert [block.lost for block in heard(sound_card.find(), 4)] == [0, 0, 1, 0]


def test_sound_that_nobody_takes_is_counted() -> None:
    intake = sound_card._Intake(16000)
    card = Card(sound=sound(16000 * 8))
    stream = library(card).InputStream(0, 16000, 1, "int16", 1600, intake.take)
    stream.start()
    for _ in range(70):
        assert stream.active
    taken = [intake.waiting.get_nowait() for _ in range(50)]
    assert [missing for _, missing in taken] == [0] * 50 and intake.waiting.empty()
    assert stream.active
    samples, missing = intake.waiting.get_nowait()
    assert missing == 20 * 1600
    np.testing.assert_array_equal(samples, card.sound[70 * 1600 : 71 * 1600])


def test_a_card_that_is_pulled_out(pc: Any) -> None:
    pc(Card(ends=3))
    with pytest.raises(GhostError, match="sends no sound any more. Plug it in again"):
        heard(sound_card.find(), 4)


def test_a_card_that_may_not_be_heard(pc: Any) -> None:
    module = pc(Card(refuses="Unanticipated host error [PaErrorCode -9999]"))
    with pytest.raises(GhostError) as caught:
        heard(sound_card.find(), 1)
    assert str(caught.value) == (
        "The microphone 'Built-in Microphone' cannot be opened (Unanticipated host error"
        " [PaErrorCode -9999]). Look whether it is plugged in, whether another program has it, and"
        " whether the system lets this terminal use the microphone."
    )
    assert module.streams[0].closed
    pc(Card(inputs=2, only=7))
    with pytest.raises(GhostError, match="cannot be opened .Invalid number of channels"):
        heard(sound_card.find(), 1)


CARDS = (
    Card("HDMI", inputs=0),
    Card("Built-in Microphone", rate=48000, inputs=2),
    Card("USB Audio", rate=44100),
    Card("USB Audio", driver=1),
    Card("USB Audio Two"),
)


@pytest.mark.parametrize(
    ("asked", "number"),
    [("", 1), ("3", 3), ("built", 1), ("usb audio", 2), ("two", 4), ("USB Audio Two", 4)],
)
def test_one_is_found(pc: Any, asked: str, number: int) -> None:
    pc(*CARDS, default=1)
    assert sound_card.find(asked).number == number


@pytest.mark.parametrize(
    ("asked", "told", "listed"),
    [
        ("0", "There is no microphone 0. Choose", 4),
        ("9", "There is no microphone 9. Choose", 4),
        ("webcam", "There is no microphone called 'webcam'. Choose", 4),
        ("audio", "Which 'audio'? Choose one by its number or name with --device:", 3),
    ],
)
def test_otherwise_what_there_is_is_listed(pc: Any, asked: str, told: str, listed: int) -> None:
    pc(*CARDS, default=1)
    with pytest.raises(GhostError) as caught:
        sound_card.find(asked)
    first, *lines = str(caught.value).splitlines()
    assert first.startswith(told) and len(lines) == listed
    assert "  2  USB Audio (ALSA, 1 channel, 44100 Hz)" in lines


def test_a_pc_without_microphones(pc: Any) -> None:
    pc(Card("HDMI", inputs=0))
    with pytest.raises(GhostError, match="There is no microphone on this PC"):
        sound_card.find()
    pc(Card("HDMI", inputs=0), Card("USB Audio"), default=-1)
    with pytest.raises(GhostError, match="The system has chosen no microphone. Choose one"):
        sound_card.find()


def test_what_is_played(pc: Any) -> None:
    module = pc()
    given = sound(1600)
    sound_card.play(given)
    ((samples, rate),) = module.played
    assert rate == 48000
    np.testing.assert_array_equal(samples, recording.resample(given, 16000, 48000))
    pc(speaker=False)
    with pytest.raises(GhostError, match="cannot be played .Error querying device -1"):
        sound_card.play(given)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ImportError(), "sounddevice for this PC's microphones is not installed: pip install 'mcu"),
        (OSError("PortAudio library not found"), "PortAudio for sounddevice is not installed: "),
    ],
)
def test_what_is_missing_is_named(
    bare: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    real = builtins.__import__

    def fails(name: str, *rest: Any) -> Any:
        if name == "sounddevice":
            raise error
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(GhostError, match=told):
        sound_card.find()
