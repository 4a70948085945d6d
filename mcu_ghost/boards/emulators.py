# SPDX-License-Identifier: Apache-2.0
"""The tables `[emulators]` of a board's file: what runs its images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

Engine = Literal["unicorn", "qemu", "renode"]


@dataclass(frozen=True)
class Unicorn:
    """`[emulators.unicorn]`: an empty table says that the image runs there."""


@dataclass(frozen=True)
class Qemu:
    """`[emulators.qemu]`.

    Attributes:
        machine: Value of `-M`.
        counter_ratio: Instructions per tick of `[counter]` under `-icount shift=6`, where one
            instruction takes 64 ns: 1e9 / 64 / counter hz.
    """

    machine: str
    counter_ratio: Annotated[float, Meta(gt=0, lt=1e6)]


@dataclass(frozen=True)
class Renode:
    """`[emulators.renode]`.

    Attributes:
        platform: The platform file, for example "platforms/cpus/nrf52840.repl".
        uart: The console's name in that file, an identifier or several with dots between them.
    """

    platform: str
    uart: str


@dataclass(frozen=True)
class Emulators:
    """`[emulators]`: which engines run this board's image.

    Attributes:
        order: The engines in order of preference; each needs its table, present tables no order.
        unicorn: FrontEndSettings of that engine.
        qemu: FrontEndSettings of that engine.
        renode: FrontEndSettings of that engine.
    """

    order: tuple[Engine, ...] = ()
    unicorn: Unicorn | None = None
    qemu: Qemu | None = None
    renode: Renode | None = None
