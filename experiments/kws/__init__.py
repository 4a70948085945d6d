# SPDX-License-Identifier: Apache-2.0
"""GhostGRU against plain GRUs on keyword spotting: see `docs/experiments/kws.md`."""
