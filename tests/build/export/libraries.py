# SPDX-License-Identifier: Apache-2.0
"""Exports for tests, and programs that are built from them."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

import numpy as np

from mcu_ghost import boards
from mcu_ghost.build import toolchain
from mcu_ghost.build.export import Kind, export
from mcu_ghost.network import golden, reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tensor import Tensor
from tests.conftest import WARNINGS, need
from tests.listeners import listener
from tests.sound.enhancers import random_enhancer

STRICT = ["-O2", "-std=gnu11", *WARNINGS]

# Machines that run what is built for each core.
MACHINES = {
    "cortex-m0": "microbit",
    "cortex-m3": "mps2-an385",
    "cortex-m4": "mps2-an386",
    "cortex-m7": "mps2-an500",
    "cortex-m33": "mps2-an505",
    "cortex-m55": "mps3-an547",
}


def last_only() -> Model:
    """Return a network whose outputs are asked for at the end, with a dense head."""
    return random_model(3, units=21, ratio=2, inputs=5, classes=3, frames=4)


def every_frame() -> Model:
    """Return one of two layers with outputs for every frame, a plain GRU."""
    return random_model(4, units=9, ratio=1, inputs=3, layers=2, classes=2, head_per_frame=True)


def windows() -> Model:
    """Return one of windows that tells which axis was tilted, made by hand: it adds up slowly.

    Driven on without a reset it would still know the windows before.
    """
    x, h = Tensor("input", (3,), "int8", 1 / 32, -4), Tensor("state", (3,), "int8", 1 / 128, 0)
    zeros, axes = np.zeros((3, 3)), np.eye(3)
    bias = np.concatenate([np.full(3, 5.0), np.zeros(6)])  # z = 0.993
    layer = GhostGRU.quantized(
        x,
        kernel=np.hstack([zeros, zeros, 2 * axes]),
        recurrent_kernel=np.zeros((3, 9)),
        bias=np.stack([bias, np.zeros(9)]),
        ghost_kernel=np.zeros((3, 0)),
        ghost_bias=np.zeros(0),
        inputs=(0,),
        output=1,
        ratio=1,
        return_sequences=False,
    )
    weights = np.vstack([np.zeros((1, 3)), 127 * axes]).astype(np.int8)  # 20 for a full state
    still = round(20 * 0.135 * 128 * 127 / 20)  # as much as half a window's tilt gives
    dense = FullyConnected(
        (1,), 2, weights, np.array([still, 0, 0, 0], np.int32), (20 / 127,), "none"
    )
    said = {
        "version": 1,
        "labels": ["still", "forward", "left", 'the "lift"'],
        "inputs": {"names": ["ax", "ay", "az"], "units": "g"},
    }
    tensors = (
        x,
        h,
        Tensor("sum", (4,), "int8", 1 / 8, 0),
        Tensor("share", (4,), "int8", 1 / 256, -128),
    )
    head = (dense, Softmax((2,), 3, 1.0))
    return Model.chain("tilt", 50, tensors, (layer,), head, metadata=said)


MODELS = {
    "last_only": last_only,
    "every_frame": every_frame,
    "listener": listener,
    "stacked": functools.partial(listener, stack=3),
    "cleaner": random_enhancer,
    "windows": windows,
}
HEAR = ("listener", "stacked")  # sound in, words out


def make(model: Model, kind: Kind, folder: Path, core: str = "any", name: str = "net") -> Path:
    """Export a model and return the folder."""
    export(model, kind, folder, core_name=core, name=name)
    return folder


def outputs(said: str) -> np.ndarray:
    """Return the (cases, size) outputs that the example printed."""
    rows = re.findall(r"^case \d+:((?: -?\d+)+) ", said, re.MULTILINE)
    return np.array([[int(value) for value in row.split()] for row in rows], np.int8)


def wanted(model: Model) -> np.ndarray:
    """Return what the reference computes for the example's input, frame after frame."""
    x = golden.make(model).inputs
    y = np.stack([reference.run(model, case) for case in x])
    return y[:, -1] if model.head_per_frame else y


def run(command: list[object], **arguments: object) -> str:
    """Run a program that must succeed; return what it printed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, **arguments)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def cmake(folder: Path, out: Path, *defines: str) -> Path:
    """Build a CMake project with this machine's compiler, or another by `defines`."""
    ninja = f"-DCMAKE_MAKE_PROGRAM={toolchain.ninja()}"
    run([toolchain.cmake(), "-G", "Ninja", ninja, *defines, "-S", folder, "-B", out])
    run([toolchain.ninja(), "-C", out, "-j1"])
    return out


def arm_flags(core: str) -> list[str]:
    """Return what tells gcc a core."""
    return list(toolchain.gcc_flags(boards.load(MACHINES[core]).cpu))


def image(core: str, objects: list[Path], out: Path) -> Path:
    """Link a program with newlib's semihosting for the machine of a core."""
    board = boards.load(MACHINES[core])
    start = Path(__file__).with_name("start.c")
    script = out.with_suffix(".ld")
    script.write_text(
        f"""ENTRY(reset)
        MEMORY {{ flash : ORIGIN = {board.flash.origin:#x}, LENGTH = {board.flash.size:#x}
                  ram : ORIGIN = {board.ram.origin:#x}, LENGTH = {board.ram.size:#x} }}
        SECTIONS {{
          .text : {{ KEEP(*(.vectors)) *(.text* .rodata*) *(.init .fini) . = ALIGN(8); }} > flash
          .ARM.exidx : {{ *(.ARM.exidx*) }} > flash
          .data : ALIGN(8) {{ data = .; *(.data*) . = ALIGN(8); }} > ram AT > flash
          data_load = LOADADDR(.data); data_end = .;
          .bss : {{ __bss_start__ = .; *(.bss* COMMON) . = ALIGN(8); __bss_end__ = .; }} > ram
          end = .; __stack = ORIGIN(ram) + LENGTH(ram);
        }}"""
    )
    gcc = need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    run([gcc, *arm_flags(core), "-specs=rdimon.specs", "-nostartfiles", "-O1", start, *objects,
         "-lrdimon", f"-T{script}", "-o", out])  # fmt: skip
    return out


def emulate(core: str, elf: Path) -> str:
    """Run a program in QEMU and return what it printed."""
    need("qemu-system-arm", "qemu-system-arm")
    machine = boards.load(MACHINES[core]).emulators.qemu
    assert machine is not None
    command = ["qemu-system-arm", "-M", machine.machine, "-kernel", elf, "-nographic"]
    command += ["-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native"]
    return run(command, stdin=subprocess.DEVNULL, timeout=120)
