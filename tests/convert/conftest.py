# SPDX-License-Identifier: Apache-2.0
"""What tests of conversion share."""

import pytest


@pytest.fixture(scope="module")
def ghost(keras):
    from mcu_ghost.layers import GhostGRU

    return GhostGRU


@pytest.fixture(scope="module")
def lab(keras):
    from tests.convert import networks

    return networks
