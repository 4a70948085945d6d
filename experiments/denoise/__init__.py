# SPDX-License-Identifier: Apache-2.0
"""Speech in noise: networks side by side, and beside others (docs/experiments/denoise.md)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "examples/clean_speech/clean_speech.toml"
TEST_SEED = 101  # of the mixtures all are judged on
