# SPDX-License-Identifier: Apache-2.0
"""Getting an image onto a board: what to write, with which program, to which device."""
