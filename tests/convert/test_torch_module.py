# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules, compared with themselves."""

import pytest

from mcu_ghost.convert import torch_module
from mcu_ghost.host.errors import GhostError

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
pytest.importorskip("onnx", reason="pip install 'mcu-ghost[convert]'")
pytestmark = pytest.mark.slow


class Net(torch.nn.Module):
    def __init__(self, *, fault=False):
        super().__init__()
        self.conv = torch.nn.Conv1d(3, 6, 3, padding=1)
        self.norm = torch.nn.BatchNorm1d(6)
        self.gru = torch.nn.GRU(6, 8, batch_first=True, bidirectional=True)
        self.linear = torch.nn.Linear(16, 4)
        self.fault = fault

    def forward(self, x):
        x = torch.nn.functional.silu(self.norm(self.conv(x.transpose(1, 2)))).transpose(1, 2)
        y, h = self.gru(x)
        if self.fault and not torch.onnx.is_in_onnx_export():
            y = y + 0.01
        return self.linear(y), torch.cat([h[0], h[1]], dim=1)


def test_module():
    torch.manual_seed(1)
    net = Net().train()
    graph = torch_module.from_torch(net, torch.randn(1, 12, 3))
    assert [node.kind for node in graph.nodes][:2] == ["Conv", "swish"]
    assert not graph.notes
    assert net.training


def test_what_computes_something_else_is_refused():
    with pytest.raises(GhostError, match="away from the module's own, relative to its largest"):
        torch_module.from_torch(Net(fault=True), torch.randn(1, 12, 3))


def test_what_cannot_be_exported_is_refused():
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.svd(x)[1]

    with pytest.raises(GhostError, match="^Module Odd: PyTorch cannot export it to ONNX"):
        torch_module.from_torch(Odd(), torch.randn(3, 3))
