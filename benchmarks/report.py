# SPDX-License-Identifier: Apache-2.0
"""Writes RESULTS.md from results.json: the same numbers, the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.measure import (
    BOARDS,
    CLASSES,
    COMPILERS,
    FRAMES,
    NETWORK_BOARDS,
    SELFTEST_BOARD,
    SELFTESTS,
    SHAPES,
    Cost,
    Selftest,
    Shape,
)
from benchmarks.networks import NETWORKS
from mcu_ghost import boards
from mcu_ghost.host import text

FOLDER = Path(__file__).resolve().parent

_HEAD = f"""\
# What a recurrent layer costs

`make benchmarks` measures and writes this file. A number is an emulated count of **instructions per
frame**, from entry to return of the generated step function, or of bytes. Every image was proven
bit for bit while it was counted: {FRAMES} random frames, {CLASSES} classes. Layers are named
units/ratio; ratio 1 is a plain GRU. Counts are of the `auto` kernels, by gcc and then zig; – does
not fit.
"""

# What others need for the same layer on a Cortex-M4: 49 frames of 10 inputs, 12 classes. Measured
# with gcc 12.2 in QEMU 7.2; TFLM of 2026-08-20 with CMSIS-NN; .tflite, code, RAM, instructions.
_OTHERS = (
    ("GRU-154 int8, unrolled by TF 2.15", "297 kB", "84 kB", "93.8 kB", "452 k"),
    ("GRU-154 int8, unrolled by TF 2.21", "342 kB", "93 kB", "471 kB", "458 k"),
    ("GRU-154 int8, one step, state by hand", "83 kB", "82 kB", "3.7 kB", "467 k"),
    ("GRU-154 float32, WHILE", "320 kB", "102 kB", "17.1 kB", "473 k"),
    ("LSTM-154 int8, fused (loses its state between calls)", "109 kB", "70 kB", "16.4 kB", "280 k"),
    ("best GRU that CMSIS-NN's functions compose to", "–", "–", "–", "≈ 217 k"),
)
_ELSEWHERE = """
Published: EdgeMark's int8 GRU of 20 896 parameters by TFLM on a NUCLEO-L4R5ZI takes 810 kB of
flash, 295 kB of RAM and 374 ms; NNoM's GRU denoiser does 0.45 multiplications per cycle on an M4.
Measured: CMSIS-NN's fully connected int8 product of 154 × 154 takes 2.26 instructions per
multiplication on an M4, its sigmoid and tanh 25 per element; its LSTM-154 on an M55 takes 54 k
instructions a frame by clang 19.
"""
# The same by CMSIS-NN 99f736a6: M4 by gcc 12 -O2, M55 by gcc 12 / clang 19.
_CMSIS_NN = {
    "Dense 256 → 256": ("2.07 a MAC", "0.52 / 0.20 a MAC"),
    "Conv 1×1, 25×5 pixels, 64 → 64": ("2.09 a MAC", "0.40 / 0.38 a MAC"),
    "Conv 3×3, 10×10 pixels, 16 → 32": ("2.14 a MAC", "0.33 / 0.33 a MAC"),
    "Conv1D k = 3, 64 → 64, a frame": ("3.15 a MAC", "0.49 / 0.50 a MAC"),
    "Conv1D k = 9, 64 → 64, a frame": ("2.92 a MAC", "0.37 / 0.38 a MAC"),
    "depthwise 3×3, 25×5 pixels, 64": ("7.8 a MAC", "2.3 / 2.3 a MAC"),
    "LSTM-154, 10 inputs": ("284 k", "92 k / 57 k"),
    "add, 640 values": ("80.6 a value", "13.8 / 8.3 a value"),
    "max pool 2×2, 24×6 pixels, 64": ("38 an output", "8.1 / 4.9 an output"),
    "average of 25×5 pixels, 64": ("50.8 k", "13.1 k / 9.0 k"),
    "softmax of 12": ("6 380", "6 836 / 1 195"),
    "MLPerf Tiny keyword DS-CNN": ("7.70 M", "1.81 M / 1.76 M"),
    "MLPerf Tiny anomaly autoencoder": ("580 k", "147 k / 62 k"),
}
_THEIRS = """
Each is a network of its own with random weights: instructions from entry to return for one frame
or image, by gcc and then zig, and per multiplication by the better one. CMSIS-NN's (99f736a6) are
of its kernels alone, by gcc 12 on the M4 and by gcc 12 and clang 19 on the M55, counted in the
same way. Arm publishes 104.5 k cycles of an Ethos-U55 for 10 ms of its int8 RNNoise: cycles of
another machine, so no comparison.
"""
_CYCLES = """
Cycles are estimates from the Cortex-M4's documented instruction timings and the board's two wait
states, not measurements; `mcu-ghost profile` lists what they assume. Sleeping, and polling a
register until it changes, count as no instructions of the start.
"""


@dataclass(frozen=True)
class Results:
    """All measurements: by layer or network, board and compiler; selftests by layer, compiler."""

    costs: Mapping[tuple[str, str, str], Cost | None]
    networks: Mapping[tuple[str, str, str], Cost | None]
    selftests: Mapping[tuple[str, str], Selftest]


def load() -> Results:
    """Return what results.json holds."""
    data = json.loads((FOLDER / "results.json").read_text("utf-8"))
    layers, networks = (
        {tuple(r[:3]): Cost(*r[3:]) if len(r) > 3 else None for r in data[of]}
        for of in ("layers", "networks")
    )
    selftests = {tuple(r[:2]): Selftest(*r[2:]) for r in data["selftests"]}
    return Results(layers, networks, selftests)


def as_json(results: Results) -> str:
    """Return the content of results.json, one measurement a line."""
    parts = []
    every = {
        "layers": results.costs,
        "networks": results.networks,
        "selftests": results.selftests,
    }
    for name, found in every.items():
        rows = [[*key, *(astuple(cost) if cost else ())] for key, cost in sorted(found.items())]
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        parts.append(f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def page(results: Results) -> str:
    """Return the content of RESULTS.md."""
    parts = [_HEAD, _against_others(results), _selftests(results), _networks(results)]
    for title, show in (
        ("Instructions per frame", lambda cost: text.count(cost.instructions)),
        ("Flash, KiB", lambda cost: f"{cost.flash / 1024:.1f}"),
        ("RAM, KiB, with the stack as far as it was used", lambda cost: f"{cost.ram / 1024:.1f}"),
    ):
        for inputs in sorted({shape.inputs for shape in SHAPES}):
            chosen = [shape for shape in SHAPES if shape.inputs == inputs]
            table = _table(results, chosen, show)
            parts.append(f"## {title}, {inputs} inputs\n\n{table}")
    return "\n".join(parts)


def _against_others(results: Results) -> str:
    lines = ["| on a Cortex-M4, 10 inputs | .tflite | code and libraries | RAM | per frame |\n",
             "|---|---|---|---|---|\n"]  # fmt: skip
    lines += [f"| {' | '.join(row)} |\n" for row in _OTHERS]
    for shape in SELFTESTS:
        for compiler in COMPILERS:
            cost = results.costs[shape.name, SELFTEST_BOARD, compiler]
            assert cost is not None
            lines.append(
                f"| **{shape.title}, mcu-ghost by {compiler}** | "
                f"| image {cost.flash / 1024:.1f} KiB | {cost.ram / 1024:.1f} KiB "
                f"| **{text.count(cost.instructions)}** |\n"
            )
    return "## Against what there was\n\n" + "".join(lines) + _ELSEWHERE


def _selftests(results: Results) -> str:
    lines = ["| selftest, 10 inputs | flash | RAM without the stack | reset to first frame "
             "| cycles a frame, no wait states | cycles a frame from flash |\n",
             "|---" * 6 + "|\n"]  # fmt: skip
    for shape in SELFTESTS:
        for compiler in COMPILERS:
            found = results.selftests[shape.name, compiler]
            lines.append(
                f"| {shape.title}, {compiler} | {text.count(found.flash)} B "
                f"| {text.count(found.ram)} B "
                f"| {text.count(found.start_up)} instructions | ≈ {text.count(found.cycles)} "
                f"| ≈ {text.count(found.cycles_from_flash)} |\n"
            )
    return "## The image on the nRF52840\n\n" + "".join(lines) + _CYCLES


def _networks(results: Results) -> str:
    heads = ["instructions", "MACs", *map(_board, NETWORK_BOARDS)]
    heads += ["CMSIS-NN, M4", "CMSIS-NN, M55"]
    lines = [f"| {' | '.join(heads)} |\n", "|---" * len(heads) + "|\n"]
    for name, made in NETWORKS.items():
        macs = sum(step.macs for step in made().steps)
        cells = []
        for board in NETWORK_BOARDS:
            both = [results.networks[name, board, compiler] for compiler in COMPILERS]
            numbers = ["–" if c is None else text.count(c.instructions) for c in both]
            least = min((c.instructions for c in both if c), default=0)
            per = f" ({least / macs:.2f})" if macs and least else ""
            cells.append(" / ".join(numbers) + per)
        theirs = _CMSIS_NN.get(name, ("–", "–"))
        known = text.count(macs) if macs else ""
        lines.append(f"| {name} | {known} | {' | '.join((*cells, *theirs))} |\n")
    return f"## Other layers and networks\n\n{''.join(lines)}{_THEIRS}"


def _board(name: str) -> str:
    core = boards.load(name).cpu.core.removeprefix("cortex-").upper().replace("PLUS", "+")
    return f"{name} ({core})"


def _table(results: Results, shapes: list[Shape], show: Callable[[Cost], str]) -> str:
    lines = [f"| layer | {' | '.join(map(_board, BOARDS))} |\n", "|---" * (len(BOARDS) + 1) + "|\n"]
    for shape in shapes:
        cells = []
        for name in BOARDS:
            both = [results.costs[shape.name, name, compiler] for compiler in COMPILERS]
            cells.append(" / ".join("–" if c is None else show(c) for c in both))
        lines.append(f"| {shape.units}/{shape.ratio} | {' | '.join(cells)} |\n")
    return "".join(lines)
