"""Where documents and questions come from. One file a source; each returns a validated ``Dataset``."""

from collections.abc import Callable

from pipelines.records import Dataset
from pipelines.registry import Registry, field_of

Loader = Callable[[], Dataset]

datasets: Registry[Loader] = Registry("dataset", ["pipelines.corpus"], "assay.datasets")
DatasetField = field_of(datasets)
