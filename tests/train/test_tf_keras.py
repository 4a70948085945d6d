# SPDX-License-Identifier: Apache-2.0
"""Which Keras is `tf.keras` stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.train


@pytest.mark.parametrize("first", ["layers", "convert", "convert.keras_file", "convert.ordinary"])
def test_tf_keras_stays_what_it_was(first: str) -> None:
    """Whoever imports mcu_ghost keeps today's Keras as `tf.keras`."""
    code = (
        f"import mcu_ghost, mcu_ghost.{first}, mcu_ghost.train.pipeline, os, tensorflow as tf\n"
        "assert 'TF_USE_LEGACY_KERAS' not in os.environ\n"
        "print(tf.keras.version())"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=environment, check=True)  # fmt: skip
    assert done.stdout.startswith("3.")


@pytest.mark.parametrize(("chosen", "module"), [("1", "tf_keras."), ("0", "keras.")])
def test_whoever_has_chosen_a_keras_keeps_it(chosen: str, module: str) -> None:
    code = (
        "import mcu_ghost.convert.keras_file, os, tensorflow as tf\n"
        "print(os.environ['TF_USE_LEGACY_KERAS'], tf.keras.layers.__name__)"
    )
    environment = os.environ | {"TF_USE_LEGACY_KERAS": chosen}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=environment, check=True)  # fmt: skip
    assert done.stdout.startswith(f"{chosen} {module}")
