"""Hits and contexts of an experiment's configurations, each computed once and kept in the store."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint, stage_code
from assay.indexing import Indexing, chunk_of, identities, material
from assay.store import Entry
from pipelines.learning import Learner
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.pre_retrieval.query import Queries, query_transforms
from pipelines.records import Context, Hits, Question, Spent
from pipelines.registry import StageConfig
from pipelines.retrieval.filters import filters
from pipelines.retrieving import Retrieving
from pipelines.tools import Passages, Tools

if TYPE_CHECKING:
    from assay.stages import Stages

SEARCH_DEPTH = 10
"""Searches go at least this deep, so that depths share one search and nDCG@10 is measured."""


@dataclass(frozen=True)
class Retrieved:
    """What a configuration retrieved for its queries: the hits of the search, the chunks after reranking and after
    post-processing, and what all of it took; one of each for every query."""

    hits: tuple[Hits, ...]
    ranked: tuple[Found, ...]
    read: tuple[Found, ...]
    spent: tuple[Spent, ...]
    fell_back: int

    @property
    def ranking(self) -> tuple[Hits, ...]:
        """The hits in the order after reranking; what was not reranked follows in the search's order."""
        rankings = []
        for hits, found in zip(self.hits, self.ranked, strict=True):
            names = tuple(dict.fromkeys((*(chunk.id for chunk in found.chunks), *hits.chunk_ids)))
            rankings.append(Hits(names, tuple(-float(place) for place in range(len(names)))))
        return tuple(rankings)

    @property
    def contexts(self) -> list[Context]:
        """What the model reads."""
        return [
            Context(found.chunks, spent, hits.best)
            for found, spent, hits in zip(self.read, self.spent, self.hits, strict=True)
        ]


class Retrieval:
    """What the configurations of one experiment retrieve."""

    def __init__(self, stages: "Stages", indexing: Indexing) -> None:
        self.stages = stages
        self.indexing = indexing
        self._processors: dict[str, PostProcessor] = {}
        self._opened: dict[str, PostProcessor] = {}

    def retrieving(self, configuration: Configuration, tools: Tools | None = None) -> Retrieving:
        """The retrieval of a configuration, opened. ``tools`` replace those that answer from the store."""
        by_id = self.indexing.by_id(configuration)
        passages = Passages(self.indexing.chunks(configuration)[1], self.stages.documents)
        return Retrieving(
            search=self.indexing.search(configuration),
            chunks=by_id,
            documents=self.stages.documents,
            tools=tools or self._tools(configuration, "asking for retrieval", passages),
            depth=configuration.depth,
            candidates=configuration.found,
            transform=query_transforms.build(configuration.query) if configuration.query else None,
            allows=filters.build(configuration.filter) if configuration.filter else None,
            rerank=self._processors_of(configuration, configuration.rerank),
            post=self._processors_of(configuration, configuration.post),
        )

    def _hits(
        self,
        opened: Retrieving,
        configuration: Configuration,
        questions: Sequence[Question],
        queries: Sequence[str],
    ) -> tuple[list[Queries], list[Hits], Entry]:
        """What is searched for in place of each query, and what is found, ``SEARCH_DEPTH`` deep or more."""
        retriever = configuration.retriever
        assert retriever is not None
        asked = opened.queries(queries)
        depth = max(SEARCH_DEPTH, configuration.found)
        contents = [entry.content for entry in self.indexing.indexes(configuration)]
        words = [one.texts for one in asked]
        allowed = [[dict(q.metadata) for q in questions], configuration.filter] if configuration.filter else []
        code = (stage_code(retriever), code_hash("pipelines.retrieving"))
        # A retriever of the user's leaves no index whose content would change with its source.
        made_by = self.indexing.made_by(retriever)
        key = fingerprint("hits", retriever, code, made_by, contents, words, depth, allowed)

        def write(folder: Path) -> dict[str, float]:
            opened.hits(questions[:1], asked[:1], depth)  # what is loaded at the first search is no time of searching
            started = perf_counter()
            rows = [[list(h.chunk_ids), list(h.scores)] for h in opened.hits(questions, asked, depth)]
            seconds = perf_counter() - started
            (folder / "hits.json").write_text(json.dumps(rows), encoding="utf-8")
            return {"queries": float(len(queries)), "seconds": seconds}

        entry = self.stages.compute(key, "hits", write)
        rows = json.loads((entry.folder / "hits.json").read_text(encoding="utf-8"))
        return asked, [Hits(tuple(ids), tuple(scores)) for ids, scores in rows], entry

    def retrieve(
        self, configuration: Configuration, questions: Sequence[Question], queries: Sequence[str]
    ) -> Retrieved:
        """What is retrieved for each question, searched for by ``queries`` in its place."""
        opened = self.retrieving(configuration)
        asked, hits, searched = self._hits(opened, configuration, questions, queries)
        share = Spent(seconds=searched.quantities["seconds"] / max(1, len(queries)))
        spent = [words.spent + share for words in asked]
        if configuration.rerank or configuration.post:
            entry = self.stages.compute(
                self._context_key(configuration, searched, queries),
                "context",
                lambda folder: self._write_context(opened, queries, hits, folder),
            )
            rows = json.loads((entry.folder / "context.json").read_text(encoding="utf-8"))
            ranked = [_found(query, row["ranked"], row["spent"]) for query, row in zip(queries, rows, strict=True)]
            read = [_found(query, row["read"], row["spent"]) for query, row in zip(queries, rows, strict=True)]
            machine = max(0.0, entry.quantities["seconds"] - entry.quantities["waited"]) / max(1, len(queries))
            spent = [one + found.spent + Spent(seconds=machine) for one, found in zip(spent, read, strict=True)]
        else:
            ranked = opened.ranked(queries, hits)
            read = opened.read(queries, ranked)
        fell_back = sum(words.fell_back for words in asked)
        return Retrieved(tuple(hits), tuple(ranked), tuple(read), tuple(spent), fell_back)

    def _write_context(
        self, opened: Retrieving, queries: Sequence[str], hits: Sequence[Hits], folder: Path
    ) -> dict[str, float]:
        waited = self.stages.completions.waited
        with self.stages.progress.step("reranking"):
            ranked = opened.ranked(queries, hits)
            read = opened.read(queries, ranked)
        rows = [
            {
                "ranked": [asdict(chunk) for chunk in before.chunks],
                "read": [asdict(chunk) for chunk in after.chunks],
                "spent": asdict(after.spent),
            }
            for before, after in zip(ranked, read, strict=True)
        ]
        (folder / "context.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return {"waited": self.stages.completions.waited - waited}

    def _context_key(self, configuration: Configuration, searched: Entry, queries: Sequence[str]) -> str:
        configs = (*configuration.rerank, *configuration.post)
        code = [stage_code(config) for config in configs]
        own = [getattr(self._built(config), "identity", "") for config in configs]
        learnt = [entry.content for entry in self.learnt(configuration)]
        cuts = (configuration.rerank, configuration.post, configuration.found, configuration.depth)
        content = (self.indexing.chunks(configuration)[0].content, searched.content)
        identity = self.stages.model(configuration).identity
        return fingerprint("context", cuts, code, own, learnt, identities(configs), content, identity, list(queries))

    def _processors_of(self, configuration: Configuration, configs: Sequence[StageConfig]) -> tuple[PostProcessor, ...]:
        return tuple(self._processor(configuration, config) for config in configs)

    def _processor(self, configuration: Configuration, config: StageConfig) -> PostProcessor:
        """The technique, opened from what it learnt where it learns."""
        built = self._built(config)
        if not isinstance(built, Learner):
            return built
        entry = self._learnt(configuration, config, built)
        if entry.content not in self._opened:
            self._opened[entry.content] = built.open(entry.folder)
        return self._opened[entry.content]

    def _built(self, config: StageConfig) -> PostProcessor:
        key = fingerprint(config)
        if key not in self._processors:
            self._processors[key] = post_processors.build(config)
        return self._processors[key]

    def learnt(self, configuration: Configuration) -> list[Entry]:
        """What the post-processors of a configuration learnt."""
        configs = (*configuration.rerank, *configuration.post)
        built: list[tuple[StageConfig, object]] = [(config, self._built(config)) for config in configs]
        return [self._learnt(configuration, config, one) for config, one in built if isinstance(one, Learner)]

    def _learnt(self, configuration: Configuration, config: StageConfig, learner: Learner) -> Entry:
        """Trained on what the configuration's own first search finds for the labelled questions."""
        assert configuration.retriever is not None
        contents = [entry.content for entry in self.indexing.indexes(configuration)]
        chunked, chunks = self.indexing.chunks(configuration)
        identity = getattr(learner, "identity", "")
        key = fingerprint(
            "learnt", config, stage_code(config), identity, contents, chunked.content, self.stages.labels_key
        )

        def make(folder: Path) -> dict[str, float]:
            labels = material(self.stages, chunks, self.indexing.search(configuration))
            with self.stages.progress.training(f"training {config.kind}") as report:
                return dict(learner.fit(labels, folder, report))

        return self.stages.compute(key, "learnt", make)

    def _tools(self, configuration: Configuration, label: str, passages: Passages) -> Tools:
        complete = self.stages.completions.base(configuration, label)
        return Tools(self.stages.model(configuration), complete, passages, self.stages.dataset.language)


def _found(query: str, chunks: list[dict[str, Any]], spent: dict[str, Any]) -> Found:
    return Found(query, tuple(chunk_of(row) for row in chunks), Spent(**spent))
