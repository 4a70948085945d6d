# SPDX-License-Identifier: Apache-2.0
"""What `mcu-ghost train` prints of a run for enhancement."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost.cli import train_enhancement
from mcu_ghost.train.enhancement.measure import Score
from mcu_ghost.train.enhancement.result import Condition, Result


def result(missing: tuple[str, ...]) -> Result:
    noisy, made = Score(5.0, 1.5, 0.8), Score(11.25, None if missing else 2.25, None)
    return Result(
        history=((10, 1.0, 8.0),),
        validation_noisy_db=7.0,
        conditions=(Condition("[street]", True, 5.0, 6, noisy, made, made),),
        clean=made,
        missing=missing,
        model_bytes=1000,
        latency_ms=32.0,
        image=None,
        no_image="no emulator [here]",
    )


def test_scores_that_are_missing_say_what_installs_them(capsys: pytest.CaptureFixture[str]) -> None:
    train_enhancement.show(result(("pesq", "pystoi")), Path("clean.tflite"))
    shown = capsys.readouterr().out
    assert "no scores of pesq and pystoi: pip install 'mcu-ghost[enhancement]'" in shown
    assert "no emulator [here]" in shown and "[street] (not in training)" in shown


def test_with_them_nothing_is_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    train_enhancement.show(result(()), Path("clean.tflite"))
    shown = capsys.readouterr().out
    assert "pip install" not in shown and "+6.2 dB" in shown and "+0.75" in shown
