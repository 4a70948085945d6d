# SPDX-License-Identifier: Apache-2.0
"""The GhostGRU's equations in float64 NumPy, written without a look at the layer."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ghost_gru(x, weights, *, ratio, state=None, mask=None):
    """Return (batch, frames, n) states for (batch, frames, d) inputs."""
    kernel, recurrent, bias = weights[:3]
    n = recurrent.shape[0]
    m = n // ratio
    wz, wr, wc = (kernel[:, i * m : (i + 1) * m] for i in range(3))
    uz, ur, uc = (recurrent[:, i * m : (i + 1) * m] for i in range(3))
    (bz, br, bc), (cz, cr, cc) = (np.split(row, 3) for row in bias)
    s = np.zeros((x.shape[0], n)) if state is None else state.astype(np.float64)
    states = []
    for t in range(x.shape[1]):
        frame, h, g = x[:, t], s[:, :m], s[:, m:]
        z = sigmoid(frame @ wz + bz + s @ uz + cz)
        r = sigmoid(frame @ wr + br + s @ ur + cr)
        c = np.tanh(frame @ wc + bc + r * (h @ uc[:m] + cc) + g @ uc[m:])
        h = (1 - z) * c + z * h
        new = h if ratio == 1 else np.hstack([h, np.tanh(h @ weights[3] + weights[4])])
        s = new if mask is None else np.where(mask[:, t, None], new, s)
        states.append(s)
    return np.stack(states, axis=1)
