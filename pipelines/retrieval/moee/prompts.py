"""The prompt around a text, and how a text that is too long is cut without losing the prompt's closing words.

PromptEOL (Jiang et al. 2023, "Scaling Sentence Embeddings with Large Language Models") lets the last token stand for
the whole sentence: its next word would name it.
"""

from collections.abc import Sequence
from typing import Any, Literal

Prompt = Literal["none", "prompteol"]

_PROMPTEOL = 'This sentence : "{text}" means in one word:"'
_ENDS = ".?!\"'"


def prompted(text: str, prompt: Prompt) -> str:
    """The text in its prompt. Under ``prompteol`` double quotes become single ones, as they would close the prompt's,
    and a text without an end mark gets a full stop."""
    if prompt == "none":
        return text
    text = text.strip().replace('"', "'")
    return _PROMPTEOL.format(text=text if text.endswith(tuple(_ENDS)) else f"{text}.")


def encode(tokenizer: Any, texts: Sequence[str], prompt: Prompt, max_length: int) -> list[list[int]]:
    """Token ids of every prompted text, at least one and at most ``max_length``: what is too much is cut off the end
    of the text and never off the prompt. A prompt is tokenised whole, as its parts alone give other tokens."""
    if not texts:
        return []
    found = tokenizer([prompted(text, prompt) for text in texts])["input_ids"]
    return [
        (ids if len(ids) <= max_length else _shortened(tokenizer, text, prompt, max_length)) or [_blank(tokenizer)]
        for text, ids in zip(texts, found, strict=True)
    ]


def _shortened(tokenizer: Any, text: str, prompt: Prompt, max_length: int) -> list[int]:
    ids: list[int] = tokenizer(prompted(text, prompt))["input_ids"]
    while len(ids) > max_length and text:
        places = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        kept = len(places) - (len(ids) - max_length)
        end = places[kept - 1][1] if kept > 0 else 0
        text = text[: min(end, len(text) - 1)]  # shorter each time, though several tokens may spell one letter
        ids = tokenizer(prompted(text, prompt))["input_ids"]
    return ids


def _blank(tokenizer: Any) -> int:
    """What an empty text is read as."""
    marks = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    return next((mark for mark in marks if mark is not None), 0)
