# SPDX-License-Identifier: Apache-2.0
"""A real board's serial port: which it is, and what goes over it."""
