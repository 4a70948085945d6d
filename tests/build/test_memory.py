# SPDX-License-Identifier: Apache-2.0
"""The recurrent state lies in the generated struct as the reference lays it out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build import model_c
from mcu_ghost.host import templates
from mcu_ghost.network import reference
from mcu_ghost.network.random_model import random_inputs, random_model
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
