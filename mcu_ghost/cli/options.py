# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path

import click

board = click.option("--board", "-b", required=True, metavar="NAME", help="See `mcu-ghost boards`.")
model = click.option(
    "--model",
    "-m",
    "model_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A .tflite made by `mcu-ghost convert`; the bundled keyword model if left out.",
)
toolchain = click.option(
    "--toolchain",
    type=click.Choice(["gcc", "zig"]),
    help="arm-none-eabi-gcc, or clang from the ziglang package; gcc if it is found.",
)
kernels = click.option(
    "--kernels",
    "choice",
    type=click.Choice(["auto", "plain"]),
    default="auto",
    show_default=True,
    help="auto: the fastest for the board's core. plain: the reference in C.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
out = click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Build folder."
)
emulator = click.option(
    "--emulator",
    type=click.Choice(["unicorn", "qemu", "renode"]),
    help="The board's first one if left out.",
)
port = click.option(
    "--port", metavar="PORT", help="A serial port; found by the board's USB ids if left out."
)
baud = click.option(
    "--baud", type=click.IntRange(50, 12_000_000), help="Bits per second; the board's if left out."
)
