"""The greedy decoder's packs and slots, with tokens drawn in place of the likeliest.

Shapes are those of greedy generation, so logits depend on the prompt and the tokens before alone; each row has its own
stream of random numbers, one number a token.
"""

from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import Any

import torch

from pipelines.generation.decoding import Decoder, Encoded, Row
from pipelines.generation.shapes import Shapes
from pipelines.generation.slots import SlotCache


class SamplingDecoder(Decoder):
    """Draws answers; prompt ``i`` of a call draws from the stream of ``seeds[i]``."""

    def __init__(self, model: Any, tokenizer: Any, shapes: Shapes, temperature: float, seeds: Sequence[int]) -> None:
        super().__init__(model, tokenizer, shapes)
        self.temperature = temperature
        self._streams = [Random(seed) for seed in seeds]

    def _read(self, items: Sequence[Encoded], size: int, rows: int) -> list[Row]:
        started = perf_counter()
        pasts = [self._prefixes[item.prefix] if item.prefix else [] for item in items]
        hidden, segments = self._forward([item.rest for item in items], pasts, size)
        last = torch.tensor([segment.stop - 1 for segment in segments], device=hidden.device)
        chosen = hidden.new_zeros((rows, hidden.shape[-1]))
        chosen[: len(items)] = hidden[last]
        tokens = self._draw(self.model.get_output_embeddings()(chosen), [item.index for item in items])
        seconds = perf_counter() - started
        total = sum(len(item.rest) for item in items)
        return [
            Row(item, [token], segment.states, seconds * len(item.rest) / total)
            for item, token, segment in zip(items, tokens, segments, strict=False)
        ]

    def _step(self, rows: Sequence[Row | None], cache: SlotCache) -> list[int]:
        for slot, row in enumerate(rows):
            cache.positions[slot] = row.encoded.length + len(row.tokens) - 1 if row else 0
        ids = torch.tensor([[row.tokens[-1] if row else self.padding] for row in rows], device=self.model.device)
        output = self.model(
            input_ids=ids,
            attention_mask=cache.mask(),
            position_ids=cache.positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        return self._draw(output.logits[:, -1], [row.encoded.index if row else None for row in rows])

    def _draw(self, logits: torch.Tensor, indexes: Sequence[int | None]) -> list[int]:
        """A token for each row of ``logits`` ``[rows, vocabulary]`` by the inverse of its distribution function."""
        sums = torch.softmax(logits.float() / self.temperature, -1).cumsum(-1)
        numbers = [0.0 if index is None else self._streams[index].random() for index in indexes]
        numbers += [0.0] * (len(logits) - len(numbers))
        wanted = torch.tensor(numbers, device=logits.device)[:, None] * sums[:, -1:]
        drawn: list[int] = torch.searchsorted(sums, wanted, right=True).clamp(max=sums.shape[-1] - 1)[:, 0].tolist()
        return drawn
