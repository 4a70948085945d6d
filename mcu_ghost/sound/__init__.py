# SPDX-License-Identifier: Apache-2.0
"""From sound to what a network reads, and from its scores to words."""
