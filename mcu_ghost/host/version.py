# SPDX-License-Identifier: Apache-2.0
"""The version, which images and reports carry."""

__version__ = "0.1.0"
