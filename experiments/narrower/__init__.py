# SPDX-License-Identifier: Apache-2.0
"""What narrower recurrent weights save and cost: see `docs/experiments/narrower.md`."""
