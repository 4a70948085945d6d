# SPDX-License-Identifier: Apache-2.0
"""Reading settings strictly: what no field may hold, and how each refusal is worded."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError


@dataclass(frozen=True)
class Part:
    near: Annotated[int, Meta(ge=1, le=9)]
    far: float = 9.0

    def __post_init__(self) -> None:
        if self.far < self.near:
            raise ValueError("far must not be below near.")


@dataclass(frozen=True)
class Whole:
    name: str
    part: Part
    parts: dict[str, Part] = field(default_factory=dict)
    steps: Annotated[int, Meta(ge=0, lt=2**32, multiple_of=4)] = 0
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    pair: Annotated[tuple[float, ...], Meta(min_length=2, max_length=2)] = (0.0, 1.0)
    code: Annotated[str, Meta(pattern="^[a-z]{2}$", examples=["ab"])] = "ab"
    kind: Literal["zoo", "ark"] = "zoo"
    words: Annotated[tuple[str, ...], Meta(min_length=1, max_length=3)] = ("a",)
    maybe: Annotated[int, Meta(ge=1)] | None = None
    yes: bool = False


GOOD: dict[str, Any] = {"part": {"near": 1}}


def refused(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "x.json"
    try:
        path.write_text(json.dumps(GOOD | changes))
    except ValueError:  # more digits than Python writes; TOML may have them in hexadecimal
        path = tmp_path / "x.toml"
        ((key, (number,)),) = changes.items()
        path.write_text(f"{key} = [{number:#x}]\npart = {{near = 1}}")
    with pytest.raises(GhostError) as caught:
        schema.read(path, Whole)
    return str(caught.value).removeprefix(f"{path}: ")


def test_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_text('share = 0.25\npair = [3, 4]\n[part]\nnear = 9\n[parts."x y"]\nnear = 2\n')
    assert schema.read(path, Whole) == Whole(
        "it", Part(9), {"x y": Part(2)}, share=0.25, pair=(3.0, 4.0)
    )
    path = tmp_path / "it.json"
    path.write_text(json.dumps(GOOD | {"maybe": None}))
    assert schema.read(path, Whole) == Whole("it", Part(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": {"near": 10}}, "part.near must be 1 to 9, not 10."),
        ({"part": {"near": True}}, "part.near must be a whole number, not True."),
        ({"part": {"near": 1.0}}, "part.near must be a whole number, not 1.0."),
        ({"part": {"near": None}}, "part.near must be a whole number, not None."),
        ({"part": {"near": 1 << 999}}, "part.near must be 1 to 9, not a number of 1 000 bits."),
        ({"part": {}}, "part.near is missing."),
        ({"part": {"near": 1, "fra": 2}}, "unknown key part.fra. Did you mean 'far'?"),
        ({"part": {"near": 1, "far": math.nan}}, "part.far must be a number, not nan."),
        ({"part": {"near": 1, "far": -math.inf}}, "part.far must be a number, not -inf."),
        ({"part": {"near": 1, "far": 10**400}}, "part.far must be a number, not a number of 1 329"),
        ({"part": {"near": 1, "far": True}}, "part.far must be a number, not True."),
        ({"part": [1]}, "part must be a table, not [1]."),
        ({"parts": {"a": {"near": 0}}}, "parts.a.near must be 1 to 9, not 0."),
        ({"parts": [GOOD["part"]]}, "parts must be a table, not [a table]."),
        ({"parts": {"\x1b": {"near": 0}}}, r"parts.'\x1b'.near must be 1 to 9, not 0."),
        ({"part": {"near": 3, "far": 2.0}}, "part.far must not be below near."),
        ({"name": "x"}, "unknown key name."),
        ({"\x1b[2J": 1}, r"unknown key '\x1b[2J'."),
        ({"k" * 999: 1}, "unknown key 'kkkkkk"),
        ({"steps": 6}, "steps must be a multiple of 4, at least 0 and below 2**32, not 6."),
        ({"steps": 0x10002}, "steps must be a multiple of 4, at least 0 and below 2**32, not 0x1"),
        ({"share": 1}, "share must be above 0 and below 1, not 1."),
        ({"share": math.inf}, "share must be above 0 and below 1, not inf."),
        ({"pair": [1.0]}, "pair must be a list of 2, not [1.0]."),
        ({"pair": [1.0, "b"]}, "pair[1] must be a number, not 'b'."),
        ({"code": "abc"}, "code must look like \"ab\", not 'abc'."),
        ({"code": "ab\n"}, "code holds a character that cannot be printed."),
        ({"code": 7}, "code must be a string, not 7."),
        ({"kind": "oo"}, "kind must be one of zoo, ark, not 'oo'. Did you mean 'zoo'?"),
        ({"kind": ["zoo"]}, "kind must be one of zoo, ark, not ['zoo']."),
        ({"words": []}, "words must be a list of 1 to 3, not []."),
        ({"words": ["a", "b", "a"]}, "words names something twice."),
        ({"words": ["a", "\ud800"]}, "words[1] holds a character that cannot be printed."),
        ({"words": "a"}, "words must be a list, not 'a'."),
        ({"maybe": 0}, "maybe must be at least 1, not 0."),
        ({"yes": 1}, "yes must be true or false, not 1."),
        ({"yes": "y" * 999}, "yes must be true or false, not 'yyyyyyyyyyyy...yyyyyyyyyyyyy'."),
        ({"yes": [1 << 99999]}, "yes must be true or false, not [a number of 100 000 bits]."),
    ],
)  # fmt: skip
def test_each_mistake_has_its_message(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    told = refused(tmp_path, **changes)
    assert told.startswith(message) and told.isprintable() and len(told) < 150


def test_depth_is_no_bomb(tmp_path: Path) -> None:
    for depth in (50, 900, 30_000):
        for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            path = tmp_path / "x.json"
            path.write_text(f'{{"part": {text}}}')
            with pytest.raises(GhostError) as caught:
                schema.read(path, Whole)
            assert len(str(caught.value)) < 200


def test_other_keys_are_left_alone_where_that_is_wanted() -> None:
    found = schema.build({"near": 2, "other": [1]}, Part, "There", closed=False)
    assert found == Part(2)
    with pytest.raises(GhostError, match="^There: unknown key other.$"):
        schema.build({"near": 2, "other": [1]}, Part, "There")
    with pytest.raises(GhostError, match="^There: the whole must be a table, not 'x'.$"):
        schema.build("x", Part, "There", closed=False)
