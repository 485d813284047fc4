"""The graph of ``graph``: which passages name which entities, and which entities are alike."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.retrieval.entities import Extractor, normal, words_of

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray

_GRAPH, _ENTITIES = "graph.npz", "entities.json"
_ROWS_AT_ONCE = 1024
_LONGEST = 6
"""Words of the longest entity that is looked up in a query as it is written."""


@dataclass(frozen=True)
class EntityGraph:
    """Entities by name and the symmetric weights between all nodes, entities first, then passages in their order."""

    names: tuple[str, ...]
    weights: Any
    extract: Extractor

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The node of each entity."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def passages_naming(self) -> "NDArray[float64]":
        """In how many passages each entity stands."""
        import numpy as np

        entities = len(self.names)
        return np.asarray(self.weights[:entities, entities:].sum(axis=1)).ravel()

    def mentioned(self, query: str) -> tuple[set[int], list[str]]:
        """Entities of a query: the nodes of those the graph knows, and the other names, in the query's order.

        Known are those that ``extract`` finds and, in whatever case, runs of up to six words, longer ones first.
        """
        words = [word.casefold() for word in words_of(query)]
        found, place = set[int](), 0
        while place < len(words):
            for length in range(min(_LONGEST, len(words) - place), 0, -1):
                if (node := self.number.get(normal(words[place : place + length]))) is not None:
                    found.add(node)
                    break
            place += length if node is not None else 1
        names = self.extract(query)
        return found | {self.number[name] for name in names if name in self.number}, [
            name for name in names if name not in self.number
        ]

    def save(self, folder: Path) -> None:
        """Write the weights as ``.npz`` and the rest as JSON."""
        from scipy import sparse

        sparse.save_npz(folder / _GRAPH, self.weights)
        words = {name: sorted(values) for name, values in asdict(self.extract).items()}
        (folder / _ENTITIES).write_text(json.dumps({"names": self.names, **words}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "EntityGraph":
        """The graph that ``save`` wrote."""
        from scipy import sparse

        words = json.loads((folder / _ENTITIES).read_text(encoding="utf-8"))
        names = tuple(words.pop("names"))
        extract = Extractor(**{name: frozenset(values) for name, values in words.items()})
        return cls(names, sparse.load_npz(folder / _GRAPH), extract)


def joined(mentions: Sequence[Sequence[str]], extract: Extractor) -> EntityGraph:
    """The graph of passages and the entities each of them names (each once), with edges of weight 1."""
    import numpy as np
    from scipy import sparse

    names = tuple(sorted({name for named in mentions for name in named}))
    number = {name: place for place, name in enumerate(names)}
    entities = [number[name] for named in mentions for name in named]
    passages = [len(names) + place for place, named in enumerate(mentions) for _ in named]
    nodes = len(names) + len(mentions)
    edges = sparse.coo_array((np.ones(len(entities)), (entities, passages)), shape=(nodes, nodes)).tocsr()
    return EntityGraph(names, edges + edges.T, extract)


def with_synonyms(graph: EntityGraph, vectors: "NDArray[float32]", threshold: float) -> EntityGraph:
    """The graph with edges between entities whose cosine is ``threshold`` or more; ``vectors`` are unit rows, one an
    entity."""
    import numpy as np
    from scipy import sparse

    pairs = list(_similar(vectors, threshold))
    if not pairs:
        return graph
    rows, columns, cosines = (np.concatenate(part) for part in zip(*pairs, strict=True))
    edges = sparse.coo_array((cosines.astype(np.float64), (rows, columns)), shape=graph.weights.shape).tocsr()
    return EntityGraph(graph.names, graph.weights + edges + edges.T, graph.extract)


def _similar(vectors: "NDArray[float32]", threshold: float) -> "Iterator[tuple[Any, Any, NDArray[float32]]]":
    """Pairs of rows, the first before the second, and their cosines; a block of rows at a time."""
    import numpy as np

    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        cosines = vectors[start : start + _ROWS_AT_ONCE] @ vectors[start:].T
        rows, columns = np.nonzero(cosines >= threshold)
        rows, columns = rows[columns > rows], columns[columns > rows]
        yield rows + start, columns + start, cosines[rows, columns]
