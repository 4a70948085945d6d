# SPDX-License-Identifier: Apache-2.0
"""The firmware's main programs: what each needs besides the network."""
