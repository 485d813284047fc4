"""The split form: the model computes what it always did, and the new parameters read along.

Hooks on the model's own modules hand the new rows what they multiply: normed states, mixed heads, neurons. No product
of the model changes its operands or shape, so its logits stay equal to the last bit in every dtype and with every
attention kernel. The new heads have key-value caches of their own, behind the model's.
"""

from functools import partial
from typing import Any

import torch
from transformers.cache_utils import DynamicLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb, eager_attention_forward

from pipelines.generation.attention import Segment
from pipelines.generation.otter.parameters import Otter, OtterLayer


class Insertion:
    """``otter`` in ``model``, until ``remove``: the last hidden state of its decoder is ``[norm h ; norm h']``, of
    which its output head reads the first part. A pass at a time."""

    def __init__(self, model: Any, otter: Otter) -> None:
        body = model.get_decoder()
        self.otter = otter
        self.width, self.dtype = model.config.hidden_size, model.dtype
        self._state: torch.Tensor
        self._normed: torch.Tensor
        self._attention: dict[str, Any] = {}
        self._segments: list[tuple[Segment, Segment]] = []
        self._handles = [
            body.embed_tokens.register_forward_hook(self._embed),
            body.norm.register_forward_hook(self._end),
            model.get_output_embeddings().register_forward_pre_hook(self._original),
        ]
        for new, layer in zip(otter.layers, body.layers, strict=True):
            attention, mlp = layer.self_attn, layer.mlp
            self._handles += [
                layer.input_layernorm.register_forward_hook(partial(self._norm, new.input_layernorm)),
                attention.register_forward_pre_hook(partial(self._listen, len(body.layers)), with_kwargs=True),
                attention.o_proj.register_forward_pre_hook(partial(self._attend, new, attention)),
                layer.post_attention_layernorm.register_forward_hook(partial(self._norm, new.post_attention_layernorm)),
                mlp.down_proj.register_forward_pre_hook(partial(self._feed_forward, new, mlp.act_fn)),
            ]

    def remove(self) -> None:
        """Leave the model as it was."""
        for handle in self._handles:
            handle.remove()

    def _embed(self, module: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        self._state = self.otter.embedding(inputs[0])
        self._segments = []

    def _norm(self, weight: torch.Tensor, module: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        self._normed = self._beside(output, self._scaled(weight, module, inputs[0]))

    def _listen(self, layers: int, module: Any, inputs: Any, options: dict[str, Any]) -> None:
        """Keep what attention is called with; packed prompts get segments of the new heads' own."""
        self._attention = {name: value for name, value in options.items() if name != "hidden_states"}
        if segments := options.get("segments"):
            if not self._segments:
                made = [Segment(one.start, one.stop, one.past[layers:], one.mask) for one in segments]
                self._segments = list(zip(segments, made, strict=True))
            self._attention["segments"] = [own for _, own in self._segments]

    def _attend(self, new: OtterLayer, attention: Any, module: Any, inputs: tuple[torch.Tensor]) -> None:
        mixed = attend(new, attention, self._normed, **self._attention)
        self._state = self._state + new.o_proj(self._beside(inputs[0], mixed))

    def _feed_forward(self, new: OtterLayer, activation: Any, module: Any, inputs: tuple[torch.Tensor]) -> None:
        neurons = activation(new.gate_proj(self._normed)) * new.up_proj(self._normed)
        self._state = self._state + new.down_proj(self._beside(inputs[0], neurons))

    def _end(self, module: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
        for theirs, own in self._segments:
            theirs.states += own.states
        return torch.cat([output, self._scaled(self.otter.norm, module, inputs[0])], -1)

    def _original(self, module: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        """What the output head reads. The cast is exact: it undoes that of joining the two parts."""
        return (inputs[0][..., : self.width].to(self.dtype).contiguous(),)

    def _scaled(self, weight: torch.Tensor, norm: Any, hidden: torch.Tensor) -> torch.Tensor:
        """``g' h' r`` with ``r`` of the original ``hidden`` alone, in the arithmetic of the model's RMSNorm."""
        variance = hidden.to(torch.float32).pow(2).mean(-1, keepdim=True)
        scaled = self._state.to(torch.float32) * torch.rsqrt(variance + norm.variance_epsilon)
        return weight * scaled.to(self._state.dtype)

    def _beside(self, original: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return torch.cat([original.to(new.dtype), new], -1)


def attend(
    new: OtterLayer,
    attention: Any,
    normed: torch.Tensor,
    *,
    position_embeddings: tuple[torch.Tensor, torch.Tensor],
    attention_mask: torch.Tensor | None = None,
    past_key_values: Any = None,
    **options: Any,
) -> torch.Tensor:
    """The new heads of one layer over ``normed [rows, new, d + d']``, as the model's own are computed; ``[rows, new,
    n' d_h]``."""
    shape = (*normed.shape[:-1], -1, attention.head_dim)
    query, key, value = (getattr(new, name)(normed).view(shape) for name in ("q_proj", "k_proj", "v_proj"))
    if hasattr(attention, "q_norm"):
        query, key = attention.q_norm(query), attention.k_norm(key)
    query, key, value = (states.transpose(1, 2) for states in (query, key, value))
    query, key = apply_rotary_pos_emb(query, key, *position_embeddings)
    if past_key_values is not None:
        while len(past_key_values.layers) <= new.layer_idx:  # made for the model's own layers
            past_key_values.layers.append(DynamicLayer())
        key, value = past_key_values.update(key, value, new.layer_idx)
    name = attention.config._attn_implementation
    kernel = ALL_ATTENTION_FUNCTIONS.get_interface(name, eager_attention_forward)
    window = getattr(attention, "sliding_window", None)
    mixed, _ = kernel(
        attention, query, key, value, attention_mask, scaling=attention.scaling, sliding_window=window, **options
    )
    return mixed.reshape(*normed.shape[:-1], -1)
