# SPDX-License-Identifier: Apache-2.0
"""The experiments are scripts beside their texts, not part of the package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs" / "experiments"))
