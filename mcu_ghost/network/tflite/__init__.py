# SPDX-License-Identifier: Apache-2.0
"""An int8 `.tflite` with fused operators: read, trusting nothing, and written."""
