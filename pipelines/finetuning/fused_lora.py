"""LoRA linear layers with one hand-written backward, for training on a CPU.

PEFT keeps adapters in float32 and leaves the arithmetic to autocast: each of the 210 adapted layers of a 30-layer
model casts its input up, adds in float32 and casts back, in a dozen autograd nodes. Here a layer is one node that
computes ``x W' + s (x A') B'`` in the dtype of ``W`` and accumulates both products in place (Hu et al. 2021, eq. 3).
Master weights stay float32.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import MethodType
from typing import Any


@contextmanager
def fused_lora(model: Any) -> Iterator[None]:
    """Within the block every plain LoRA linear layer of ``model`` (a ``PeftModel``) computes with the fused function.

    Layers with dropout, variants (DoRA), a bias of their own or quantised weights keep PEFT's forward.
    """
    layers = [layer for layer in model.modules() if _is_plain(layer)]
    for layer in layers:
        layer.forward = MethodType(_forward, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _is_plain(layer: Any) -> bool:
    import torch
    from peft.tuners.lora import Linear

    if type(layer) is not Linear or len(layer.active_adapters) != 1:
        return False
    name = layer.active_adapters[0]
    return (
        type(layer.base_layer) is torch.nn.Linear
        and layer.base_layer.weight.dtype in (torch.bfloat16, torch.float32)
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
        and layer.lora_B[name].bias is None
        and not layer.lora_variant
    )


def _forward(layer: Any, x: Any) -> Any:
    name = layer.active_adapters[0]
    base, down, up = layer.base_layer, layer.lora_A[name].weight, layer.lora_B[name].weight
    return _function().apply(x, base.weight, base.bias, down, up, layer.scaling[name])


@cache
def _function() -> Any:
    """The autograd function; defined on first use because torch is heavy to import."""
    import torch

    class LoraLinear(torch.autograd.Function):
        # Shapes: x [..., i], weight [o, i], down [r, i], up [o, r]; n is the number of positions.
        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scaling: float) -> Any:
            rows = x.reshape(-1, x.shape[-1])  # [n, i]
            low, high = down.to(x.dtype), (up * scaling).to(x.dtype)
            inner = torch.nn.functional.linear(rows, low)  # [n, r]
            result = torch.nn.functional.linear(rows, weight, bias).addmm_(inner, high.t())
            ctx.save_for_backward(rows, inner, weight, low, high)
            ctx.shape, ctx.scaling = x.shape, scaling
            return result.view(*x.shape[:-1], -1)

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, inner, weight, low, high = ctx.saved_tensors
            outer = gradient.reshape(-1, gradient.shape[-1])  # [n, o]
            back = outer @ high  # [n, r]
            x = (outer @ weight).addmm_(back, low).view(ctx.shape) if ctx.needs_input_grad[0] else None
            return x, None, None, (back.t() @ rows).float(), (outer.t() @ inner).float().mul_(ctx.scaling), None

    return LoraLinear
