# SPDX-License-Identifier: Apache-2.0
"""`python -m mcu_ghost`, the same as `mcu-ghost`."""

from mcu_ghost.cli import main

main()
