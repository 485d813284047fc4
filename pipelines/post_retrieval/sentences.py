"""Extraction: of the found passages, the sentences nearest to the query, as in the extractive half of RECOMP (Xu, Shi
and Choi, ICLR 2024), with a ready embedder in place of a trained one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.sentence_spans import joined, sentence_spans
from pipelines.records import Chunk
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.tools import Tools


class SentencesConfig(StageConfig):
    """The sentences nearest to the query, out of all found chunks."""

    kind: Literal["sentences"] = "sentences"
    number: int = Field(default=5, ge=1, description="sentences kept of all chunks together")
    share: float | None = Field(
        default=None, gt=0, le=1, description="share of the sentences kept, rounded up, in place of the number"
    )
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="model whose cosines are compared")


@post_processors.kind(SentencesConfig)
def sentences(config: SentencesConfig) -> PostProcessor:
    """Chunks keep their order and their span, but their text is what was kept of it, in reading order; a chunk that
    keeps no sentence leaves. Of sentences with equal cosine the one that stands earlier is kept."""
    embedder = embedders.build(config.embedder)

    def extract(found: Sequence[Found], tools: Tools) -> list[Found]:
        from pipelines.retrieval.vector_memory import embed_documents

        spans = [[(chunk, *span) for chunk in one.chunks for span in sentence_spans(chunk.text)] for one in found]
        texts = [chunk.text[start:end] for places in spans for chunk, start, end in places]
        if not texts:
            return [replace(one, chunks=()) for one in found]
        vectors = iter(embed_documents(embedder, texts)[0])
        queries = embedder.embed_queries([one.query for one in found])
        results = []
        for one, places, query in zip(found, spans, queries, strict=True):
            cosines = [float(next(vectors) @ query) for _ in places]
            number = config.number if config.share is None else math.ceil(config.share * len(places))
            best = sorted(range(len(places)), key=cosines.__getitem__, reverse=True)[:number]
            results.append(replace(one, chunks=_shortened(one.chunks, [places[place] for place in sorted(best)])))
        return results

    return extract


def _shortened(chunks: Sequence[Chunk], kept: Sequence[tuple[Chunk, int, int]]) -> tuple[Chunk, ...]:
    """``chunks`` cut down to the ``kept`` sentences, each given with its chunk and its place in the chunk's text."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for chunk, start, end in kept:
        spans.setdefault(chunk.id, []).append((start, end))
    return tuple(replace(chunk, text=joined(chunk.text, spans[chunk.id])) for chunk in chunks if chunk.id in spans)
