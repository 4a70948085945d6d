# SPDX-License-Identifier: Apache-2.0
"""The generated front end, compiled for this machine."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path

import numpy as np

from mcu_ghost.build import front_end_c
from mcu_ghost.build.front_end_c import SOURCES
from mcu_ghost.host import resources
from mcu_ghost.sound.audio import Formula
from mcu_ghost.sound.front_end import Features, FrontEndSettings, Samples
from tests.conftest import compile_host

FORMULA = Formula(multiplier=1674, shift=12, zero_point=-128)


def generated(settings: FrontEndSettings) -> dict[str, str]:
    """Return the C files of a model with these settings."""
    return front_end_c.sources(front_end_c.context(settings, FORMULA))


class HostFrontEnd:
    """The generated C for some settings, with guarded memory."""

    def __init__(self, settings: FrontEndSettings, folder: Path, *, sanitize: bool = True) -> None:
        self.settings = s = settings
        texts = generated(settings)
        name = hashlib.sha256(texts["front_end.c"].encode()).hexdigest()[:16]
        place = folder / name
        place.mkdir(exist_ok=True)
        firmware = resources.folder("firmware")
        sizes = '#include "front_end.h"\nconst unsigned state_size = sizeof(front_end_state_t);'
        sizes += "const unsigned scratch_size = sizeof(front_end_scratch_t);"
        for file, text in {**texts, "sizes.c": sizes}.items():
            (place / file).write_text(text)
        common = folder / f"firmware_{sanitize}.so"
        sources = [place / "front_end.c", place / "sizes.c", common]
        flags = [f"-I{place}", f"-I{firmware}"]
        flags += ["-fsanitize=undefined", "-fno-sanitize-recover"] * sanitize
        library = place / f"front_end_{sanitize}.so"
        if not common.exists():
            compile_host(common, [firmware / file for file in SOURCES], *flags)
        if not library.exists():
            compile_host(library, sources, *flags)
        self.library = ctypes.CDLL(str(library))
        self.library.front_end_hop.restype = ctypes.c_bool
        self.state = self._memory("state_size")
        self.scratch = self._memory("scratch_size")
        self.features = np.full(s.channels + 2, 0xA5A5, np.uint16)
        self.reset()

    def _memory(self, size: str) -> np.ndarray:
        return np.full(ctypes.c_uint.in_dll(self.library, size).value + 8, 0xA5, np.uint8)

    def reset(self) -> None:
        """Start a stream."""
        self.library.front_end_reset(ctypes.c_void_p(self.state.ctypes.data))

    def hops(self, samples: Samples) -> Features:
        """Take all whole hops of some samples."""
        s, frames = self.settings, []
        hop, state, scratch, features = (
            self.library.front_end_hop,
            *(ctypes.c_void_p(a.ctypes.data) for a in (self.state, self.scratch, self.features)),
        )
        data = np.ascontiguousarray(samples)
        for start in range(0, len(data) - s.hop + 1, s.hop):
            if hop(state, scratch, ctypes.c_void_p(data.ctypes.data + 2 * start), features):
                frames.append(self.features[:-2].copy())
        for memory in (self.state, self.scratch):
            assert (memory[-8:] == 0xA5).all(), "wrote past the end"
        assert (self.features[-2:] == 0xA5A5).all(), "wrote past the end"
        return np.array(frames, np.uint16).reshape(-1, s.channels)

    def quantize(self, features: Features) -> np.ndarray:
        """Turn one frame into the network's input."""
        frame = np.full(self.settings.channels + 4, 0x5A, np.int8)
        self.library.front_end_quantize(
            *(ctypes.c_void_p(a.ctypes.data) for a in (features, frame))
        )
        assert (frame[-4:] == 0x5A).all(), "wrote past the end"
        return frame[:-4]
