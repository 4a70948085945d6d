# SPDX-License-Identifier: Apache-2.0
"""Data sets: folders of recordings, synthesised speech, noise; no TensorFlow."""
