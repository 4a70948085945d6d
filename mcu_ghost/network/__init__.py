# SPDX-License-Identifier: Apache-2.0
"""The int8 network: plain data, its arithmetic, its file."""
