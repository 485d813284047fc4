"""A fixed number of tokens a chunk, as most published RAG baselines cut.

langchain-text-splitters' ``split_text_on_tokens`` moves the window. It is given the tokens' numbers in place of their
ids, and "decodes" them to a span by the tokenizer's own offsets: text decoded from ids would not be the document's.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.errors import UserError
from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.recursive import limited
from pipelines.pre_retrieval.chunking.spans import chunker
from pipelines.registry import StageConfig

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_BLOCK = re.compile(r"[\s\S]{1,100000}(?=\s|\Z)|[\s\S]{1,100000}")
"""What is tokenised at once, so that memory stays bounded; a block ends before white space where there is some."""
_CHARACTERS_PER_TOKEN = 16
"""WordPiece reads a word of over 100 characters, or a line of emoji, as one unknown token of any length."""


class TokenConfig(StageConfig):
    """Chunks of a fixed number of tokens, with overlap."""

    kind: Literal["token"] = "token"
    size: int = Field(
        default=128, ge=8, description="tokens of a chunk; one longer than 16 characters a token is cut further"
    )
    overlap: int = Field(default=0, ge=0, description="tokens repeated from the chunk before")
    tokenizer: str = Field(
        default="",
        description="a folder or a name on the Hugging Face hub; empty is the embedded embedder's tokenizer",
    )

    @model_validator(mode="after")
    def _overlap_below_size(self) -> Self:
        if self.overlap >= self.size:
            raise ValueError(f"overlap ({self.overlap}) must be smaller than size ({self.size})")
        return self


@chunkers.kind(TokenConfig)
def token(config: TokenConfig) -> Chunker:
    """A character that is several tokens (an emoji) is never cut; it goes to the later chunk. Text without a token
    gives no chunk. The chunker raises ``UserError`` where there is no such tokenizer."""

    def cut(text: str) -> Iterator[tuple[int, int]]:
        return limited(text, _windows(text, config), config.size * _CHARACTERS_PER_TOKEN)

    return chunker(cut)


def _windows(text: str, config: TokenConfig) -> list[tuple[int, int]]:
    from langchain_text_splitters.base import Tokenizer, split_text_on_tokens

    if not text.strip():
        return []
    starts = _starts(text, _load(config.tokenizer))
    count = len(starts) - 1

    def span(numbers: Sequence[int]) -> Any:
        start, end = int(starts[numbers[0]]), int(starts[numbers[-1] + 1])
        return (start, end) if start < end else ()  # the library leaves out what is false

    window = Tokenizer(
        tokens_per_chunk=config.size,
        chunk_overlap=config.overlap,
        encode=lambda _: range(count),
        decode=span,
    )
    spans: list[tuple[int, int]] = split_text_on_tokens(text=text, tokenizer=window)
    return spans


def _starts(text: str, tokenizer: Any) -> "NDArray[int64]":
    """Where each token starts, the first at 0, and the text's length behind the last; shape (tokens + 1), never
    falling. What the tokenizer passes over (a control character) belongs to the token before it."""
    import numpy as np

    starts: list[NDArray[int64]] = []
    for block in _BLOCK.finditer(text):
        encoded = tokenizer(block[0], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = encoded["offset_mapping"]
        starts.append(block.start() + np.fromiter((left for left, _ in offsets), dtype=np.int64, count=len(offsets)))
    bounds = np.maximum.accumulate(np.append(np.concatenate(starts), len(text)))
    bounds[: min(1, len(bounds) - 1)] = 0
    return bounds


@functools.cache
def _load(name: str) -> Any:
    from transformers import AutoTokenizer

    from pipelines.generation.weights import locate_embedded_embedder

    folder = Path(name).expanduser() if name else locate_embedded_embedder()
    place = str(folder) if folder.is_dir() else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=folder.is_dir())
    except (OSError, ValueError) as error:
        raise UserError(f"tokenizer: no tokenizer {name!r}; give a folder or a name on the Hugging Face hub") from error
    if not tokenizer.is_fast:
        raise UserError(f"tokenizer: {name!r} has no fast tokenizer, which alone knows offsets; choose another")
    return tokenizer
