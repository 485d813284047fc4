"""Batched greedy generation: prompts are read in canonical shapes, their answers decoded in slots.

The prefix that prompts share (instruction and examples) is computed once for each distinct prefix. Prompts are
tokenised whole and split at the tokens they have in common with their prefix, because tokenising the two parts apart
gives other tokens.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from transformers import DynamicCache

from pipelines.generation import Timing
from pipelines.generation.attention import NAME
from pipelines.generation.shapes import Shapes
from pipelines.generation.slots import SlotCache
from pipelines.records import Answer, Prompt

SHORTEST_PREFIX = 24
"""A prefix of fewer tokens is not worth a cache of its own."""


@dataclass(frozen=True)
class Encoded:
    """A tokenised prompt: ``prefix`` tokens shared with others, then ``rest``."""

    index: int
    prompt: Prompt
    prefix: tuple[int, ...]
    rest: tuple[int, ...]

    @property
    def length(self) -> int:
        return len(self.prefix) + len(self.rest)


States = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values by layer, each ``[rows, heads, length, head size]``."""


@dataclass
class Row:
    """A prompt that was read and is being answered; ``states`` are its keys and values ``[heads, length, size]``,
    ``seconds`` its share of the passes it took part in."""

    encoded: Encoded
    tokens: list[int]
    states: States
    seconds: float


def encode(tokenizer: Any, prompts: Sequence[Prompt], longest: int) -> list[Encoded | Answer]:
    """Tokenise; a prompt longer than ``longest`` tokens becomes an error answer, never a cut prompt."""
    texts = [prompt.text for prompt in prompts]
    whole = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    prefixes = {prompt.prefix for prompt in prompts if prompt.prefix}
    prefix_tokens = {text: tokenizer(text, add_special_tokens=False)["input_ids"] for text in prefixes}
    encoded: list[Encoded | Answer] = []
    for index, (prompt, tokens) in enumerate(zip(prompts, whole, strict=True)):
        if len(tokens) > longest:
            error = f"the prompt has {len(tokens)} tokens, the model takes {longest} beside the answer"
            encoded.append(Answer("", len(tokens), 0, error=error))
            continue
        # The last tokens of a prefix may merge with what follows: leaving two of them out makes nearly all prompts
        # of a template share the same prefix tokens.
        split = _common(prefix_tokens.get(prompt.prefix, []), tokens)
        split = min(split, len(prefix_tokens.get(prompt.prefix, [])) - 2, len(tokens) - 1)
        split = split if split >= SHORTEST_PREFIX else 0
        encoded.append(Encoded(index, prompt, tuple(tokens[:split]), tuple(tokens[split:])))
    return encoded


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count


class Decoder:
    """Greedy generation with one model and tokenizer. Not safe for use by several threads at once."""

    def __init__(self, model: Any, tokenizer: Any, shapes: Shapes) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.shapes = shapes
        config = model.config.get_text_config()
        self.layers: int = config.num_hidden_layers
        model.set_attn_implementation(NAME)
        self.context: int = config.max_position_embeddings
        ends = model.generation_config.eos_token_id
        self.ends = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id}
        self.padding = next(token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id, 0) if token is not None)
        self._prefixes: dict[tuple[int, ...], States] = {}

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        """Yield ``(index of the prompt, answer)`` as answers end, in no particular order."""
        groups: dict[int, list[Encoded]] = {}
        for index, item in enumerate(encode(self.tokenizer, prompts, self.context - max_new_tokens)):
            if isinstance(item, Answer):
                yield index, item
            else:
                padded = len(item.prefix) + self.shapes.padded(len(item.rest))
                groups.setdefault(self.shapes.capacity(padded + max_new_tokens), []).append(item)
        for capacity, group in sorted(groups.items()):
            yield from self._decode(group, capacity, max_new_tokens)
        self._prefixes.clear()

    @torch.inference_mode()
    def respond(self, prompt: Prompt, max_new_tokens: int) -> tuple[Answer, Timing]:
        """Answer one prompt alone and time it; the prefix its template shares with other prompts is ready before the
        clock starts, as it would be in a server."""
        (item,) = encode(self.tokenizer, [prompt], self.context - max_new_tokens)
        if isinstance(item, Answer):
            return item, Timing(0.0, 0.0)
        self._prefix(item.prefix)
        started = perf_counter()
        (row,) = self._read([item], rows=1, padded=len(item.rest))
        read = perf_counter()
        cache = SlotCache(1, self.layers, item.length + max_new_tokens, self.model.device)
        cache.place(0, item.length, row.states)
        while (answer := self._finished(row, max_new_tokens)) is None:
            row.tokens.append(self._step([row], cache)[0])
        return answer, Timing(read - started, perf_counter() - read)

    def _decode(self, group: list[Encoded], capacity: int, max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        """Answer prompts whose slots have one capacity; a slot is refilled when its answer ends."""
        cache = SlotCache(self.shapes.slots, self.layers, capacity, self.model.device)
        batches = deque(self._batches(group))
        ready: deque[Row] = deque()
        rows: list[Row | None] = [None] * self.shapes.slots
        while batches or ready or any(rows):
            for slot, row in enumerate(rows):
                if row is not None and (answer := self._finished(row, max_new_tokens)) is not None:
                    rows[slot] = None
                    yield row.encoded.index, answer
                while rows[slot] is None and (ready or batches):
                    if not ready:
                        padded, batch = batches.popleft()
                        ready.extend(self._read(batch, rows=self.shapes.rows(padded), padded=padded))
                    row = ready.popleft()
                    if (answer := self._finished(row, max_new_tokens)) is not None:
                        yield row.encoded.index, answer
                        continue
                    cache.place(slot, row.encoded.length, row.states)
                    row.states = []
                    rows[slot] = row
            busy = sum(row is not None for row in rows)
            if busy:
                started = perf_counter()
                tokens = self._step(rows, cache)
                share = (perf_counter() - started) / busy
                for row, token in zip(rows, tokens, strict=True):
                    if row is not None:
                        row.tokens.append(token)
                        row.seconds += share

    def _batches(self, group: list[Encoded]) -> Iterator[tuple[int, list[Encoded]]]:
        """Prompts of one prefix and one padded length, as many as are read together; long ones first."""
        alike: dict[tuple[int, tuple[int, ...]], list[Encoded]] = {}
        for item in group:
            alike.setdefault((self.shapes.padded(len(item.rest)), item.prefix), []).append(item)
        for (padded, _), items in sorted(alike.items(), reverse=True):
            rows = self.shapes.rows(padded)
            for start in range(0, len(items), rows):
                yield padded, items[start : start + rows]

    def _read(self, batch: Sequence[Encoded], *, rows: int, padded: int) -> list[Row]:
        """Read prompts that share a prefix in one forward pass ``[rows, padded]``, padded on the right: causal
        attention never looks there. Returns each with its first token."""
        started = perf_counter()
        prefix = self._prefix(batch[0].prefix)
        start = len(batch[0].prefix)
        ids = torch.full((rows, padded), self.padding)
        last = torch.zeros(rows, dtype=torch.long)
        for row, item in enumerate(batch):
            ids[row, : len(item.rest)] = torch.tensor(item.rest)
            last[row] = len(item.rest) - 1
        shared = [(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)) for keys, values in prefix]
        hidden, states = self._forward(ids, shared, start)
        chosen = hidden[torch.arange(rows), last.to(hidden.device)]
        tokens = self.model.get_output_embeddings()(chosen).argmax(-1).tolist()
        share = (perf_counter() - started) / len(batch)
        return [
            Row(item, [tokens[row]], [(k[row, :, : item.length], v[row, :, : item.length]) for k, v in states], share)
            for row, item in enumerate(batch)
        ]

    def _prefix(self, tokens: tuple[int, ...]) -> States:
        """Keys and values of a shared prefix, read alone so that they follow from the prefix only."""
        if not tokens:
            return []
        if tokens not in self._prefixes:
            _, self._prefixes[tokens] = self._forward(torch.tensor([tokens]), [], 0)
        return self._prefixes[tokens]

    def _forward(self, ids: torch.Tensor, past: States, start: int) -> tuple[torch.Tensor, States]:
        """One pass of the body over ``ids [rows, length]`` that follow ``past``: last hidden states and all states."""
        device = self.model.device
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(past):
            cache.update(keys, values, layer)
        length = ids.shape[1]
        positions = torch.arange(start, start + length, device=device)[None]
        columns = torch.arange(start + length, device=device)
        mask = (columns[None] <= positions[0][:, None])[None, None]
        body = self.model.get_decoder()
        output = body(
            ids.to(device), attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        )
        return output.last_hidden_state, [(layer.keys, layer.values) for layer in cache.layers]

    def _step(self, rows: Sequence[Row | None], cache: SlotCache) -> list[int]:
        """The next token of every slot; an empty slot repeats padding at its first position."""
        device = self.model.device
        for slot, row in enumerate(rows):
            cache.positions[slot] = row.encoded.length + len(row.tokens) - 1 if row else 0
        ids = torch.tensor([[row.tokens[-1] if row else self.padding] for row in rows], device=device)
        output = self.model(
            input_ids=ids,
            attention_mask=cache.mask(),
            position_ids=cache.positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        return output.logits[:, -1].argmax(-1).tolist()

    def _finished(self, row: Row, max_new_tokens: int) -> Answer | None:
        """The answer, once a stop string, an end token or the limit is reached."""
        ended = row.tokens[-1] in self.ends
        tokens = row.tokens[:-1] if ended else row.tokens
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        cuts = [cut for stop in row.encoded.prompt.stop if (cut := text.find(stop)) >= 0]
        if not (ended or cuts or len(row.tokens) >= max_new_tokens):
            return None
        text = text[: min(cuts)] if cuts else text
        return Answer(text.strip(), row.encoded.length, len(row.tokens), row.seconds)
