"""Linear layers whose bfloat16 weights lie in the blocked layout that oneDNN multiplies in.

A plain layer lays its weight out anew in every call, which costs a small model that decodes on a CPU about a quarter
of its time (``benchmarks/packed_linear.py`` times the layers alone). This is what ``torch.compile`` does to a frozen
model, without compiling.
"""

from typing import Any

import torch

_ROWS = 32
"""The number of rows the layout is made for: decoding reads every weight for each step's few rows."""


class PackedLinear(torch.nn.Module):
    """``torch.nn.Linear`` for inference on a CPU."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = linear.bias
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _ROWS)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """``inputs [..., in]`` times the weight, plus the bias: ``[..., out]``."""
        return torch.ops.mkldnn._linear_pointwise(inputs, self.packed, self.bias, "none", [], "")


def pack_linears(model: Any) -> None:
    """Replace every bfloat16 linear layer of ``model`` where the processor multiplies bfloat16; else do nothing."""
    if model.device.type != "cpu" or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return
    for name, module in list(model.named_modules()):
        if type(module) is torch.nn.Linear and module.weight.dtype == torch.bfloat16:
            model.set_submodule(name, PackedLinear(module))
