"""Which documents a question may be answered from. One file a technique.

A filter holds before the search: a search goes as deep as it takes to find as many allowed chunks as are asked for.
"""

from collections.abc import Callable

from pipelines.records import Document, Question
from pipelines.registry import Registry, field_of

Allows = Callable[[Question, Document], bool]

filters: Registry[Allows] = Registry("filter", ["pipelines.retrieval.filters"], "assay.filters")
FilterField = field_of(filters)
