"""How the routers of mixture-of-experts families turn logits into the weights of their experts.

``softmax`` over all experts is what most families take their top k from, or what the softmax over the top k is
proportional to; ``sigmoid`` is each expert's own. The table was read off the routers of transformers 5.23; a test
compares it with the weights they give. A family that is not in it needs ``gate`` in the config.
"""

from typing import TYPE_CHECKING, Any, Literal

from pipelines.errors import UserError

if TYPE_CHECKING:
    from numpy import floating
    from numpy.typing import NDArray

Gate = Literal["softmax", "sigmoid"]

FAMILIES: dict[str, Gate] = {
    "deepseek_v2": "softmax",
    "deepseek_v3": "sigmoid",
    "dots1": "sigmoid",
    "ernie4_5_moe": "softmax",
    "flex_olmo": "softmax",
    "glm4_moe": "sigmoid",
    "gpt_oss": "softmax",
    "granitemoe": "softmax",
    "granitemoeshared": "softmax",
    "hunyuan_v1_moe": "softmax",
    "jamba": "softmax",
    "lfm2_moe": "sigmoid",
    "minimax_m2": "sigmoid",
    "mixtral": "softmax",
    "olmoe": "softmax",
    "qwen2_moe": "softmax",
    "qwen3_moe": "softmax",
    "qwen3_next": "softmax",
}
"""By ``model_type``."""
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
"""What configs call the number of experts."""


def gate_of(config: Any, name: str, chosen: Gate | Literal["auto"]) -> Gate:
    """The gate of the model with this transformers ``config``; ``name`` is what the user calls it.

    Raises ``UserError`` for a dense model, and for a family that is not known where ``chosen`` is ``auto``.
    """
    text = config.get_text_config()
    known = FAMILIES.get(text.model_type)
    experts = max((getattr(text, field, None) or 0 for field in _EXPERTS), default=0)
    if experts < 2 and known is None:
        raise UserError(
            f"moee: name {name!r} is a dense model ({text.model_type}), it has no router; name a mixture of experts, "
            f"or use kind moee_virtual ({', '.join(sorted(FAMILIES))} are known)"
        )
    if chosen != "auto":
        return chosen
    if known is None:
        raise UserError(
            f"moee: the gate of the family {text.model_type} ({name!r}) is not known; give gate: softmax or sigmoid"
        )
    return known


def weights(logits: "NDArray[floating]", gate: Gate) -> "NDArray[floating]":
    """The weights of all experts of one layer, before any top k; ``logits`` and result have shape (texts, experts)."""
    from scipy.special import expit, softmax

    return softmax(logits, axis=1) if gate == "softmax" else expit(logits)
