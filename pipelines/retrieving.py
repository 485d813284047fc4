"""From a question to what the model reads: transform, search, merge, filter, rerank, cut, post-process.

The steps of one configuration, each a batched function of its inputs. The runner calls them one by one, with the store
in between; a server calls ``retrieve``, which runs them through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pipelines.post_retrieval import Found, PostProcessor
from pipelines.pre_retrieval.query import Queries, QueryTransform
from pipelines.records import Chunk, Context, Document, Hits, Question, Span
from pipelines.retrieval import Search
from pipelines.retrieval.filters import Allows
from pipelines.retrieval.fusion import reciprocal_rank
from pipelines.tools import Tools

FUSION_K = 60.0
"""The constant of reciprocal rank fusion over the queries of one question (Cormack et al. 2009)."""


@dataclass(frozen=True)
class Retrieving:
    """The retrieval side of one configuration, opened. ``chunks`` are by id, ``documents`` by id. ``candidates`` hits
    are reranked and cut to ``depth``; what is left goes through ``post``."""

    search: Search
    chunks: Mapping[str, Chunk]
    documents: Mapping[str, Document]
    tools: Tools
    depth: int
    candidates: int
    transform: QueryTransform | None = None
    allows: Allows | None = None
    rerank: tuple[PostProcessor, ...] = ()
    post: tuple[PostProcessor, ...] = ()

    def retrieve(self, questions: Sequence[Question], queries: Sequence[str]) -> list[Context]:
        """The context of each question, searched for by ``queries`` in its place."""
        asked = self.queries(queries)
        hits = self.hits(questions, asked, self.candidates)
        found = self.read(queries, self.ranked(queries, hits))
        return [
            Context(one.chunks, one.spent + words.spent, best.best)
            for one, words, best in zip(found, asked, hits, strict=True)
        ]

    def queries(self, queries: Sequence[str]) -> list[Queries]:
        """What is searched for in place of each query."""
        if self.transform is None:
            return [Queries((query,)) for query in queries]
        return self.transform(queries, self.tools)

    def hits(self, questions: Sequence[Question], asked: Sequence[Queries], depth: int) -> list[Hits]:
        """The ``depth`` best passages for each question, those of several queries merged by reciprocal rank."""
        flat = [(question, text) for question, words in zip(questions, asked, strict=True) for text in words.texts]
        found = iter(self._allowed(flat, depth))
        return [self._merged([next(found) for _ in words.texts], depth) for words in asked]

    def ranked(self, queries: Sequence[str], hits: Sequence[Hits]) -> list[Found]:
        """The candidates after reranking, not cut."""
        found = [
            Found(query, tuple(self.chunks[name] for name in one.chunk_ids[: self.candidates]))
            for query, one in zip(queries, hits, strict=True)
        ]
        for processor in self.rerank:
            found = processor(found, self.tools)
        return found

    def read(self, queries: Sequence[str], ranked: Sequence[Found]) -> list[Found]:
        """What is left after the cut to ``depth`` and the post-processors, in reading order."""
        found = [replace(one, chunks=one.chunks[: self.depth]) for one in ranked]
        for processor in self.post:
            found = processor(found, self.tools)
        return found

    def _merged(self, lists: Sequence[Hits], depth: int) -> Hits:
        if len(lists) == 1:
            return lists[0]
        return reciprocal_rank(lists, [1.0] * len(lists), FUSION_K, depth, self._places.__getitem__)

    def _allowed(self, asked: Sequence[tuple[Question, str]], depth: int) -> list[Hits]:
        """Distinct allowed passages; a search is repeated twice as deep for the queries that found too few."""
        results: list[Hits] = [Hits((), ())] * len(asked)
        unfilled, reach = list(range(len(asked))), depth
        while unfilled:
            found = self.search([asked[place][1] for place in unfilled], reach)
            short = []
            for place, hits in zip(unfilled, found, strict=True):
                results[place] = self._distinct(asked[place][0], hits, depth)
                if len(results[place].chunk_ids) < depth and len(hits.chunk_ids) >= reach:
                    short.append(place)
            unfilled, reach = short, 2 * reach
        return results

    def _distinct(self, question: Question, hits: Hits, depth: int) -> Hits:
        kept: dict[str, float] = {}
        for name, score in zip(hits.chunk_ids, hits.scores, strict=True):
            document = self.documents.get(self.chunks[name].document_id)
            if self.allows is None or (document is not None and self.allows(question, document)):
                kept.setdefault(self._passages[name], score)
        best = list(kept.items())[:depth]
        return Hits(tuple(name for name, _ in best), tuple(score for _, score in best))

    @cached_property
    def _passages(self) -> Mapping[str, str]:
        """For each chunk the id of the first chunk with its span: several are one passage under several texts."""
        first: dict[Span, str] = {}
        return {name: first.setdefault(chunk.span, name) for name, chunk in self.chunks.items()}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.chunks)}
