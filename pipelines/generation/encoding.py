"""Prompts as tokens, split where a prefix that they share ends.

Prompts are tokenised whole and split at the tokens they have in common with their prefix, because tokenising the two
parts apart gives other tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        split = common_prefix(prefix_tokens.get(prompt.prefix, []), tokens)
        split = min(split, len(prefix_tokens.get(prompt.prefix, [])) - 2, len(tokens) - 1)
        split = split if split >= SHORTEST_PREFIX else 0
        encoded.append(Encoded(index, prompt, tuple(tokens[:split]), tuple(tokens[split:])))
    return encoded


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many leading token ids two sequences share."""
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count
