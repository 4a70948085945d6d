# SPDX-License-Identifier: Apache-2.0
"""From a model and a board to an image."""
