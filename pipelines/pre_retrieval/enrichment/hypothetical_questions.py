"""Questions that a chunk answers, written by a language model and indexed beside it.

Users' questions are nearer to questions than to statements: doc2query (Nogueira et al. 2019) appends predicted queries
to a document; here each is an entry of its own, so that a dense retriever embeds it alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.enrichment import Enrichment, enrichments
from pipelines.pre_retrieval.enrichment.replies import prompts_of, replies, warn_of_fallbacks
from pipelines.prompt_files import PromptText, fill, prompt_field
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig
from pipelines.tools import Tools

_NUMBER = re.compile(r"^\s*(?:\d+\s*[.):]|[-*•])\s*")
_BETWEEN = re.compile(r"[|\n]|(?<=[?？؟])\s+")
_QUESTION_MARKS = ("?", "？", "؟", ";")
"""Latin, full width, Arabic, Greek."""


class HypotheticalQuestionsConfig(StageConfig):
    """Questions each chunk answers, by a language model, indexed beside it (doc2query)."""

    kind: Literal["hypothetical_questions"] = "hypothetical_questions"
    count: int = Field(default=3, ge=1, le=20, description="questions per chunk at most")
    keep_text: bool = Field(default=True, description="index the chunk's own text as well")
    prompt: PromptText = prompt_field(__package__ or "", "hypothetical_questions", "{count}, {title}, {passage}")
    max_new_tokens: int = Field(default=96, ge=1, description="tokens of all questions of a chunk at most")


@enrichments.kind(HypotheticalQuestionsConfig)
def hypothetical_questions(config: HypotheticalQuestionsConfig) -> Enrichment:
    """Question ``n`` of a chunk is an entry ``id?n`` behind it, with the chunk's text and span. A chunk stays as it is
    where the model failed or wrote no question (one warning gives their number), and where it is no part of a document:
    a training pair has its question already. Put it first to have the questions enriched too."""

    def enrich(chunks: Sequence[Chunk], documents: Mapping[str, Document], tools: Tools) -> list[Chunk]:
        asked = [chunk for chunk in chunks if chunk.document_id in documents]
        template = config.prompt.replace("{count}", str(config.count))  # alike for all, so part of what they share
        fillings = [fill(template, title=documents[one.document_id].title, passage=one.text) for one in asked]
        written = replies(prompts_of(template, fillings), config.max_new_tokens, tools)
        found = {one.id: questions(text, config.count) for one, text in zip(asked, written, strict=True)}
        warn_of_fallbacks(config.kind, sum(not texts for texts in found.values()), len(asked))
        return [entry for chunk in chunks for entry in _entries(chunk, found.get(chunk.id, []), config.keep_text)]

    return enrich


def questions(reply: str, count: int) -> list[str]:
    """The first ``count`` different questions of a reply: on lines of their own, between ``|`` or one behind
    the other, numbered or not. What does not
    end in a question mark (a sentence cut off, an introduction) is none."""
    parts = (_NUMBER.sub("", part).strip() for part in _BETWEEN.split(reply))
    asked = (part for part in parts if part.endswith(_QUESTION_MARKS) and any(letter.isalpha() for letter in part))
    return list(dict.fromkeys(asked))[:count]


def _entries(chunk: Chunk, found: Sequence[str], keep_text: bool) -> list[Chunk]:
    entries = [replace(chunk, id=f"{chunk.id}?{number}", indexed=text) for number, text in enumerate(found)]
    return [chunk, *entries] if keep_text or not entries else entries
