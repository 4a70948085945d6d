# SPDX-License-Identifier: Apache-2.0
"""mcu-ghost: GhostRNN and GRU networks on Cortex-M as one fused int8 operator."""

__version__ = "0.1.0"
