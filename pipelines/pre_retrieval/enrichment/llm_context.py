"""Contextual retrieval (Anthropic 2024): a language model writes a sentence that places each chunk in its document.

https://www.anthropic.com/news/contextual-retrieval. The sentence is indexed above the chunk and never read by the model
that answers. The model sees the beginning of the document, where most documents say what they are.
"""

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


class LLMContextConfig(StageConfig):
    """A sentence by a language model that places the chunk in its document (Anthropic 2024)."""

    kind: Literal["llm_context"] = "llm_context"
    prompt: PromptText = prompt_field(__package__ or "", "llm_context", "{title}, {document}, {passage}")
    document_characters: int = Field(
        default=1500, ge=0, description="characters of the document, from its beginning, that the model is shown"
    )
    max_new_tokens: int = Field(default=60, ge=1, description="tokens of the sentence at most")


@enrichments.kind(LLMContextConfig)
def llm_context(config: LLMContextConfig) -> Enrichment:
    """Sentence and indexed text are joined by a newline. A chunk stays as it is where the model failed or wrote
    nothing (one warning gives their number), and where it is no part of a document."""

    def enrich(chunks: Sequence[Chunk], documents: Mapping[str, Document], tools: Tools) -> list[Chunk]:
        asked = [place for place, chunk in enumerate(chunks) if chunk.document_id in documents]
        fillings = [_filled(config, chunks[place], documents[chunks[place].document_id]) for place in asked]
        written = replies(prompts_of(config.prompt, fillings), config.max_new_tokens, tools)
        enriched = list(chunks)
        for place, sentence in zip(asked, written, strict=True):
            if sentence:
                enriched[place] = replace(chunks[place], indexed=f"{sentence}\n{chunks[place].indexed}")
        warn_of_fallbacks(config.kind, written.count(""), len(asked))
        return enriched

    return enrich


def _filled(config: LLMContextConfig, chunk: Chunk, document: Document) -> str:
    beginning = document.text[: config.document_characters].strip()
    return fill(config.prompt, title=document.title, document=beginning, passage=chunk.text)
