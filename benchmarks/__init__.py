# SPDX-License-Identifier: Apache-2.0
"""What recurrent layers cost on every board: `python -m benchmarks` measures and writes it down."""
