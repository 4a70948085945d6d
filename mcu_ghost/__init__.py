# SPDX-License-Identifier: Apache-2.0
"""mcu-ghost: GhostRNN and GRU networks on Cortex-M as one fused int8 operator."""

from mcu_ghost.host.version import __version__ as __version__
