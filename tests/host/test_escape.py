# SPDX-License-Identifier: Apache-2.0
"""The filters: what comes out is the same text to a reader of the language, and nothing more."""

from __future__ import annotations

import ast
import html
import json
import re
import tomllib
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.host import escape, templates
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import printable
from tests import hostile

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    list(hostile.TEXTS.values())
)


def decoded(literal: str) -> bytes:
    """Return the bytes of a C string literal."""
    assert re.fullmatch(r'"(?:[ !#-\[\]-~]|\\["\\?]|\\[0-7]{3})*"', literal) and "??" not in literal
    return ast.literal_eval("b" + literal.replace("\\?", "?"))


@given(TEXT)
def test_what_is_read_is_what_was_written(text: str) -> None:
    assert tomllib.loads(f"a = {escape.toml(text)}\nb = 1") == {"a": text, "b": 1}
    assert yaml.safe_load(f"a: {escape.yaml(text)}\nb: 1\n") == {"a": text, "b": 1}
    assert json.loads(f'{{"a": {escape.json_string(text)}, "b": 1}}') == {"a": text, "b": 1}
    assert decoded(escape.c_string(text)) == text.encode()
    assert json.loads(b'"' + decoded(escape.c_json(text)) + b'"') == text


@pytest.mark.parametrize(
    "word", ["on", "No", "null", "1e3", "0x1", "~", "-", "2024-01-01", ".5", ""]
)
def test_yaml_reads_these_words_as_strings(word: str) -> None:
    assert yaml.safe_load(f"a: {escape.yaml(word)}") == {"a": word}


@given(TEXT)
def test_a_comment_ends_nothing(text: str) -> None:
    said = escape.comment(text)
    assert len(said) == len(text)
    assert not re.search(r"[\x00-\x1f\x7f\"\\*?;$`{}\[\]<>#%|=~^!\u202e\u2028\x85]", said)


def test_ordinary_titles_stay_as_they_are() -> None:
    for title in (
        "BBC micro:bit v2 (nRF52833)",
        "MPS2 AN505 (Cortex-M33, secure)",
        "größe 値 हिन्दी",
    ):
        assert escape.comment(title) == title
    assert escape.markdown("smart_mirror, hey lamp (2)") == "smart_mirror, hey lamp (2)"
    assert escape.yaml("wake_words") == "wake_words"
    assert escape.c_string("alexa") == '"alexa"'


@given(TEXT)
def test_markdown_has_no_markup_left(text: str) -> None:
    said = escape.markdown(text)
    assert said.isprintable()
    assert not re.search(r"[`*\[\]<>&#!|$~]", re.sub(r"\\.", "", said))
    assert len(re.sub(r"\\(.)", r"\1", said)) == len(text)


@pytest.mark.parametrize("name", [n for n in escape.FILTERS if n != "code"])
def test_half_a_character_is_no_text(name: str) -> None:
    with pytest.raises(GhostError, match="half a character"):
        escape.FILTERS[name](hostile.HALF)


@pytest.mark.parametrize("text", hostile.TEXTS.values())
def test_code_is_no_text(text: str) -> None:
    with pytest.raises(escape.Unescaped):
        escape.code(text)


def test_what_code_may_be() -> None:
    for code in ("scratch->arena + 64", "&net_ghost_gru_0", "1, -2, INT32_MIN,", "{ 1, 2 }", 7,
                 "defined(__thumb__) && defined(X)", "-mcpu=cortex-m33+nofp -mthumb"):  # fmt: skip
        assert escape.code(code) == str(code)
    for text in ("a // b", "a /* b", "a */ b", "a;", "a\n", '"', "'", "#", "a: b"):
        with pytest.raises(escape.Unescaped):
            escape.code(text)


def template(name: str, source: str) -> jinja2.Template:
    """Return a template of one's own, in the environment of all."""
    loader = jinja2.DictLoader({f"{name}.jinja": source})
    overlaid: jinja2.Environment = templates.environment().overlay(loader=loader)
    return overlaid.get_template(f"{name}.jinja")


def rendered(name: str, source: str, **values: Any) -> str:
    """Render it."""
    return template(name, source).render(values)


FILES = ("a.c", "a.h", "a.S", "a.ld", "CMakeLists.txt", "a.yml", "a.toml", "a.json", "a.md",
         "a.robot", "a.resc", "a.repl", "a.properties", "Kconfig", "a.py", "gitignore",
         "a.never_seen")  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_a_forgotten_filter_is_an_error(file: str) -> None:
    for source in ("{{ x }}", "{{ x | upper }}", "{{ 'a' ~ x }}", "{{ [x] | join('-') }}"):
        forgets = template(file, source)
        for text in ("two words", *hostile.TEXTS.values()):
            with pytest.raises(escape.Unescaped, match=re.escape(file)):
                forgets.render(x=text)
    assert (
        rendered(file, "{{ x }} {{ x | upper }} {{ 'v' ~ 1 }}", x="a-b/c.d") == "a-b/c.d A-B/C.D v1"
    )
    assert rendered(file, "{{ 1 }} {{ 0.5 }} {{ true }}") == "1 0.5 True"
    for nothing in (None, [], {}):
        with pytest.raises(escape.Unescaped):
            rendered(file, "{{ x }}", x=nothing)


@pytest.mark.parametrize("name", ["c_string", "c_json", "toml", "yaml", "json", "markdown"])
def test_a_filter_of_another_language_is_an_error(name: str) -> None:
    for file in FILES:
        source = f"{{{{ x | {name} }}}}"
        if escape.FILTERS[name]("x").language == escape.language(file):
            assert "two" in rendered(file, source, x="two; words")
        else:
            with pytest.raises(escape.Unescaped, match="a filter for"):
                rendered(file, source, x="two; words")


def test_macros_are_checked_within() -> None:
    macro = "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(y) }}"
    assert rendered("a.c", macro, y="word") == "<word>"
    with pytest.raises(escape.Unescaped):
        rendered("a.c", macro, y="two words")


@pytest.mark.parametrize("text", [*hostile.TEXTS.values(), hostile.HALF])
def test_html_escapes_by_itself(text: str) -> None:
    page = rendered("a.html", '<p title="{{ x }}">{{ x }}</p>', x=text)
    shown = printable(text, keep="\n")
    assert html.unescape(page) == f'<p title="{shown}">{shown}</p>' or "&lt;" in text
    page.encode()
    assert page.count("<") == 2 and page.count('"') == 2
