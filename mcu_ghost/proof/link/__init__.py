# SPDX-License-Identifier: Apache-2.0
"""The link protocol: the host's side."""
