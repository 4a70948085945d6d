# SPDX-License-Identifier: Apache-2.0
"""The options of our custom operators: a FlexBuffer map of a version, numbers, flags and lists."""

from __future__ import annotations

from typing import Any

from flatbuffers import flexbuffers

from mcu_ghost.host.errors import GhostError


def encode(options: dict[str, Any]) -> bytes:
    """Return options as they stand in a file."""
    return bytes(flexbuffers.Dumps(options))


def mask(value: int | None) -> dict[str, Any]:
    """Return the option of a recurrent operator with a mask; nothing is said of none."""
    return {} if value is None else {"mask": value}


def decode(
    data: bytes,
    where: str,
    version: int,
    numbers: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    lists: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Parse and type-check options.

    Args:
        data: As they stand in the file.
        where: What error messages begin with.
        version: The only one that is known here.
        numbers: Entries that must be integers.
        flags: Entries that must be true or false.
        lists: Entries that must be lists of integers.

    Raises:
        GhostError: Not a FlexBuffer map, of another version, or with a missing or odd entry.
    """
    try:
        options = flexbuffers.Loads(data)
    except Exception as error:  # the parser reads wherever hostile bytes point it
        raise GhostError(f"{where}: the options are damaged ({error}).") from error
    if not isinstance(options, dict):
        raise GhostError(f"{where}: the options are not a FlexBuffer map.")
    if options.get("version") != version:
        raise GhostError(
            f"{where}: options version {options.get('version')!r} is not supported, only version "
            f"{version}. Convert the model again with this mcu-ghost."
        )
    for key in numbers:
        if type(options.get(key)) is not int:
            raise GhostError(f"{where}: option '{key}' must be an integer.")
    masked = options.get("mask", 0)
    if type(masked) is not int or not -128 <= masked <= 127:
        raise GhostError(f"{where}: option 'mask' must be an integer of int8.")
    for key in flags:
        if type(options.get(key)) is not bool:
            raise GhostError(f"{where}: option '{key}' must be true or false.")
    for key in lists:
        value = options.get(key)
        if not isinstance(value, list) or any(type(item) is not int for item in value):
            raise GhostError(f"{where}: option '{key}' must be a list of integers.")
    return options
