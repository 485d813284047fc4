"""Attention for grouped queries as two batched matrix products.

Query heads that share a key head are packed into its rows, so keys and values are not repeated. On a CPU this takes
about half the time of the fused kernel with a mask at the lengths of prompts (``benchmarks/attention.py``). The scores
of one forward pass are held at once, rows x heads x new tokens x all tokens.
"""

from typing import Any

import torch
from transformers import AttentionInterface

NAME = "assay_grouped"


def grouped_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """``query [rows, heads, new, size]``, ``key`` and ``value [rows, key heads, all, size]``, bool ``attention_mask
    [rows or 1, 1, new, all]``; returns ``[rows, new, heads, size]``."""
    rows, heads, new, size = query.shape
    key_heads, everything = key.shape[1], key.shape[2]
    group = heads // key_heads
    scale = size**-0.5 if scaling is None else scaling
    packed = (query * scale).reshape(rows, key_heads, group * new, size)
    scores = torch.matmul(packed, key.transpose(2, 3)).view(rows, key_heads, group, new, everything)
    scores.masked_fill_(~attention_mask[:, :, None], float("-inf"))
    weights = scores.softmax(-1).view(rows, key_heads, group * new, everything)
    mixed = torch.matmul(weights, value).view(rows, heads, new, size)
    return mixed.transpose(1, 2), None


AttentionInterface.register(NAME, grouped_attention)
