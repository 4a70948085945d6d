# SPDX-License-Identifier: Apache-2.0
"""A user's project: what it builds, what that costs, and what is missing here."""
