"""One chunk a sentence: the smallest passage is the easiest to find.

A sentence alone is often too little to read. LlamaIndex' sentence window (``SentenceWindowNodeParser``) keeps the
neighbours beside each sentence; here the post-processor ``neighbours`` (pipelines/post_retrieval) widens what was found
instead, so that one index serves windows of every width.

LlamaIndex' sentence tokenizer does the cutting, with the trained English model of Punkt (Kiss and Strunk 2006) that
comes with the library: it knows abbreviations such as "Dr.". Ends of sentences in scripts that Punkt does
not know, headings, list items and rows of tables are cut before.
"""

import functools
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.recursive import limited
from pipelines.pre_retrieval.chunking.spans import chunker, running
from pipelines.registry import StageConfig

_PAUSE = re.compile(r"\n\s*\n|\n(?=[ \t]*(?:\||[-*+][ \t]|\d+[.)][ \t]))|(?<=[。！？])|(?<=[؟۔।॥])\s+")
"""A paragraph's end, the line before a row or a list item, the end of a sentence that Punkt does not see."""


class SentenceWindowConfig(StageConfig):
    """One chunk a sentence, to be widened after retrieval by ``neighbours``."""

    kind: Literal["sentence_window"] = "sentence_window"
    size: int = Field(default=400, ge=20, description="characters of a chunk at most; longer sentences are cut")


@chunkers.kind(SentenceWindowConfig)
def sentence_window(config: SentenceWindowConfig) -> Chunker:
    """A document without text gives no chunk."""
    return chunker(lambda text: limited(text, running(sentences(text)), config.size))


def sentences(text: str) -> list[str]:
    """The sentences in order, each with the white space behind it: joined they are the text."""
    return [sentence for block in _blocks(text) for sentence in _sentences(block)]


def _blocks(text: str) -> Iterator[str]:
    cuts = [0, *(match.end() for match in _PAUSE.finditer(text)), len(text)]
    return (text[start:end] for start, end in pairwise(cuts) if start < end)


def _sentences(block: str) -> list[str]:
    from llama_index.core.node_parser.text.utils import split_by_sentence_tokenizer_internal

    found: list[str] = split_by_sentence_tokenizer_internal(block, _punkt())
    if not found:
        return [block]
    # The library starts at the first word.
    found[0] = block[: len(block) - sum(map(len, found))] + found[0]
    return found


@functools.cache
def _punkt() -> Any:
    from llama_index.core.utils import globals_helper
    from nltk.tokenize.punkt import PunktTokenizer

    globals_helper.wait_for_nltk_check()  # shows nltk the data inside the package; nothing is downloaded
    return PunktTokenizer("english")
