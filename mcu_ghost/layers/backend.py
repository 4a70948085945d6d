# SPDX-License-Identifier: Apache-2.0
"""TensorFlow, tf_keras and tensorflow-model-optimization, imported before anything that needs them.

tensorflow-model-optimization sets TF_USE_LEGACY_KERAS, upon which `tf.keras` would be Keras 2 in
the whole program and in those that it starts. So what the user has chosen is loaded first.
"""

from __future__ import annotations

import os

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.tools import TOOLS

_chosen = os.environ.get("TF_USE_LEGACY_KERAS")
try:
    import tensorflow

    tensorflow.keras.layers  # noqa: B018  (loads it)
    import tensorflow_model_optimization  # noqa: F401
    import tf_keras  # noqa: F401
except ImportError as error:
    raise GhostError(
        "Training and conversion need TensorFlow, tf-keras and tensorflow-model-optimization "
        f"({error.name or error} is missing): {TOOLS['tensorflow'].install}"
    ) from error
finally:
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    if _chosen is not None:
        os.environ["TF_USE_LEGACY_KERAS"] = _chosen
