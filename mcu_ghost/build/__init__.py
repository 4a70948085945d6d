# SPDX-License-Identifier: Apache-2.0
"""From a model and a board to an image.

The package can be called, and is `mcu_ghost.build.build.build` then: a program says
`mcu_ghost.build(model, board)`, while `mcu_ghost.build` must also be this package.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that can be called."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Build an image; arguments, result and errors as of `mcu_ghost.build.build.build`."""
        from mcu_ghost.build.build import build

        return build(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
