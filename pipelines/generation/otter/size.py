"""How much is inserted, and into which models."""

from dataclasses import dataclass
from typing import Any

from pipelines.errors import UserError

FAMILIES = ("llama", "qwen2", "qwen3")
"""``model_type`` of the models whose layers are known: RMSNorm, rotary attention, gated feed-forward."""


@dataclass(frozen=True)
class Size:
    """What every layer gets: ``width`` d' numbers of hidden state, ``kv_heads`` key heads with their query heads, and
    ``inner`` d'_inner neurons of the feed-forward."""

    width: int
    kv_heads: int
    inner: int


def check(model: Any, size: Size) -> None:
    """Raises ``UserError`` where the family is not known, weights are quantised, or more is to be inserted than the
    model has to copy from."""
    config = model.config
    if config.model_type not in FAMILIES:
        raise UserError(
            f"intervention otter: knows the families {', '.join(FAMILIES)}, not {config.model_type!r}; choose such a "
            "model, or intervention probe or reward_model, which take any"
        )
    if getattr(model, "hf_quantizer", None) is not None:
        raise UserError("intervention otter: copies slices of whole weights; leave quantization out")
    limits = {"width": config.hidden_size, "kv_heads": config.num_key_value_heads, "inner": config.intermediate_size}
    for name, most in limits.items():
        if getattr(size, name) > most:
            raise UserError(f"intervention otter: {name} is {getattr(size, name)}, the model itself has {most}")


def head_size(config: Any) -> int:
    """Numbers of one attention head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def merged_size(config: Any, size: Size) -> dict[str, int]:
    """Fields of the merged model's config. Raises ``UserError`` where stock code would refuse them."""
    group = config.num_attention_heads // config.num_key_value_heads
    heads = config.num_attention_heads + group * size.kv_heads
    if config.model_type == "llama" and (over := (config.hidden_size + size.width) % heads):
        less, more = size.width - over, size.width - over + heads
        fits = f"{less} or {more}" if less > 0 else str(more)
        raise UserError(
            f"intervention otter: the hidden size of a merged Llama of {heads} heads is a multiple of it; take width "
            f"{fits}, not {size.width}"
        )
    return {
        "hidden_size": config.hidden_size + size.width,
        "intermediate_size": config.intermediate_size + size.inner,
        "num_attention_heads": heads,
        "num_key_value_heads": config.num_key_value_heads + size.kv_heads,
        "head_dim": head_size(config),
    }
