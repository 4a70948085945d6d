# SPDX-License-Identifier: Apache-2.0
"""What tests of the layers share."""

import pytest


@pytest.fixture(scope="module")
def layers(keras):
    import mcu_ghost.layers

    return mcu_ghost.layers
