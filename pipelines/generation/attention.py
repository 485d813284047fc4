"""Attention for grouped queries as two batched matrix products, for prompts read in packs and for decoding in slots.

Query heads that share a key head are packed into its rows, so keys and values are not repeated. On a CPU this takes
about half the time of the fused kernel with a mask at the lengths of prompts (``benchmarks/attention.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface

from pipelines.errors import UserError

NAME = "assay_grouped"

States = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values by layer, each ``[key heads, length, size]``."""


@dataclass
class Segment:
    """The tokens ``start`` to ``stop`` of a pack: one prompt, which attends to ``past`` and to itself, as ``mask`` says
    (bool ``[new, past + new]``). ``states`` grow with every layer that is computed, and hold ``past`` too."""

    start: int
    stop: int
    past: States
    mask: torch.Tensor
    states: States = field(default_factory=list)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    segments: Sequence[Segment] = (),
    sliding_window: int | None = None,
    softcap: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """What ``transformers`` calls in every layer: ``query [rows, heads, new, size]``, ``key`` and ``value [rows, key
    heads, all, size]``; returns ``[rows, new, heads, size]``.

    With ``segments`` the one row is a pack, and the mask is not looked at. Raises ``UserError`` for an attention with
    learned sinks, which this is not.
    """
    if options.get("s_aux") is not None:
        raise UserError(f"{type(module).__name__}: attention with learned sinks is not supported; choose another model")
    scaled = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if not segments:
        mixed = _grouped(scaled, key, value, _windowed(attention_mask, sliding_window), softcap)
        return mixed.transpose(1, 2), None
    packed = torch.empty_like(query.transpose(1, 2))
    for segment in segments:
        part = slice(segment.start, segment.stop)
        keys, values = key[0, :, part], value[0, :, part]
        if segment.past:
            past_keys, past_values = segment.past[len(segment.states)]
            keys, values = torch.cat([past_keys, keys], dim=1), torch.cat([past_values, values], dim=1)
        segment.states.append((keys, values))
        mask = _windowed(segment.mask, sliding_window)
        packed[0, part] = _grouped(scaled[:, :, part], keys[None], values[None], mask, softcap)[0].transpose(0, 1)
    return packed, None


def _grouped(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor, softcap: float | None
) -> torch.Tensor:
    """``query`` is scaled; ``mask`` is bool and broadcasts to ``[rows, 1, new, all]``. ``[rows, heads, new, size]``."""
    rows, heads, new, size = query.shape
    key_heads, everything = key.shape[1], key.shape[2]
    group = heads // key_heads
    scores = torch.matmul(query.reshape(rows, key_heads, group * new, size), key.transpose(2, 3))
    scores = scores.view(rows, key_heads, group, new, everything)
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    hidden = ~mask
    scores.masked_fill_(hidden if mask.dim() == 2 else hidden[:, :, None], float("-inf"))
    weights = scores.softmax(-1).view(rows, key_heads, group * new, everything)
    return torch.matmul(weights, value).view(rows, heads, new, size)


def _windowed(mask: torch.Tensor, window: int | None) -> torch.Tensor:
    """The causal ``mask [..., new, all]`` cut to the last ``window`` tokens each row may see."""
    if window is None:
        return mask
    last = mask.sum(-1, keepdim=True)
    columns = torch.arange(mask.shape[-1], device=mask.device)
    return mask & (columns >= last - window)


AttentionInterface.register(NAME, attend)
