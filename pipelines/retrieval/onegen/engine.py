"""One pass: the model writes, its retrieval tokens search, what is found is read, and every token is computed once.

The keys and values of all that was read and written stay in one cache; after a search only the passages go through the
model. ``Written`` counts the forward passes and the tokens, so that this can be checked: ``encoded`` is the length of
the sequence, less its last token, which nothing follows.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

from pipelines.retrieval.onegen.vocabulary import Vocabulary, between

Seek = Callable[[Any, int], Sequence[int]]
"""What follows a retrieval token: its state [width] and how many tokens there is room for in; tokens out."""

Context = Literal["cached", "recomputed", "doubled"]
"""``cached`` is OneGen. ``recomputed`` drops the cache at each search and reads everything anew, as a pipeline of two
services does. ``doubled`` takes the query from the whole sequence fed once more on top of its own cache, as the
published code does. The last two are for comparison."""


@dataclass(frozen=True)
class Written:
    """What came of one text: the generated tokens in ``parts``, one before each search and one after the last; forward
    ``passes``; tokens that went through the model (``encoded``), and those of them that it had not just written
    (``read``); ``seconds`` in all, those that ``Seek`` took (``seeking``), and those until the first token
    after the last search was known (``first``)."""

    parts: tuple[tuple[int, ...], ...]
    passes: int
    encoded: int
    read: int
    seconds: float
    seeking: float
    first: float

    @property
    def output(self) -> int:
        """Generated tokens, retrieval tokens counted."""
        return sum(map(len, self.parts)) + len(self.parts) - 1


class Engine:
    """Greedy generation with search, one text at a time. Not for use by several threads at once."""

    def __init__(self, network: Any, vocabulary: Vocabulary) -> None:
        self.network, self.vocabulary = network, vocabulary
        config = network.config.get_text_config()
        self.room = int(config.max_position_embeddings)
        ends = network.generation_config.eos_token_id
        self.ends = {*(ends if isinstance(ends, list) else [ends]), vocabulary.end}

    def write(
        self,
        given: Sequence[int],
        trigger: int,
        seek: Seek,
        *,
        searches: int,
        max_new_tokens: int,
        context: Context = "cached",
    ) -> Written:
        """Go on from ``given`` until an end token or ``max_new_tokens``. Wherever the model writes ``trigger``, what
        ``seek`` gives for its state is read, at most ``searches`` times; after that it cannot write it."""
        import torch

        with torch.inference_mode():
            return self._write(_Pass(self.network), list(given), trigger, seek, searches, max_new_tokens, context)

    def _write(
        self, run: "_Pass", given: list[int], trigger: int, seek: Seek, searches: int, limit: int, context: Context
    ) -> Written:
        started, seeking = perf_counter(), 0.0
        silent = {*self.vocabulary.roles.ids, trigger}
        state, output, fed = run.feed(given), list[int](), 0
        first = perf_counter() - started
        while True:
            token = self._next(state, silent - {trigger} if searches else silent)
            if token in self.ends:
                break
            output.append(token)
            if len(output) == limit:
                break
            state, fed = run.feed([token]), fed + 1
            if token == trigger:
                searches -= 1
                if context == "doubled":
                    state = run.peek(run.tokens)
                since = perf_counter()
                suffix = seek(state, self.room - len(run.tokens) - limit)
                seeking += perf_counter() - since
                state = run.restart(suffix) if context == "recomputed" else run.feed(suffix)
                first = perf_counter() - started
        parts = tuple(tuple(part) for part in between(output, trigger))
        seconds = perf_counter() - started
        return Written(parts, run.passes, run.encoded, run.encoded - fed, seconds, seeking, first)

    def _next(self, state: Any, silent: Collection[int]) -> int:
        """The likeliest token that is not ``silent``."""
        logits = self.network.get_output_embeddings()(state[None])[0]
        logits[list(silent)] = float("-inf")
        return int(logits.argmax())


class _Pass:
    """One sequence on its way through a model."""

    def __init__(self, network: Any) -> None:
        self._body = network.get_decoder()
        self._device = network.device
        self._cache: Any = None
        self.tokens: list[int] = []
        self.passes = self.encoded = 0

    def feed(self, tokens: Sequence[int]) -> Any:
        """Append ``tokens``; the state of the last one, [width]."""
        self.tokens += tokens
        return self._forward(tokens)

    def restart(self, tokens: Sequence[int]) -> Any:
        """Append ``tokens``, and compute the whole sequence anew."""
        self.tokens += tokens
        self._cache = None
        return self._forward(self.tokens)

    def peek(self, tokens: Sequence[int]) -> Any:
        """The state of the last of ``tokens``, fed behind the sequence and forgotten again."""
        state = self._forward(tokens)
        self._cache.crop(-len(tokens))
        return state

    def _forward(self, tokens: Sequence[int]) -> Any:
        import torch
        from transformers import DynamicCache

        if self._cache is None:
            self._cache = DynamicCache()
        ids = torch.tensor([list(tokens)], device=self._device)
        self.passes, self.encoded = self.passes + 1, self.encoded + len(tokens)
        return self._body(input_ids=ids, past_key_values=self._cache, use_cache=True).last_hidden_state[0, -1]
