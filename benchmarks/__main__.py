# SPDX-License-Identifier: Apache-2.0
"""Measures every layer and network on its boards with both compilers and rewrites RESULTS.md.

What was measured before is taken from the cache, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click

from benchmarks import report
from benchmarks.measure import (
    BOARDS,
    COMPILERS,
    NETWORK_BOARDS,
    ROOT,
    SELFTESTS,
    SHAPES,
    measure,
    network,
    selftest,
)
from benchmarks.networks import NETWORKS
from mcu_ghost.host import console, files
from mcu_ghost.host.errors import GhostError


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option("--cache", type=click.Path(path_type=Path), default=ROOT / ".cache" / "benchmarks",
              help="For measurements.  [default: .cache/benchmarks]")  # fmt: skip
def main(jobs: int, cache: Path) -> None:
    """Measure all layers on all boards and rewrite RESULTS.md; half an hour on two cores."""
    layers = list(itertools.product(SHAPES, BOARDS, COMPILERS))
    others = list(itertools.product(NETWORKS, NETWORK_BOARDS, COMPILERS))
    images = list(itertools.product(SELFTESTS, COMPILERS))
    count = len(layers) + len(others) + len(images)
    with ProcessPoolExecutor(jobs) as pool, console.progress() as bars:
        task = bars.add_task("measuring", total=count)
        costs = {(s.name, b, c): pool.submit(measure, s, b, c, cache) for s, b, c in layers}
        networks = {(n, b, c): pool.submit(network, n, b, c, cache) for n, b, c in others}
        selftests = {(s.name, c): pool.submit(selftest, s, c, cache) for s, c in images}
        running: list[Future[Any]] = [
            *costs.values(),
            *networks.values(),
            *selftests.values(),
        ]
        for future in running:
            future.add_done_callback(lambda _: bars.advance(task))
        try:
            results = report.Results(
                {key: future.result() for key, future in costs.items()},
                {key: future.result() for key, future in networks.items()},
                {key: future.result() for key, future in selftests.items()},
            )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    files.write_text(report.FOLDER / "results.json", report.as_json(results))
    files.write_text(report.FOLDER / "RESULTS.md", report.page(results))
    console.say(f"{count} measurements in benchmarks/RESULTS.md")


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except GhostError as error:
        sys.exit(f"error: {error}")
