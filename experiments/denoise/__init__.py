# SPDX-License-Identifier: Apache-2.0
"""Fewer full gates and speech in noise: see docs/experiments/denoise.md."""
