# SPDX-License-Identifier: Apache-2.0
"""The state lies in the generated struct as the reference lays it out; scratch memory is shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build import memory, model_c
from mcu_ghost.build.pack import pack
from mcu_ghost.host import templates
from mcu_ghost.network import reference
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tensor import Tensor
from tests.conftest import compile_program
from tests.networks import network


def test_the_references_state_is_carries_and_states_at_words() -> None:
    model = random_model(1, units=7, ratio=3, inputs=3, layers=2, classes=0)
    runner = reference.Runner(model)
    for frame in random_inputs(0, model, 1, 4)[0]:
        runner.step(frame)
    data = runner.state_bytes().tobytes()
    carry, state = runner.state[model.layers[1].output]
    assert np.frombuffer(data[12:16], "<i2").tolist() == carry.tolist()
    assert np.frombuffer(data[16:23], "i1").tolist() == state.tolist() and any(state)
    assert len(data) == model.state_bytes == 24 and data[23] == 0


@pytest.mark.toolchain
@pytest.mark.parametrize("seed", range(3))
def test_the_generated_struct_is_laid_out_so(tmp_path: Path, seed: int) -> None:
    context = model_c.model_context(network(seed))
    struct, offset = f"{context.name}_state_t", 0
    (tmp_path / "model.h").write_text(templates.render("model/model.h.jinja", context))
    claims = []
    for p in context.packed:
        for c_type, name, size in p.variables:
            claims.append(f"offsetof({struct}, {name}) == {offset}")
            offset += -(-size * {"int8_t": 1, "int16_t": 2}[c_type] // 4) * 4
    assert offset == context.model.state_bytes and len(claims) == 2 * len(context.model.layers)
    claims.append(f"sizeof({struct}) == {offset}")
    lines = [f'_Static_assert({claim}, "");\n' for claim in claims]
    source = tmp_path / "claims.c"
    text = '#include <stddef.h>\n#include "model.h"\n' + "".join(lines)
    source.write_text(text + "int main(void) { return 0; }\n")
    compile_program(tmp_path / "claims", [source], f"-I{tmp_path}")


SIZE = 40
RNG = np.random.default_rng(3)
X = Tensor("x", (SIZE,), "int8", 0.1, 0)
LOOKUP, _ = Lookup.random(RNG, X, 0)


def planned(*operators: Operator, sizes: dict[int, int] | None = None) -> memory.Plan:
    """Return where tensors of one scale live; 0 is the input, the last one the output."""
    shapes = sizes or {}
    tensors = tuple(Tensor(f"t{i}", (shapes.get(i, SIZE),), "int8", 0.1, 0)
                    for i in range(len(operators) + 1))  # fmt: skip
    model = Model("m", Graph(tensors, (0,), (len(operators),), operators), {"version": 1})
    return memory.plan(model, pack(model))


def look(source: int, target: int) -> Lookup:
    return replace(LOOKUP, inputs=(source,), output=target)


def pool(source: int, target: int) -> Mean:
    return Mean((source,), target, (-1,))


def join(*sources: int, to: int) -> Concatenation:
    return Concatenation(sources, to)


def test_answers_take_the_place_of_values_that_nobody_reads_again() -> None:
    made = planned(look(0, 1), look(1, 2), look(2, 3), look(3, 4))
    assert set(made.offsets.values()) == {0} and made.scratch_bytes == SIZE
    assert made.least_scratch_bytes == SIZE


def test_a_sum_takes_the_place_of_what_is_added_to_what_stays() -> None:
    add = replace(Add.random(RNG, X, 1, other=X)[0], inputs=(1, 2), output=3)
    made = planned(look(0, 1), look(1, 2), add, look(3, 4), look(4, 5))
    assert made.scratch_bytes == 2 * SIZE and made.offsets[3] in (made.offsets[1], made.offsets[2])


def test_values_that_somebody_reads_again_stay() -> None:
    add = replace(Add.random(RNG, X, 1, other=X)[0], inputs=(1, 3), output=4)
    made = planned(look(0, 1), look(1, 2), look(2, 3), add, look(4, 5))
    assert made.offsets[1] not in (made.offsets[2], made.offsets[3])


def test_what_is_joined_stands_in_its_place_from_the_start() -> None:
    """Also where it is read again, and what it is joined to is joined itself."""
    add = replace(Add.random(RNG, X, 1, other=X)[0], inputs=(1, 2), output=4)
    parts = (look(0, 1), look(0, 2), join(1, 2, to=3), add, join(3, 4, to=5), look(5, 6))
    made = planned(*parts, sizes={3: 2 * SIZE, 5: 3 * SIZE, 6: 3 * SIZE})
    assert [made.offsets[i] for i in (1, 2, 3, 4, 5)] == [0, SIZE, 0, 2 * SIZE, 0]
    assert made.scratch_bytes == made.least_scratch_bytes == 3 * SIZE


def test_what_would_begin_within_a_word_is_copied() -> None:
    made = planned(look(0, 1), look(0, 2), join(1, 2, to=3), look(3, 4), sizes={
        0: 5, 1: 5, 2: 5, 3: 10, 4: 10})  # fmt: skip
    assert made.offsets[1] == made.offsets[3] and made.offsets[2] % 4 == 0
    assert made.offsets[2] >= made.offsets[3] + 10


def test_nothing_is_overwritten_in_which_something_stands_that_is_read_again() -> None:
    add = replace(Add.random(RNG, X, 1, other=X)[0], inputs=(1, 2), output=5)
    parts = (look(0, 1), look(0, 2), join(1, 2, to=3), look(3, 4), add, join(4, 5, to=6))
    made = planned(*parts, look(6, 7), sizes={3: 2 * SIZE, 4: 2 * SIZE, 6: 3 * SIZE, 7: 3 * SIZE})
    assert made.offsets[4] >= made.offsets[3] + 2 * SIZE


def test_what_waits_for_others_holds_no_more_than_it_would_apart() -> None:
    """A small part would hold the memory of all of it, while something large is made."""
    parts = (look(0, 1), look(0, 2), look(2, 3), pool(3, 4), join(1, 4, to=5), look(5, 6))
    made = planned(*parts, sizes={2: 9 * SIZE, 3: 9 * SIZE, 5: 2 * SIZE, 6: 2 * SIZE})
    assert made.scratch_bytes == 11 * SIZE
