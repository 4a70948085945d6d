# SPDX-License-Identifier: Apache-2.0
"""Speech in noise: networks side by side, and beside others (docs/experiments/denoise.md)."""
