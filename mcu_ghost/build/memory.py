# SPDX-License-Identifier: Apache-2.0
"""Where every tensor of a model lives while it runs, and how many bytes that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from mcu_ghost.build import strips
from mcu_ghost.build.kernels.constants import align
from mcu_ghost.build.pack import Packed
from mcu_ghost.build.strips import Strip
from mcu_ghost.network.model import Model


@dataclass(frozen=True)
class Part:
    """A line of the memory table: what takes how many bytes."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Plan:
    """The memory of one model.

    Attributes:
        offsets: Byte offset in the scratch arena of each tensor that lives there.
        passing: Likewise of the variables that live as long as a step runs through frames, by its
            output and their role.
        strips: How convolutions run that do so in strips, by their place among the steps.
        kernel_offset: Offset of the kernels' own working memory, behind the tensors.
        scratch_bytes: Size of the arena; at least 1, since C has no empty arrays.
        least_scratch_bytes: What no arena can be smaller than: what lives at a time.
        state_bytes: Recurrent state, carries included.
    """

    offsets: dict[int, int]
    passing: dict[tuple[int, str], int]
    strips: dict[int, Strip]
    kernel_offset: int
    scratch_bytes: int
    least_scratch_bytes: int
    state_bytes: int


def plan(model: Model, packed: list[Packed]) -> Plan:
    """Place tensors greedily, sharing bytes between those that never meet.

    Inputs, outputs and recurrent states have homes of their own and take no scratch. What an
    operator may find in its output is put there, and what is pooled is made strip by strip, where
    that takes less.
    """
    homes = set(model.inputs) | set(model.outputs) | set(model.schedule.kept)
    homes |= {step.op.output for step in model.steps if step.is_variable}
    arena, chosen = _in_strips(model, homes)
    kernels = max((p.scratch_bytes or 0 for p in packed), default=0)
    least = max(1, max(map(arena.live, range(len(model.steps))), default=0) + kernels)
    tensors = {key: arena.at(key) for key in arena if isinstance(key, int)}
    passing = {key: arena.at(key) for key in arena if not isinstance(key, int)}
    size = max(1, arena.end + kernels)
    return Plan(tensors, passing, chosen, arena.end, size, least, model.state_bytes)


def _in_strips(model: Model, homes: set[int]) -> tuple[_Arena, dict[int, Strip]]:
    """Return the smallest arena, and which convolutions run in strips for it: as few and high."""
    whole, ways = _filled(model, homes, {}), strips.possible(model)
    chosen = {time: low for time, (low, *_) in ways.items()}
    arena = _filled(model, homes, chosen) if ways else whole
    if arena.end >= whole.end:
        return whole, {}
    for time, (_, *higher) in ways.items():
        others = {key: strip for key, strip in chosen.items() if key != time}
        for tried in (others, *({**others, time: strip} for strip in reversed(higher))):
            filled = _filled(model, homes, tried)
            if filled.end <= arena.end:
                arena, chosen = filled, tried
                break
    return arena, chosen


def _filled(model: Model, homes: set[int], chosen: dict[int, Strip]) -> _Arena:
    """Return an arena with everything in it, some of it in the place of something else.

    A convolution in strips reads its input as long as the pool behind it writes.
    """
    lives: dict[_Key, _Life] = {}
    for time, step in enumerate(model.steps):
        first, last = time - (time - 1 in chosen), time + (time in chosen)
        for tensor in {*step.op.inputs, step.op.output} - homes:
            size = model.tensors[tensor].size
            if tensor == step.op.output and time in chosen:
                size = chosen[time].bytes
            known = lives.get(tensor, _Life(first, last, align(size)))
            lives[tensor] = replace(known, last=last)
        for v in step.passing:
            lives[step.op.output, v.role] = _Life(time, time, align(v.bytes))
    arena = _Arena(lives, {})
    for time, step in enumerate(model.steps):
        for x, at in zip(step.op.inputs, step.in_place, strict=True):
            if at is None or not arena.takes(x, step.op.output, at):
                continue
            if step.op.overwrites and arena.last(x) > time:
                continue
            tried = _Arena(lives, {**arena.hosts, x: (step.op.output, at)})
            arena = min(arena, tried, key=lambda one: (one.end, -len(one.hosts)))
    return arena


_Key = int | tuple[int, str]


@dataclass(frozen=True, order=True)
class _Life:
    """From the step that writes something to the last one that reads it, and its bytes."""

    first: int
    last: int
    size: int

    def meets(self, other: _Life) -> bool:
        """Return whether both live at a time."""
        return self.first <= other.last and other.first <= self.last


class _Arena:
    """Where everything is.

    Args:
        lives: Of all that is in it.
        hosts: In which other tensor one stands, and from which byte on.
    """

    def __init__(self, lives: dict[_Key, _Life], hosts: dict[_Key, tuple[_Key, int]]) -> None:
        self.hosts = hosts
        self._lives = lives
        self._whole = {key: life for key, life in lives.items() if key not in hosts}
        for key in hosts:
            one, other = self._whole[self._root(key)[0]], lives[key]
            life = _Life(min(one.first, other.first), max(one.last, other.last), one.size)
            self._whole[self._root(key)[0]] = life
        tried = (self._placed(sorted(self._whole, key=order)) for order in self._orders)
        self.end, self._offsets = min(tried, key=lambda one: one[0])

    @property
    def _orders(self) -> tuple[Callable[[_Key], Any], ...]:
        """How to sort what is placed: by first use, or the largest first."""
        return self._whole.__getitem__, lambda key: (-self._whole[key].size, self._whole[key])

    def _placed(self, keys: list[_Key]) -> tuple[int, dict[_Key, int]]:
        """Place one after the other as low as it goes; return where all end, and each begins."""
        offsets: dict[_Key, int] = {}
        for key in keys:
            life, offset = self._whole[key], 0
            for other, start in sorted(offsets.items(), key=lambda item: item[1]):
                stop = start + self._whole[other].size
                meets = self._whole[other].meets(life)
                if meets and offset < stop and start < offset + life.size:
                    offset = stop
            offsets[key] = offset
        return max((at + self._whole[key].size for key, at in offsets.items()), default=0), offsets

    def _root(self, key: _Key) -> tuple[_Key, int]:
        """Return what stands in nothing else, and where in it this one begins."""
        start = 0
        while key in self.hosts:
            key, at = self.hosts[key]
            start += at
        return key, start

    def __iter__(self) -> Iterator[_Key]:
        """Yield what is in it."""
        return iter(self._lives)

    def at(self, key: _Key) -> int:
        """Return the byte at which something begins."""
        root, start = self._root(key)
        return self._offsets[root] + start

    def last(self, key: _Key) -> int:
        """Return the last step that reads it, or what stands in it."""
        inner = (self.last(x) for x, (host, _) in self.hosts.items() if host == key)
        return max(self._lives[key].last, *inner, -1)

    def live(self, time: int) -> int:
        """Return the bytes in use during a step."""
        return sum(x.size for x in self._whole.values() if x.first <= time <= x.last)

    def takes(self, key: _Key, host: _Key, at: int) -> bool:
        """Return whether one tensor may stand in another: both are here, and its bytes free.

        Kernels may read words of it.
        """
        if key not in self._whole or host not in self._whole or at % align(1):
            return False
        stop = at + self._lives[key].size
        taken = ((start, start + self._lives[x].size)
                 for x, (other, start) in self.hosts.items() if other == host)  # fmt: skip
        return all(stop <= start or end <= at for start, end in taken)
