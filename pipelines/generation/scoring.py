"""How likely a text is to a local model, token by token.

Texts are read in packs of canonical shape (``pipelines.generation.shapes``), and the output head sees a fixed number of
rows, so in bf16, too, a score follows from its own text alone, not from what was scored beside it. Texts with the same
beginning are each read whole: keeping the states of thousands of passages would cost more memory than it saves time.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from pipelines.errors import UserError
from pipelines.generation import TokenScore
from pipelines.generation.decoding import Decoder


class _Encoded(NamedTuple):
    """The tokens of one pair; those from ``first`` on belong to its text, at the characters ``spans`` of it."""

    tokens: list[int]
    first: int
    spans: list[tuple[int, int]]


@torch.inference_mode()
def log_probabilities(decoder: Decoder, pairs: Sequence[tuple[str, str]]) -> list[list[TokenScore]]:
    """For pairs (given, text): ``ln p(token | all tokens before it)`` for the tokens of ``text``, in order.

    Given and text are tokenised as one string. A token that begins in ``given`` and ends in ``text`` belongs to
    ``text``. Where nothing stands before the first token, it follows the model's start token (or end token, if the
    model has no start token). An empty text has no tokens. Raises ``UserError`` for a pair longer than the model's
    context.
    """
    encoded = _encode(decoder, pairs)
    scores: list[list[TokenScore]] = [[] for _ in pairs]
    scored = [index for index, item in enumerate(encoded) if item.spans]
    for size, places in decoder.shapes.packs([len(encoded[index].tokens) for index in scored]):
        together = [scored[place] for place in places]
        hidden, segments = decoder._forward([encoded[index].tokens for index in together], [[]] * len(together), size)
        # The hidden state before a token predicts it.
        rows = [
            segment.start + place - 1
            for index, segment in zip(together, segments, strict=True)
            for place in range(encoded[index].first, len(encoded[index].tokens))
        ]
        targets = [token for index in together for token in encoded[index].tokens[encoded[index].first :]]
        values = _read_off(decoder, hidden[torch.tensor(rows, device=hidden.device)], targets)
        for index in together:
            scores[index] = [TokenScore(*span, next(values)) for span in encoded[index].spans]
    return scores


def _encode(decoder: Decoder, pairs: Sequence[tuple[str, str]]) -> list[_Encoded]:
    whole = [given + text for given, text in pairs]
    if not whole:
        return []
    found = decoder.tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    start = decoder.tokenizer.bos_token_id
    start = decoder.padding if start is None else start
    encoded = []
    for (given, _), tokens, offsets in zip(pairs, found["input_ids"], found["offset_mapping"], strict=True):
        border = len(given)
        first = next((place for place, (_, end) in enumerate(offsets) if end > border), len(tokens))
        spans = [(max(0, begin - border), max(0, end - border)) for begin, end in offsets[first:]]
        if first == 0:
            tokens, first = [start, *tokens], 1
        if len(tokens) > decoder.context:
            raise UserError(
                f"a text to be scored has {len(tokens)} tokens, the model takes {decoder.context}; make the chunks "
                "smaller (chunker size) or choose a model with a longer context"
            )
        encoded.append(_Encoded(tokens, first, spans))
    return encoded


def _read_off(decoder: Decoder, hidden: torch.Tensor, targets: Sequence[int]) -> Iterator[float]:
    """The log-probabilities of ``targets`` after the states ``hidden [targets, width]``; the head sees ``slots`` rows
    at a time, however few are left."""
    count = decoder.shapes.slots
    for begin in range(0, len(targets), count):
        wanted = torch.tensor(targets[begin : begin + count], device=hidden.device)
        rows = hidden.new_zeros((count, hidden.shape[-1]))
        rows[: len(wanted)] = hidden[begin : begin + count]
        logits = scaled(decoder.model.get_output_embeddings()(rows).float(), decoder.model.config.get_text_config())
        chosen = logits[: len(wanted)].log_softmax(-1).gather(1, wanted[:, None])
        yield from chosen[:, 0].tolist()


def scaled(logits: torch.Tensor, config: Any) -> torch.Tensor:
    """What some models do to the head's output: Cohere multiplies, Granite divides, Gemma caps. The order of tokens,
    all that greedy decoding needs, stays the same."""
    logits = logits * (getattr(config, "logit_scale", None) or 1.0) / (getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)
    return logits if cap is None else torch.tanh(logits / cap) * cap
