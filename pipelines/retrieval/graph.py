"""A graph of passages and the entities they name, ranked by personalised PageRank, for questions over several hops.

In the manner of HippoRAG (Gutierrez et al., NeurIPS 2024) and HippoRAG 2 (2025), but without a language model: entities
are found by ``entities.fit`` and there are no triples. Nodes are entities and passages; edges join an entity to
the passages that name it (weight 1) and to entities of similar embedding (weight: the cosine). A walk starts over at
the entities of the query, each by 1 / passages that name it, and at the best passages of a dense search, by their
scores scaled to 0..1; passages are ranked by the mass that stays on them.

Defaults were chosen on train questions of MuSiQue and Natural Questions. HippoRAG 2 gives passages little weight (0.05)
because its entities come from triples a model chose; entities found by form are less sure, and passages count 0.8.
Synonymy is off by default: on MuSiQue train a threshold of 0.85 moved recall@5 from 0.62 to 0.63 and embeds as many
entities as there are names, most of the cost of embedding the passages; all pairs are compared, so its time grows with
the square of their number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, RetrieverField, Search, retrievers
from pipelines.retrieval.bm25 import stop_words
from pipelines.retrieval.dense import DenseConfig
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.entities import Extractor, fit
from pipelines.retrieval.entity_graph import EntityGraph, joined, with_synonyms
from pipelines.retrieval.graph_starts import add_nearest, fill_starts
from pipelines.retrieval.made_with import check_embedder, record_embedder
from pipelines.retrieval.pagerank import personalised_pagerank, transitions
from pipelines.retrieval.ranking import best, hits

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_VECTORS = "entity_vectors.npy"
_QUERIES_AT_ONCE = 32
_DECIMALS = 9
"""Mass is rounded to this: below it lies what sums in another order differ by."""


class GraphConfig(StageConfig):
    """Personalised PageRank over a graph of entities and passages."""

    kind: Literal["graph"] = "graph"
    passages: RetrieverField = Field(
        default=DenseConfig(), description="the search whose best passages the walk starts at"
    )
    starts: int = Field(default=50, ge=1, description="how many of its passages")
    passage_weight: float = Field(
        default=0.8, ge=0, le=1, description="share of the starts that passages get; entities of the query get the rest"
    )
    damping: float = Field(default=0.5, gt=0, lt=1, description="chance that the walk goes on at each step")
    rare: float = Field(
        default=0.002, ge=0, le=1, description="words in at most this share of passages are entities in lower case, too"
    )
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="the model that embeds entities")
    synonymy: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="least cosine at which two entities are joined; none: no entity is embedded",
    )


@dataclass(frozen=True)
class Graph:
    """The entity graph of one language."""

    config: GraphConfig
    embedder: Embedder
    language: str

    @property
    def parts(self) -> tuple[StageConfig, ...]:
        """The search for passages."""
        return (self.config.passages,)

    @property
    def identity(self) -> str:
        """The embedder's, where entities are embedded."""
        return "" if self.config.synonymy is None else self.embedder.identity

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the graph as ``.npz`` and JSON, and the entities' vectors, float16, where they are embedded."""
        import numpy as np

        extract = fit([chunk.indexed for chunk in chunks], stop_words(self.language), self.config.rare)
        graph = joined([_mentions(extract, chunk) for chunk in chunks], extract)
        if self.config.synonymy is not None:
            vectors = self.embedder.embed_documents(graph.names)
            graph = with_synonyms(graph, vectors, self.config.synonymy)
            np.save(folder / _VECTORS, vectors.astype(np.float16), allow_pickle=False)
            record_embedder(self.embedder, folder)
        graph.save(folder)
        return {"entities": float(len(graph.names)), "edges": float(graph.weights.nnz // 2)}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the graph in ``folder``. Passages that no walk reaches are no hits."""
        import numpy as np

        graph = EntityGraph.load(folder)
        moves = transitions(graph.weights)
        vectors = None
        if self.config.synonymy is not None:
            check_embedder(self.embedder, folder)
            vectors = np.load(folder / _VECTORS, allow_pickle=False)
        ids = [chunk.id for chunk in chunks]
        node = {name: len(graph.names) + place for place, name in enumerate(ids)}

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            found: list[Hits] = []
            for start in range(0, len(queries) if ids else 0, _QUERIES_AT_ONCE):
                texts = queries[start : start + _QUERIES_AT_ONCE]
                reset = np.zeros((len(graph.names) + len(ids), len(texts)))
                passages = parts[0](texts, self.config.starts)
                named, unknown = zip(*map(graph.mentioned, texts), strict=True)
                if vectors is not None and self.config.synonymy is not None:
                    add_nearest(named, unknown, vectors, self.embedder, self.config.synonymy)
                for column, (entities, near) in enumerate(zip(named, passages, strict=True)):
                    fill_starts(reset[:, column], graph, entities, near, node, self.config.passage_weight)
                mass = personalised_pagerank(moves, reset, self.config.damping)[len(graph.names) :].round(_DECIMALS)
                found += [_ranked(ids, mass[:, column], depth) for column in range(len(texts))]
            return found or [Hits((), ())] * len(queries)

        return search


def _mentions(extract: Extractor, chunk: Chunk) -> list[str]:
    """Entities of a chunk. What is indexed before its text (a title) is read apart, lest a name run on into it."""
    before = chunk.indexed.removesuffix(chunk.text)
    return list(dict.fromkeys([*extract(before), *extract(chunk.indexed[len(before) :])]))


def _ranked(ids: Sequence[str], mass: "NDArray[float64]", depth: int) -> Hits:
    order = best(mass, depth)
    return hits(ids, order[mass[order] > 0], mass)


@retrievers.kind(GraphConfig)
def graph(config: GraphConfig, language: str) -> Retriever:
    """``language`` is an ISO 639-1 code, for the words that are no entities."""
    return Graph(config, embedders.build(config.embedder), language)
