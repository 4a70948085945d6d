# SPDX-License-Identifier: Apache-2.0
"""Where a frame's instructions go."""
