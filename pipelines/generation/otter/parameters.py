"""The inserted parameters, named like those they stand beside.

With the hidden state ``[h ; h']`` every projection becomes ``[[W, 0], [W']]``: ``h`` is computed as before, ``h'``
reads both. Here are the rows ``W'``, the norm weights ``g'``, the columns ``h'_0`` of the embedding, and the head of
the signal.
"""

from typing import Any

import torch
from torch import nn

from pipelines.generation.otter.size import Size, check, head_size

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
NORMS = ("input_layernorm", "post_attention_layernorm")


class OtterLayer(nn.Module):
    """``W'`` and ``g'`` of one decoder layer. ``layer_idx`` counts on behind the model's, for the key-value cache."""

    def __init__(self, layer: Any, size: Size, keys: int, layer_idx: int) -> None:
        """``keys`` is how many numbers of keys are new; query heads come with their key heads."""
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        queries = keys * attention.num_key_value_groups
        self.layer_idx = layer_idx
        self.q_proj = _rows(attention.q_proj, size.width, queries)
        self.k_proj = _rows(attention.k_proj, size.width, keys)
        self.v_proj = _rows(attention.v_proj, size.width, keys)
        self.o_proj = _rows(attention.o_proj, queries, size.width)
        self.gate_proj = _rows(mlp.gate_proj, size.width, size.inner)
        self.up_proj = _rows(mlp.up_proj, size.width, size.inner)
        self.down_proj = _rows(mlp.down_proj, size.inner, size.width)
        for name in NORMS:
            setattr(self, name, nn.Parameter(torch.ones(size.width)))


class Head(nn.Module):
    """From the normed ``n' [..., d']`` to the signal ``w . n' + c``, and to the signal foretold for every next token
    ``v``: ``w . n' + c + e_v . A n'``, where ``e_v`` are the token's columns of the embedding. Zero before training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(()))
        self.tokens = nn.Parameter(torch.zeros(width, width))


class Otter(nn.Module):
    """All inserted parameters, in float32."""

    def __init__(self, model: Any, size: Size) -> None:
        """For the size of ``model``, a causal language model; its weights are not read. Raises ``UserError``."""
        check(model, size)
        super().__init__()
        config, body = model.config, model.get_decoder()
        keys, count = size.kv_heads * head_size(config), len(body.layers)
        self.size = size
        self.embedding = nn.Embedding(config.vocab_size, size.width)
        self.layers = nn.ModuleList(
            OtterLayer(layer, size, keys, count + number) for number, layer in enumerate(body.layers)
        )
        self.norm = nn.Parameter(torch.ones(size.width))
        self.head = Head(size.width)

    @property
    def device(self) -> torch.device:
        return self.norm.device

    def signal(self, hidden: torch.Tensor) -> torch.Tensor:
        """How good the text read so far is, from the last hidden state ``[..., d + d']``: float32 ``[...]``."""
        side = hidden[..., -self.size.width :].float()
        return side @ self.head.weight.float() + self.head.bias.float()

    def token_signals(self, hidden: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """How good the text would be with each of ``tokens [..., k]`` behind it, without another pass: ``[..., k]``."""
        side = hidden[..., -self.size.width :].float()
        turned = side @ self.head.tokens.float().T
        own = (self.embedding(tokens).float() @ turned[..., None])[..., 0]
        return self.signal(hidden)[..., None] + own


@torch.no_grad()
def copy_slices(otter: Otter, model: Any) -> None:
    """Begin with the model's own first rows, heads and columns: ``W' = [W[:o'], 0]``. So ``h'`` starts as a copy of
    ``h[:d']`` in every layer, and the paper's finding is that this beats random numbers."""
    body = model.get_decoder()
    otter.embedding.weight.copy_(body.embed_tokens.weight[:, : otter.size.width])
    for new, layer in zip(otter.layers, body.layers, strict=True):
        for part, names in ((layer.self_attn, ATTENTION), (layer.mlp, FEED_FORWARD)):
            for name in names:
                _copy(getattr(new, name), getattr(part, name))
        for name in NORMS:
            getattr(new, name).copy_(getattr(layer, name).weight[: otter.size.width])
    otter.norm.copy_(body.norm.weight[: otter.size.width])


@torch.no_grad()
def draw_random(otter: Otter, deviation: float) -> None:
    """Begin with normal numbers of this standard deviation, biases at zero, norms at one."""
    for name, parameter in otter.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
        elif parameter.dim() == 2 and not name.startswith("head."):
            parameter.normal_(std=deviation)


def _rows(base: Any, more: int, rows: int) -> nn.Linear:
    """``rows`` new outputs of a projection that reads its ``more`` new inputs, too."""
    return nn.Linear(base.in_features + more, rows, bias=base.bias is not None)


def _copy(new: nn.Linear, base: Any) -> None:
    new.weight.zero_()
    new.weight[:, : base.in_features] = base.weight[: new.out_features]
    if new.bias is not None:
        new.bias.copy_(base.bias[: new.out_features])
