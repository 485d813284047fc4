"""A black-box embedding made better by training beside it: Mafin and its cheap rival, the linear adapter."""

from pipelines.retrieval.mafin.linear_adapter import LinearAdapterConfig
from pipelines.retrieval.mafin.retriever import MafinConfig

__all__ = ["LinearAdapterConfig", "MafinConfig"]
