# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules, compared with themselves."""

from __future__ import annotations

from typing import Any

import pytest

from mcu_ghost.convert import torch_module
from mcu_ghost.host.errors import GhostError

pytestmark = pytest.mark.slow


@pytest.fixture
def torch() -> Any:
    pytest.importorskip("onnx", reason="pip install 'mcu-ghost[convert]'")
    return pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")


def net(torch: Any, *, fault: bool = False) -> Any:
    """Return a network; one with a fault computes something else when it is exported."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(3, 6, 3, padding=1)
            self.norm = torch.nn.BatchNorm1d(6)
            self.gru = torch.nn.GRU(6, 8, batch_first=True, bidirectional=True)
            self.linear = torch.nn.Linear(16, 4)

        def forward(self, x):
            x = torch.nn.functional.silu(self.norm(self.conv(x.transpose(1, 2)))).transpose(1, 2)
            y, h = self.gru(x)
            if fault and not torch.onnx.is_in_onnx_export():
                y = y + 0.01
            return self.linear(y), torch.cat([h[0], h[1]], dim=1)

    return Net()


def test_module(torch: Any) -> None:
    torch.manual_seed(1)
    module = net(torch).train()
    graph = torch_module.from_torch(module, torch.randn(1, 12, 3))
    assert [node.kind for node in graph.nodes][:2] == ["Conv", "swish"]
    assert not graph.notes
    assert module.training


def test_what_computes_something_else_is_refused(torch: Any) -> None:
    with pytest.raises(GhostError, match="away from the module's own, relative to its largest"):
        torch_module.from_torch(net(torch, fault=True), torch.randn(1, 12, 3))


def test_what_cannot_be_exported_is_refused(torch: Any) -> None:
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.svd(x)[1]

    with pytest.raises(GhostError, match="^Module Odd: PyTorch cannot export it to ONNX"):
        torch_module.from_torch(Odd(), torch.randn(3, 3))
