# SPDX-License-Identifier: Apache-2.0
"""Where pymicro-features is not installed, tests that need it are skipped; never in CI."""

from __future__ import annotations

import pytest

from tests.sound.front_end import oracle


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs pymicro-features, which has no wheel"):
        oracle._need("micro_features_of_no_system")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="pip install 'mcu-ghost"):
        oracle._need("micro_features_of_no_system")
