# SPDX-License-Identifier: Apache-2.0
"""Attributes of a file's nodes."""

from __future__ import annotations

from typing import Any

from mcu_ghost.convert.onnx_file import file
from mcu_ghost.convert.onnx_file.operator import Operator


def attribute(proto: Any) -> Any:
    """Return an attribute's value; a text is a str, a graph None."""
    from onnx import AttributeProto, helper

    if proto.type == AttributeProto.TENSOR:
        return file.array(proto.t)
    if proto.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        return None
    value = helper.get_attribute_value(proto)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (list, tuple)) or proto.type in (
        AttributeProto.INTS, AttributeProto.FLOATS, AttributeProto.STRINGS,
    ):  # fmt: skip
        return [v.decode() if isinstance(v, bytes) else v for v in value]
    return value


def check_known(operator: Operator, opset: int) -> None:
    """Refuse an attribute that the operator does not have.

    Raises:
        GhostError: Names the node.
    """
    from onnx import defs

    if not defs.has(operator.kind, opset):
        raise operator.refuse(
            f"is none of ONNX's operators in opset {opset}, which the file says; export the network"
            " again"
        )
    known = defs.get_schema(operator.kind, opset).attributes
    odd = next((key for key in operator.attributes if key not in known), None)
    if odd is not None:
        raise operator.refuse(
            f"has an attribute '{odd}', which is none of ONNX's in opset {opset}; export the"
            " network again"
        )
