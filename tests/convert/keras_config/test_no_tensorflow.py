# SPDX-License-Identifier: Apache-2.0
"""Files are read, simplified and run without TensorFlow in the process."""

import subprocess
import sys

import numpy as np

from tests.convert.keras_config.by_hand import layer, sequential, write

SCRIPT = """
import sys
import numpy as np
from mcu_ghost.convert.keras_config import read
from mcu_ghost.convert.passes import simplified

graph = simplified(read(sys.argv[1]))
print(graph.run({"x": np.ones((1, 5, 4))})[graph.outputs[0]][0, 0])
print([name for name in ("tensorflow", "keras", "tf_keras", "onnx") if name in sys.modules])
"""


def test_it_needs_no_tensorflow(tmp_path):
    dense = layer("Dense", units=3, activation="relu")
    path = write(tmp_path / "m.h5", sequential(dense), a=(np.ones((4, 3)), np.ones(3)))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "[5. 5. 5.]\n[]\n"
