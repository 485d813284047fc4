"""How chunks are found for a query. One file a technique.

A retriever writes its index once into a folder that the store keeps, and opens it as a ``Search``. A retriever made of
others (hybrid) names them in ``parts``; each part is indexed and stored under its own fingerprint, so configurations
share it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from pipelines.learning import Material, Report
from pipelines.records import Chunk, Hits
from pipelines.registry import Registry, field_of
from pipelines.registry import StageConfig as RetrieverConfig

Search = Callable[[Sequence[str], int], list[Hits]]
"""Queries and a depth in; for each query at most that many hits, best first."""


class Retriever(Protocol):
    """One retrieval technique, configured."""

    @property
    def parts(self) -> tuple[RetrieverConfig, ...]:
        """The retrievers this one combines; empty for most."""

    @property
    def identity(self) -> str:
        """Hash of the model weights the index depends on; empty where there are none."""

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the index of ``chunks`` into ``folder``; returns measured quantities (``embedding_tokens``)."""

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over an index that ``build`` wrote for the same chunks, with the parts already open."""


@runtime_checkable
class LearningRetriever(Protocol):
    """A retriever that learns from labelled questions of train and dev before its index is built."""

    @property
    def learns(self) -> bool:
        """Whether it does under its present config."""

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Write what was learnt into ``folder``, where ``build`` and ``open`` find it beside the index; returns
        measured quantities. ``parts`` are already open."""


retrievers: Registry[Retriever] = Registry("retriever", ["pipelines.retrieval"], "assay.retrievers")
"""Factories take ``(config, language)``, ``language`` an ISO 639-1 code."""
RetrieverField = field_of(retrievers)
