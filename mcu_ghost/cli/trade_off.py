# SPDX-License-Identifier: Apache-2.0
"""What a person sees of misses against false accepts, after `train` and `tune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcu_ghost.host import console

if TYPE_CHECKING:
    from mcu_ghost.train.thresholds import TradeOff


def show(found: TradeOff, taken: bool = True) -> None:
    """Print what some thresholds around the chosen one miss and let through, and the warnings.

    Args:
        found: What to print.
        taken: Whether the threshold was.
    """
    from rich.table import Table

    from mcu_ghost.train import thresholds

    table = Table(box=None, pad_edge=False)
    table.add_column("threshold, by validation", no_wrap=True)
    said = sum(word.said for word in found.words)
    for heading in (f"missed of {said}", f"in noise at {thresholds.NOISY_DB:g} dB",
                    "false accepts per hour, expected", "counted"):  # fmt: skip
        table.add_column(heading, justify="right", overflow="fold")
    for i in thresholds.near(found):
        missed = sum(word.missed[i] for word in found.words)
        noisy = sum(word.missed_in_noise[i] for word in found.words)
        accepts = sum(word.accepts[i] for word in found.words)
        here = found.thresholds[i] == found.chosen and taken
        name = f"{found.thresholds[i]:.2f}"
        hourly = _rate(found.expected[i], thresholds.FINEST / found.hours)
        table.add_row(f"[bold]{name} ← chosen[/]" if here else name, f"{missed / said:.1%}",
                      f"{noisy / said:.1%}", hourly,
                      f"{accepts} in {found.hours:.2f} h")  # fmt: skip
    console.show(table)
    for warning in found.warnings:
        console.note(f"[yellow]warning:[/] {console.literal(warning)}")


def _rate(hourly: float, least: float) -> str:
    """Return a rate, of which less than `least` means nothing."""
    if hourly < least:
        return f"< {_rate(least, 0)}"
    return f"{hourly:.2g}" if hourly < 10 else f"{hourly:.0f}"
