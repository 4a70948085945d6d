# SPDX-License-Identifier: Apache-2.0
"""mcu-ghost: GhostRNN and GRU networks on Cortex-M as one fused int8 operator.

What is in `__all__` is for programs; docs/python.md shows how it is used. It is imported when it is
asked for: `import mcu_ghost` itself costs next to nothing, and nothing here imports TensorFlow.
Training and conversion do, in `mcu_ghost.layers`, `mcu_ghost.train` and `mcu_ghost.convert`.
"""

from __future__ import annotations

from mcu_ghost.host.version import __version__ as __version__

TYPE_CHECKING = False  # what type checkers take for true; typing is not imported for it
if TYPE_CHECKING:
    from . import boards as boards
    from .boards import Board as Board
    from .boards.flash.flash import Plan as Plan
    from .boards.flash.flash import flash as flash
    from .build.apps import App as App
    from .build.build import Built as Built
    from .build.build import build as build
    from .build.export import Export as Export
    from .build.export import export as export
    from .host.errors import GhostError as GhostError
    from .network import reference as reference
    from .network.model import Model as Model
    from .network.tflite.read import load as load
    from .proof.keywords import Listened as Listened
    from .proof.on_board import Measured as Measured
    from .proof.on_board import prove as verify
    from .proof.profile.profile import Profile as Profile
    from .proof.profile.profile import profile as profile
    from .proof.prove import Proof as Proof
    from .proof.prove import listen as listen
    from .proof.prove import prove as prove
    from .proof.verify import Comparison as Comparison

__all__ = [
    "App",
    "Board",
    "Built",
    "Export",
    "GhostError",
    "Listened",
    "Measured",
    "Model",
    "Plan",
    "Profile",
    "Proof",
    "Comparison",
    "boards",
    "build",
    "export",
    "flash",
    "listen",
    "load",
    "profile",
    "prove",
    "reference",
    "verify",
]

# Where each of them is, as the imports above have it. `boards` and `build` are packages: as soon as
# anything in them is imported, Python makes `mcu_ghost.build` that package, whatever it was before.
# So it is the package from the beginning, and can be called.
_PLACES = {
    "App": "build.apps",
    "Board": "boards",
    "Built": "build.build",
    "Export": "build.export",
    "GhostError": "host.errors",
    "Listened": "proof.keywords",
    "Measured": "proof.on_board",
    "Model": "network.model",
    "Plan": "boards.flash.flash",
    "Profile": "proof.profile.profile",
    "Proof": "proof.prove",
    "Comparison": "proof.verify",
    "boards": "",
    "build": "",
    "export": "build.export",
    "flash": "boards.flash.flash",
    "listen": "proof.prove",
    "load": "network.tflite.read",
    "profile": "proof.profile.profile",
    "prove": "proof.prove",
    "reference": "network",
    "verify": "proof.on_board:prove",
}


if not TYPE_CHECKING:  # so that a type checker knows the names above and no others

    def __getattr__(name):
        """Import a public name when it is first asked for."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        place, _, other = _PLACES[name].partition(":")
        if not place:
            return importlib.import_module(f"{__name__}.{name}")
        room = importlib.import_module(f"{__name__}.{place}")
        if name == "reference":  # a module itself
            importlib.import_module(f"{__name__}.{place}.{name}")
        value = getattr(room, other or name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Return the public names, imported or not, and what else there is by now."""
    return sorted({*globals(), *__all__})
