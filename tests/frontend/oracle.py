# SPDX-License-Identifier: Apache-2.0
"""The front end that ours must equal, as pymicro-features packages it."""

from __future__ import annotations

import numpy as np

from mcu_ghost.frontend import Features, Samples, Settings

WHEEL = Settings(16000, 30, 10, 40, 125, 7500)
"""The wheel's settings; it has no others."""


def wheel(samples: Samples) -> Features:
    """Run pymicro-features over all whole hops of a recording."""
    from pymicro_features import MicroFrontend

    front_end, frames = MicroFrontend(), []
    data = np.ascontiguousarray(samples, "<i2").tobytes()
    for start in range(0, len(data) - 319, 320):
        if found := front_end.process_samples(data[start : start + 320]).features:
            frames.append(found)
    values = np.array(frames).reshape(-1, 40) / 0.0390625
    assert np.array_equal(values, np.rint(values))
    return values.astype(np.uint16)
