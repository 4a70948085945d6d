# SPDX-License-Identifier: Apache-2.0
"""The Keras network of docs/training.md, as it stands there, on tones instead of words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import mcu_ghost
from mcu_ghost import boards
from mcu_ghost.sound import keywords
from tests.conftest import ROOT

pytestmark = pytest.mark.train


@pytest.mark.toolchain
@pytest.mark.emulator
def test_a_keras_network_becomes_listening_firmware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    section = page.partition("## A network of your own that listens")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert code is not None
    time = np.arange(16000) / 16000
    for word, hertz in (("hey lamp", 500), ("stop", 2500)):
        for take in range(6):
            (tmp_path / "words" / word).mkdir(parents=True, exist_ok=True)
            tone = 0.2 * np.sin(2 * np.pi * hertz * (1 + take / 50) * time) * (time > 0.4)
            soundfile.write(tmp_path / "words" / word / f"{take}.wav", tone, 16000)
    monkeypatch.chdir(tmp_path)
    exec(compile(code[1], "training.md", "exec"), {})
    model = mcu_ghost.load("lamp.tflite")
    assert tuple(model.labels) == ("hey lamp", "stop", "_other_")
    _, chosen = keywords.listening(model)
    assert [word.label for word in chosen.words] == ["hey lamp", "stop"]
    listened = mcu_ghost.listen(model, boards.load("nrf52840"), [Path("words/stop/0.wav")])
    assert not listened.differences


@pytest.mark.parametrize("first", ["layers", "convert"])
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
