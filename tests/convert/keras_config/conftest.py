# SPDX-License-Identifier: Apache-2.0
"""Both libraries that are called Keras."""

import pytest


@pytest.fixture(scope="session")
def keras_3():
    import os

    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    assert keras.__version__.startswith("3")
    return keras


@pytest.fixture(params=["tf_keras", "keras_3"])
def library(request):
    """Return tf_keras, then Keras 3."""
    return request.getfixturevalue("keras" if request.param == "tf_keras" else "keras_3")
