"""The fused form: one ordinary checkpoint of larger dimensions, each projection one product.

Its only difference from the stock architecture is the statistic of RMSNorm, one line:

    variance = hidden_states[..., :original].pow(2).mean(-1, keepdim=True)

The fused products may add up in another order than the original ones, so logits agree to rounding, not to the bit.
"""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipelines.errors import UserError
from pipelines.generation.otter.parameters import ATTENTION, FEED_FORWARD, NORMS, Otter
from pipelines.generation.otter.size import merged_size

ORIGINAL = "otter_original_size"
"""Field of the merged config: how many numbers of the hidden state are the original's."""


class OriginalRMSNorm(nn.Module):
    """RMSNorm of ``[h ; h']`` whose statistic is taken over ``h``, the first ``original`` numbers."""

    def __init__(self, weight: nn.Parameter, epsilon: float, original: int) -> None:
        super().__init__()
        self.weight = weight
        self.variance_epsilon = epsilon
        self.original = original

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """``[..., d + d']`` in and out."""
        dtype = hidden_states.dtype
        hidden_states = hidden_states.to(torch.float32)
        variance = hidden_states[..., : self.original].pow(2).mean(-1, keepdim=True)
        return self.weight * (hidden_states * torch.rsqrt(variance + self.variance_epsilon)).to(dtype)


@torch.no_grad()
def merge(model: Any, otter: Otter) -> Any:
    """A new model of the same class that computes ``model`` and ``otter`` together, in the dtype of ``model``; its last
    hidden state is ``[norm h ; norm h']``. Raises ``UserError`` where the sizes do not fit stock code."""
    config = copy.deepcopy(model.config)
    for name, value in {**merged_size(config, otter.size), "tie_word_embeddings": False}.items():
        setattr(config, name, value)
    setattr(config, ORIGINAL, model.config.hidden_size)
    with torch.device("meta"):
        merged = type(model)(config)
    merged.load_state_dict(_weights(model, otter), assign=True)
    # Rotary frequencies are no weights, and depend on nothing that changed.
    merged.get_decoder().rotary_emb = copy.deepcopy(model.get_decoder().rotary_emb)
    merged.generation_config = copy.deepcopy(model.generation_config)
    return use_original_statistics(merged).eval().requires_grad_(False)


def use_original_statistics(merged: Any) -> Any:
    """The one line, put into a stock model that was loaded from a merged checkpoint. Raises ``UserError`` where the
    checkpoint is none."""
    original = getattr(merged.config, ORIGINAL, None)
    if original is None:
        raise UserError(f"not a merged model: its config has no {ORIGINAL}")
    body = merged.get_decoder()
    for module in (*body.layers, body):
        for name in (*NORMS, "norm"):
            if (norm := getattr(module, name, None)) is not None:
                setattr(module, name, OriginalRMSNorm(norm.weight, norm.variance_epsilon, original))
    return merged


def save(merged: Any, folder: Path) -> None:
    """Write a merged model as a stock checkpoint in safetensors."""
    merged.save_pretrained(folder, safe_serialization=True)


def _weights(model: Any, otter: Otter) -> dict[str, torch.Tensor]:
    body, dtype = model.get_decoder(), model.dtype
    weights = {
        "model.embed_tokens.weight": _side_by_side(body.embed_tokens.weight, otter.embedding.weight),
        "model.norm.weight": torch.cat([body.norm.weight, otter.norm]),
        "lm_head.weight": nn.functional.pad(model.get_output_embeddings().weight, (0, otter.size.width)),
    }
    for number, (layer, new) in enumerate(zip(body.layers, otter.layers, strict=True)):
        place = f"model.layers.{number}"
        for part, names in (("self_attn", ATTENTION), ("mlp", FEED_FORWARD)):
            module = getattr(layer, part)
            weights |= {f"{place}.{part}.{kept}": value for kept, value in module.named_parameters() if "norm" in kept}
            for name in names:
                base, rows = getattr(module, name), getattr(new, name)
                above = nn.functional.pad(base.weight, (0, rows.in_features - base.in_features))
                weights[f"{place}.{part}.{name}.weight"] = torch.cat([above, rows.weight])
                if base.bias is not None:
                    weights[f"{place}.{part}.{name}.bias"] = torch.cat([base.bias, rows.bias])
        for name in NORMS:
            weights[f"{place}.{name}.weight"] = torch.cat([getattr(layer, name).weight, getattr(new, name)])
    return {name: value.to(dtype).contiguous() for name, value in weights.items()}


def _side_by_side(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return torch.cat([left, right.to(left.dtype)], 1)
