# SPDX-License-Identifier: Apache-2.0
"""What comes from outside and what a terminal gets of it."""

from __future__ import annotations

import contextlib
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.markup import render
from rich.table import Table

from mcu_ghost import cli
from mcu_ghost.host import console, text
from mcu_ghost.host.errors import GhostError

TRICKS = "\x1b]0;owned\x07 \u202eabc\u2066 \u200b\ufeff \x9b31m \r\b \u2028 \udcff \U000e0041"


def harmless(told: str, keep: str = "\n\t") -> bool:
    """Whether there is nothing in a text that a terminal obeys or hides."""
    return all(c in keep or unicodedata.category(c)[0] not in "C" and c.isprintable() for c in told)


def printed(*what: object) -> str:
    """Return what the console prints of things."""
    out = io.StringIO()
    with contextlib.redirect_stderr(out):
        console.stderr().print(*what)
    return out.getvalue()


@settings(deadline=None)
@given(st.text())
def test_whatever_comes_is_harmless(outside: str) -> None:
    assert harmless(text.printable(outside), keep="")
    assert harmless(text.printable(outside, keep="\n"), keep="\n")
    assert text.printable(text.printable(outside)) == text.printable(outside)


def test_what_can_be_read_stays_and_the_rest_is_named() -> None:
    for good in ("größe", "日本語", "a b", "С 😀", ""):
        assert text.printable(good) == good
    assert text.printable(TRICKS) == (
        "\\x1b]0;owned\\x07 \\u202eabc\\u2066 \\u200b\\ufeff \\x9b31m \\x0d\\x08 \\u2028"
        " \\udcff \\U000e0041"
    )


@settings(deadline=None)
@given(st.text())
def test_no_text_from_outside_is_markup(outside: str) -> None:
    shown = render(f"[bold]{console.literal(outside)}[/] and [red]more[/]", emoji=False)
    assert shown.plain == f"{text.printable(outside)} and more"


def test_the_console_lets_nothing_through_by_whatever_way_it_comes() -> None:
    table = Table(title=TRICKS)
    table.add_column(TRICKS)
    table.add_row(TRICKS)
    for what in (TRICKS, table, f":boom: {TRICKS}"):
        told = printed(what)
        assert harmless(told) and "owned" in told
    assert ":boom:" in told
    assert printed("[red]a[/]\n\tb") == "a\n        b\n"


@pytest.mark.parametrize("kind", ["ghost", "usage"])
def test_an_error_names_things_safely(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        if kind == "ghost":
            raise GhostError(f"a\r\nb {TRICKS}")
        raise cli.click.UsageError(TRICKS)

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr().err
    assert caught.value.code == (1 if kind == "ghost" else 2)
    assert harmless(told) and "owned" in told
