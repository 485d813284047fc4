"""Batched generation: prompts are read in packs, their answers decoded in slots, both of canonical shape. Greedy,
unless another choice of the next token is given.

The prefix that prompts share (instruction and examples) is computed once for each distinct prefix.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import torch

from pipelines.generation import Timing
from pipelines.generation.attention import NAME, Segment, States
from pipelines.generation.encoding import Encoded, encode
from pipelines.generation.packed_linear import pack_linears
from pipelines.generation.shapes import Shapes
from pipelines.generation.slots import SlotCache
from pipelines.records import Answer, Prompt


@dataclass
class Row:
    """A prompt that was read and is being answered; ``seconds`` is its share of the passes it took part in, and
    ``confidence`` what the choice of its last token made of the answer so far."""

    encoded: Encoded
    tokens: list[int]
    states: States
    seconds: float
    confidence: float | None = None


Choose = Callable[[torch.Tensor, torch.Tensor, Sequence[Row | None]], list[int]]
"""The next token of each row, from the last hidden states ``[rows, width]`` and their logits ``[rows, vocabulary]``;
rows that are None are padding."""


def greedy(hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
    """The likeliest token."""
    tokens: list[int] = logits.argmax(-1).tolist()
    return tokens


class Decoder:
    """Generation with one model and tokenizer. Not safe for use by several threads at once."""

    def __init__(self, model: Any, tokenizer: Any, shapes: Shapes, choose: Choose = greedy) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.shapes = shapes
        self.choose = choose
        config = model.config.get_text_config()
        self.layers: int = config.num_hidden_layers
        model.set_attn_implementation(NAME)
        self.context: int = config.max_position_embeddings
        ends = model.generation_config.eos_token_id
        self.ends = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id}
        self.padding = next(token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id, 0) if token is not None)
        self._prefixes: dict[tuple[int, ...], States] = {}
        pack_linears(model)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        """Yield ``(index of the prompt, answer)`` as answers end, in no particular order."""
        groups: dict[int, list[Encoded]] = {}
        for index, item in enumerate(encode(self.tokenizer, prompts, self.context - max_new_tokens)):
            if isinstance(item, Answer):
                yield index, item
            else:
                groups.setdefault(self.shapes.capacity(item.length + max_new_tokens), []).append(item)
        prefixes = Counter(item.prefix for group in groups.values() for item in group if item.prefix)
        started = perf_counter()
        self._read_prefixes(list(prefixes))
        share = (perf_counter() - started) / max(1, prefixes.total())
        for capacity, group in sorted(groups.items()):
            for row, answer in self._decode(group, capacity, max_new_tokens):
                seconds = answer.seconds + (share if row.encoded.prefix else 0.0)
                yield row.encoded.index, replace(answer, seconds=seconds)
        self._prefixes.clear()

    @torch.inference_mode()
    def respond(self, prompt: Prompt, max_new_tokens: int) -> tuple[Answer, Timing]:
        """Answer one prompt alone and time it; the prefix its template shares with other prompts is ready before the
        clock starts, as it would be in a server."""
        (item,) = encode(self.tokenizer, [prompt], self.context - max_new_tokens)
        if isinstance(item, Answer):
            return item, Timing(0.0, 0.0)
        if item.prefix and item.prefix not in self._prefixes:
            _, (segment,) = self._forward([item.prefix], [[]], len(item.prefix))
            self._prefixes[item.prefix] = segment.states
        started = perf_counter()
        (row,) = self._read([item], len(item.rest), rows=1)
        read = perf_counter()
        cache = SlotCache(1, self.layers, item.length + max_new_tokens, self.model.device)
        cache.place(0, item.length, row.states)
        while (answer := self._finished(row, max_new_tokens)) is None:
            self._step([row], cache)
        return answer, Timing(read - started, perf_counter() - read)

    def _decode(self, group: list[Encoded], capacity: int, max_new_tokens: int) -> Iterator[tuple[Row, Answer]]:
        """Answer prompts whose slots have one capacity; a slot is refilled when its answer ends."""
        cache = SlotCache(self.shapes.slots, self.layers, capacity, self.model.device)
        packs = deque(self.shapes.packs([len(item.rest) for item in group]))
        ready: deque[Row] = deque()
        rows: list[Row | None] = [None] * self.shapes.slots
        while packs or ready or any(rows):
            for slot, row in enumerate(rows):
                if row is not None and (answer := self._finished(row, max_new_tokens)) is not None:
                    rows[slot] = None
                    yield row, answer
                while rows[slot] is None and (ready or packs):
                    if not ready:
                        size, places = packs.popleft()
                        ready.extend(self._read([group[place] for place in places], size, rows=self.shapes.slots))
                    row = ready.popleft()
                    if (answer := self._finished(row, max_new_tokens)) is not None:
                        yield row, answer
                        continue
                    cache.place(slot, row.encoded.length, row.states)
                    row.states = []
                    rows[slot] = row
            busy = sum(row is not None for row in rows)
            if busy:
                started = perf_counter()
                self._step(rows, cache)
                share = (perf_counter() - started) / busy
                for row in rows:
                    if row is not None:
                        row.seconds += share

    def _read(self, items: Sequence[Encoded], size: int, rows: int) -> list[Row]:
        """Read prompts in one pass over a pack of ``size`` tokens. Returns each with its first token; the head sees
        ``rows`` rows, however many prompts there are."""
        started = perf_counter()
        pasts = [self._prefixes[item.prefix] if item.prefix else [] for item in items]
        hidden, segments = self._forward([item.rest for item in items], pasts, size)
        last = torch.tensor([segment.stop - 1 for segment in segments], device=hidden.device)
        chosen = hidden.new_zeros((rows, hidden.shape[-1]))
        chosen[: len(items)] = hidden[last]
        made = [Row(item, [], segment.states, 0.0) for item, segment in zip(items, segments, strict=True)]
        self._next(chosen, [*made, *[None] * (rows - len(made))])
        share = (perf_counter() - started) / sum(len(item.rest) for item in items)
        for row in made:
            row.seconds = share * len(row.encoded.rest)
        return made

    def _read_prefixes(self, prefixes: Sequence[tuple[int, ...]]) -> None:
        """Keys and values of shared prefixes, which follow from the prefix only."""
        for size, places in self.shapes.packs([len(prefix) for prefix in prefixes]):
            together = [prefixes[place] for place in places]
            _, segments = self._forward(together, [[]] * len(together), size)
            self._prefixes |= {prefix: segment.states for prefix, segment in zip(together, segments, strict=True)}

    def _forward(
        self, texts: Sequence[Sequence[int]], pasts: Sequence[States], size: int
    ) -> tuple[torch.Tensor, list[Segment]]:
        """One pass of the body over a pack of ``size`` tokens, ``texts`` behind each other, each following its own
        ``past``: last hidden states ``[size, width]`` and the segments with their states. What is left is padding,
        which nothing attends to."""
        device = self.model.device
        ids, positions, segments, start = list[int](), list[int](), list[Segment](), 0
        for text, past in zip(texts, pasts, strict=True):
            before = past[0][0].shape[1] if past else 0
            ids += text
            positions += range(before, before + len(text))
            mask = torch.ones(len(text), before + len(text), dtype=torch.bool, device=device).tril(before)
            segments.append(Segment(start, start + len(text), past, mask))
            start += len(text)
        ids += [self.padding] * (size - start)
        positions += [0] * (size - start)
        output = self.model.get_decoder()(
            input_ids=torch.tensor([ids], device=device),
            position_ids=torch.tensor([positions], device=device),
            attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
            use_cache=False,
            segments=segments,
        )
        return output.last_hidden_state[0], segments

    def _next(self, hidden: torch.Tensor, rows: Sequence[Row | None]) -> None:
        """Give each row its next token; ``hidden [rows, width]`` are the last hidden states."""
        logits = self.model.get_output_embeddings()(hidden)
        for row, token in zip(rows, self.choose(hidden, logits, rows), strict=True):
            if row is not None:
                row.tokens.append(token)

    def _step(self, rows: Sequence[Row | None], cache: SlotCache) -> None:
        """One more token in every slot; an empty slot repeats padding at its first position."""
        device = self.model.device
        for slot, row in enumerate(rows):
            cache.positions[slot] = row.encoded.length + len(row.tokens) - 1 if row else 0
        ids = torch.tensor([[row.tokens[-1] if row else self.padding] for row in rows], device=device)
        output = self.model.get_decoder()(
            input_ids=ids,
            attention_mask=cache.mask(),
            position_ids=cache.positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        self._next(output.last_hidden_state[:, -1], rows)

    def _finished(self, row: Row, max_new_tokens: int) -> Answer | None:
        """The answer, once a stop string, an end token or the limit is reached."""
        ended = row.tokens[-1] in self.ends
        tokens = row.tokens[:-1] if ended else row.tokens
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        cuts = [cut for stop in row.encoded.prompt.stop if (cut := text.find(stop)) >= 0]
        if not (ended or cuts or len(row.tokens) >= max_new_tokens):
            return None
        text = text[: min(cuts)] if cuts else text
        return Answer(text.strip(), row.encoded.length, len(row.tokens), row.seconds, confidence=row.confidence)
