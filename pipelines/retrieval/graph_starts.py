"""Where the walks of ``graph`` start over: at the entities a query names and at the best passages of a first search."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.records import Hits
from pipelines.retrieval.embedders import Embedder
from pipelines.retrieval.entity_graph import EntityGraph
from pipelines.retrieval.made_with import check_dimension

if TYPE_CHECKING:
    from numpy import float16, float64
    from numpy.typing import NDArray

_UNKNOWN = 8
"""So many names of a query that no passage has are looked for by embedding."""


def add_nearest(
    nodes: Sequence[set[int]],
    unknown: Sequence[Sequence[str]],
    vectors: "NDArray[float16]",
    embedder: Embedder,
    threshold: float,
) -> None:
    """Add to the nodes of each query the entity nearest to each name that no passage has, if its cosine is
    ``threshold`` or more. ``vectors`` are those of the entities, one row a node."""
    asked = [(known, name) for known, names in zip(nodes, unknown, strict=True) for name in names[:_UNKNOWN]]
    if not asked or not len(vectors):
        return
    rows = embedder.embed_documents([name for _, name in asked])
    check_dimension(vectors.shape[1], rows.shape[1])
    cosines = rows @ vectors.astype(rows.dtype).T
    for (known, _), similar in zip(asked, cosines, strict=True):
        nearest = int(similar.argmax())
        if similar[nearest] >= threshold:
            known.add(nearest)


def fill_starts(
    reset: "NDArray[float64]",
    graph: EntityGraph,
    entities: set[int],
    near: Hits,
    node: Mapping[str, int],
    passage_weight: float,
) -> None:
    """Write where the walks of one query start over into its column ``reset``, which sums to 1 unless it has neither
    entities nor passages; where it lacks one of them the other has it all."""
    import numpy as np

    named = sorted(entities)
    specific = 1 / graph.passages_naming[named]
    scores = np.array(near.scores)
    width = np.ptp(scores) if len(scores) else 0
    scaled = (scores - scores.min()) / width if width else np.ones(len(scores))
    share = passage_weight if named and len(scores) else float(len(scores) > 0)
    if named:
        reset[named] = (1 - share) * specific / specific.sum()
    if len(scores):
        reset[[node[name] for name in near.chunk_ids]] = share * scaled / scaled.sum()
