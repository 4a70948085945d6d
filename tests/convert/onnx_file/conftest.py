# SPDX-License-Identifier: Apache-2.0
"""All of this folder needs onnx."""

import pytest


@pytest.fixture(autouse=True)
def onnx():
    return pytest.importorskip("onnx", reason="pip install 'mcu-ghost[convert]'")
