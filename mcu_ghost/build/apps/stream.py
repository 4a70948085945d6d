# SPDX-License-Identifier: Apache-2.0
"""The `stream` app: a host sends frames and reads outputs, by the protocol of docs/format.md."""

from __future__ import annotations

from mcu_ghost.build.apps.app import App

APP = App("stream", "frames in, outputs out over UART", proof="link")
