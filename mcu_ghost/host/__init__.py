# SPDX-License-Identifier: Apache-2.0
"""What any program needs: files, errors, schemas, tools, text; it knows nothing of networks."""
