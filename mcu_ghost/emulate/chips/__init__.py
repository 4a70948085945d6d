# SPDX-License-Identifier: Apache-2.0
"""Strict models of the chips' registers that an image touches."""
