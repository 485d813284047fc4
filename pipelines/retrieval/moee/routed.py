"""A causal language model as MoEE reads it: what the last token of each text ends as, and where it was routed.

Only the body runs: logits over the vocabulary are never computed. Texts are padded on the right and no mask is given,
as padding stands behind the last token, where causal attention does not look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.errors import UserError
from pipelines.retrieval.moee.combining import Layout
from pipelines.retrieval.moee.gates import Gate

if TYPE_CHECKING:
    from torch import Tensor

Read = Callable[["Tensor", "Tensor"], "tuple[Tensor, list[Tensor]]"]
"""Token ids ``[texts, tokens]`` and the place of each text's last token ``[texts]`` in; out come the last hidden states
after the final norm ``[texts, hidden]`` and each layer's router logits ``[texts, experts]``."""


@dataclass(frozen=True)
class Routed:
    """A loaded model with its tokenizer, what its rows hold, and how it reads."""

    model: Any
    tokenizer: Any
    layout: Layout
    read: Read


def hub_model(model: Any, tokenizer: Any, name: str, gate: Gate) -> Routed:
    """A mixture of experts by its own routers, which transformers records as ``router_logits``.

    Raises ``UserError`` where none of its layers has a router.
    """
    import torch

    body = model.get_decoder()

    def read(ids: "Tensor", last: "Tensor") -> "tuple[Tensor, list[Tensor]]":
        output = body(input_ids=ids, use_cache=False, output_router_logits=True)
        texts = torch.arange(len(ids), device=ids.device)
        routers = output.get("router_logits") or ()
        # Most families record one row a token, not a table of texts and tokens.
        logits = [layer.reshape(*ids.shape, -1)[texts, last] for layer in routers]
        return output.last_hidden_state[texts, last], logits

    place = torch.zeros((1, 1), dtype=torch.long, device=model.device)
    with torch.inference_mode():
        hidden, logits = read(place, place[0])
    if not logits:
        raise UserError(f"moee: name {name!r} gives no router logits: none of its layers is a mixture of experts")
    return Routed(model, tokenizer, Layout(hidden.shape[1], tuple(layer.shape[1] for layer in logits), gate), read)
