# SPDX-License-Identifier: Apache-2.0
"""A network's name begins every name in its C, so it may be none that anything else has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import names


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("wake_words", "wake_words"),
        ("Hey Lamp!", "hey_lamp"),
        ("kws-154/2", "kws_154_2"),
        ("2024", "model_2024"),
        ("größe", "gr_e"),
        ("", "model"),
        ("\0", "model"),
        ("ghostrnn", "ghostrnn"),
        ("model", "model"),
        ("main", "main_net"),
        ("ghost", "ghost_net"),
        ("Ghost Detector", "ghost_detector_net"),
        ("app", "app_net"),
        ("app_model", "app_model_net"),
        ("front-end", "front_end_net"),
        ("int", "int_net"),
        ("while", "while_net"),
        ("ghost_net", "ghost_net"),
        ('x"; system("id', "x_system_id"),
    ],
)
def test_identifiers(name: str, wanted: str) -> None:
    assert names.identifier(name) == wanted


@given(st.text(st.characters()) | st.sampled_from(["ghost", "app", "int"]))
def test_any_text_has_one_that_stays_as_it_is(name: str) -> None:
    found = names.identifier(name)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", found) and len(found) <= names.LONGEST + 6
    assert names.identifier(found) == found[: names.LONGEST].strip("_")
    names.validate(found)


@pytest.mark.parametrize("name", ["", "2b", "Lamp", "a b", "a-b", "ghost", "int", 'a"', "a\n", "ä"])
def test_a_name_that_somebody_chose_is_refused(name: str) -> None:
    with pytest.raises(GhostError, match="A network cannot be called") as refused:
        names.validate(name)
    assert "\n" not in str(refused.value) or "\n" in name


def identifiers(paths: list[Path]) -> set[str]:
    """Return what C, or a template of C, calls by name, without comments and strings."""
    found: set[str] = set()
    for path in paths:
        no_code = r'/\*.*?\*/|//[^\n]*|"[^"\n]*"|\{\{.*?\}\}\w*'
        found |= set(
            re.findall(r"\b[A-Za-z_]\w*", re.sub(no_code, " ", path.read_text(), flags=re.S))
        )
    return found


def test_no_name_can_make_one_that_the_firmware_has() -> None:
    """What templates make of a network's name, held against all that an image consists of."""
    templates = resources.folder("templates")
    made = "".join(p.read_text() for p in (templates / "model").glob("*.jinja"))
    suffixes = set(re.findall(r"\{\{ name(?: \| upper)? \}\}(_\w+)", made))
    assert {"_reset", "_step", "_in_t", "_INPUT_BYTES", "_MODEL_H"} <= suffixes
    sources = [p for p in resources.folder("firmware").rglob("*") if p.suffix in (".c", ".h", ".S")]
    for room in ("build", "model", "sound"):
        sources += (templates / room).glob("*.[ch].jinja")
    ours = identifiers(sources)
    assert {"ghost_reset", "app_model_step", "APP_MODEL_H", "main"} <= ours
    taken = {
        word: word.removesuffix(suffix).lower()
        for word in ours
        for suffix in suffixes
        if word.endswith(suffix) and word != suffix
    }
    assert {"ghost", "app_model", "app"} <= set(taken.values())
    for word, name in taken.items():
        assert names.reserved(name) or not re.fullmatch(r"[a-z][a-z0-9_]*", name), word


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["signal", "Offset 2"], ("signal", "offset_2")),
        (["x", "x", "X"], ("x", "x_1", "x_2")),
        (["a", "a_fixed"], ("a", "a_fixed_1")),
        (["a_fixed", "a"], ("a_fixed", "a_1")),
        (["", "größe", "ü", "1st"], ("x0", "gr_e", "x2", "x_1st")),
        (["class", "errno"], ("x_class", "x_errno")),
        (["serving_default_x:0", "b" * 50], ("serving_default_x_0", "b" * 40)),
    ],
)
def test_members(given: list[str], wanted: tuple[str, ...]) -> None:
    assert names.members(given, "x") == wanted
