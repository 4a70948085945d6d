# SPDX-License-Identifier: Apache-2.0
"""The tables of kws.md and kws.svg, from kws.json alone."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.kws import plot
from experiments.kws.data import CONDITIONS
from experiments.kws.networks import Network, networks
from experiments.markdown import table
from mcu_ghost.host import files, text

TEXTS = Path(__file__).parents[2] / "docs" / "experiments"
RESULTS, TEXT, PLOT = (TEXTS / f"kws.{kind}" for kind in ("json", "md", "svg"))
BEGIN, END = "<!-- tables: experiments.kws -->\n", "<!-- end of tables -->\n"
PAIRS = (
    ("ghost 2", "matched"),
    ("ghost 2", "wide"),
    ("ghost 2", "half"),
    ("matched", "wide"),
    ("ghost 4", "half"),
    ("ghost 4", "wide"),
)

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Results:
    """The runs of one task.

    Attributes:
        facts: What kws.json says of the data.
        runs: Of each network, by seed.
    """

    facts: dict[str, Any]
    runs: dict[Network, dict[int, dict[str, Any]]]

    @property
    def networks(self) -> dict[str, Network]:
        """The networks by role, those that were run with the first seed."""
        every = networks(len(self.facts["labels"]))
        return {role: network for role, network in every.items() if 1 in self.runs.get(network, {})}

    @property
    def seeds(self) -> list[int]:
        """The seeds that every network was trained with, so that all means are of the same ones."""
        return sorted(set.intersection(*(set(self.runs[n]) for n in self.networks.values())))

    def accuracy(self, network: Network, condition: str, kind: str) -> Reals:
        """Return macro accuracies in percent, one for each seed."""
        runs = [self.runs[network][seed] for seed in self.seeds]
        return np.array([100 * run["accuracy"][condition][kind] for run in runs])

    def right(self, network: Network, condition: str) -> npt.NDArray[np.bool_]:
        """Return whether the integer network was right: (seeds, kinds of noise, clips)."""
        labels, kinds = self.labels(condition)
        total = len(labels) * kinds
        bits = [_bytes(self.runs[network][seed]["right"][condition]) for seed in self.seeds]
        found = np.stack([np.unpackbits(b, count=total) for b in bits])
        return found.reshape(len(bits), kinds, -1).astype(bool)

    def labels(self, condition: str) -> tuple[npt.NDArray[np.uint8], int]:
        """Return the classes of a condition's clips, and with how many noises each is mixed."""
        if condition == "clean":
            return _bytes(self.facts["clean"]), 1
        every, kinds = _bytes(self.facts["noisy"]), self.facts["kinds"]
        return every[: len(every) // kinds], kinds

    def difference(self, ours: Network, base: Network, condition: str) -> tuple[float, ...]:
        """Compare two networks' integer accuracies, seed by seed and clip by clip.

        Returns:
            The mean difference in points, and the half widths of its 95 % intervals: over seeds
            with these clips (Student's t), and over clips with these seeds.
        """
        by_seed = np.subtract(*(self.accuracy(n, condition, "int8") for n in (ours, base)))
        quantile = float(special.stdtrit(len(by_seed) - 1, 0.975))
        seed_width = quantile * by_seed.std(ddof=1) / math.sqrt(len(by_seed))
        clips = np.subtract(*(self.right(n, condition).mean((0, 1)) for n in (ours, base)))
        labels, _ = self.labels(condition)
        groups = [clips[labels == c] for c in np.unique(labels)]
        variance = sum(g.var(ddof=1) / len(g) for g in groups) / len(groups) ** 2
        return float(by_seed.mean()), float(seed_width), 196 * math.sqrt(variance)


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text), np.uint8)


def load() -> dict[str, Results]:
    """Return the results of each task in kws.json."""
    data = json.loads(RESULTS.read_text("utf-8"))
    found = {name: Results(facts, {}) for name, facts in data["tasks"].items()}
    for run in data["runs"]:
        by_seed = found[run["task"]].runs.setdefault(Network(**run["network"]), {})
        by_seed[run["seed"]] = run
    return {name: results for name, results in found.items() if results.networks}


def save(data: dict[str, Any]) -> None:
    """Write kws.json, a run a line."""
    tasks = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in data["tasks"].items())
    runs = ",\n".join(json.dumps(run) for run in data["runs"])
    files.write_text(RESULTS, f'{{"tasks": {{\n{tasks}\n}},\n"runs": [\n{runs}\n]}}\n')


def rendered() -> tuple[str, str]:
    """Return kws.md with its tables made anew, and kws.svg."""
    results = load()
    text = TEXT.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    tables = "\n".join(line for name in results for line in lines(name, results[name]))
    return f"{before}{BEGIN}\n{tables}\n{END}{after}", plot.draw(panels(results))


def write() -> None:
    """Write the tables into kws.md, between its marks, and the plot."""
    text, drawn = rendered()
    files.write_text(TEXT, text)
    files.write_text(PLOT, drawn)


def lines(name: str, results: Results) -> Iterator[str]:
    """Yield a task as Markdown: accuracies and costs, differences, float beside QAT and int8."""
    every = results.networks
    yield f"### {name[0].upper()}{name[1:]}: {len(results.facts['labels'])} classes, " + (
        f"{len(results.seeds)} seeds"
    )
    yield ""
    yield from table(
        ["int8 network", *(f"{c}, %" for c in CONDITIONS), "parameters", "weights, B", "image, B",
         "instructions"],
        (_row(results, network) for network in every.values()),
    )  # fmt: skip
    if len(results.seeds) > 1:
        pairs = [(every[a], every[b]) for a, b in PAIRS if a in every and b in every]
        yield from table(
            ["difference, points", *CONDITIONS],
            (
                [f"{a} − {b}", *(_difference(results.difference(a, b, c)) for c in CONDITIONS)]
                for a, b in pairs
            ),
        )
    yield from table(
        ["float / QAT / int8, %", *CONDITIONS, "int8 answers as QAT"],
        (_kinds(results, network) for network in every.values()),
    )


def _row(results: Results, network: Network) -> list[str]:
    first = results.runs[network][1]
    cells = [str(network)]
    for condition in CONDITIONS:
        found = results.accuracy(network, condition, "int8")
        spread = f" ± {found.std(ddof=1):.2f}" if len(found) > 1 else ""
        cells.append(f"{found.mean():.2f}{spread}")
    costs = [first["parameters"], *(first["cost"][k] for k in ("weights", "image", "instructions"))]
    return cells + [text.count(cost) for cost in costs]


def _difference(found: tuple[float, ...]) -> str:
    """Return a difference ± its interval over seeds / over seeds and clips; bold if outside it."""
    mean, seeds, clips = found
    both = math.hypot(seeds, clips)
    text = f"{mean:+.2f} ± {seeds:.2f} / {both:.2f}".replace("-", "−")
    return f"**{text}**" if abs(mean) > both else text


def _kinds(results: Results, network: Network) -> list[str]:
    cells = [str(network)]
    for condition in CONDITIONS:
        means = [
            results.accuracy(network, condition, kind).mean() for kind in ("float", "qat", "int8")
        ]
        cells.append(" / ".join(f"{mean:.2f}" for mean in means))
    same = [results.runs[network][s]["same"][c] for s in results.seeds for c in CONDITIONS]
    return [*cells, f"{100 * min(same):.2f} % or more"]


def panels(results: dict[str, Results]) -> list[plot.Panel]:
    """Return what the plot shows: a row for each task and cost, a column for each condition."""
    found = []
    for name, task in results.items():
        for cost, label in (("instructions", "instructions a frame"), ("image", "image, bytes")):
            for condition in CONDITIONS:
                clouds = []
                for network in task.networks.values():
                    x = task.runs[network][1]["cost"][cost]
                    y = task.accuracy(network, condition, "int8")
                    clouds.append(plot.Cloud(str(network), x, y.tolist()))
                found.append(plot.Panel(f"{name}, {condition}", label, clouds))
    return found
