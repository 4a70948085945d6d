# SPDX-License-Identifier: Apache-2.0
"""Experiments whose texts are in `docs/experiments`; run from the folder of this repository."""
