# SPDX-License-Identifier: Apache-2.0
"""From an image to a proof: equal bit for bit with the reference, on emulators and boards."""
