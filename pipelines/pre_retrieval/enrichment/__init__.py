"""What a chunk is indexed as: its title and headings, an added context, questions it answers. One file a technique.

Enrichments run one after the other between chunking and indexing. They change ``Chunk.indexed``, which retrievers
search, and never ``text`` or the span, which the model reads and gold passages are found by.
"""

from collections.abc import Callable, Mapping, Sequence

from pipelines.records import Chunk, Document
from pipelines.registry import Registry, field_of
from pipelines.tools import Tools

Enrichment = Callable[[Sequence[Chunk], Mapping[str, Document], Tools], list[Chunk]]
"""Chunks, documents by id and tools in; the chunks to index out. A chunk may come back several times under ids of its
own (``id?0``, ``id?1``), each with other indexed text: a search returns its passage once, at its best rank."""

enrichments: Registry[Enrichment] = Registry("enrichment", ["pipelines.pre_retrieval.enrichment"], "assay.enrichments")
EnrichmentField = field_of(enrichments)
