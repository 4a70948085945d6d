# SPDX-License-Identifier: Apache-2.0
"""What the site shows besides the pages of `docs/`: commands, boards, files that pages link to."""
