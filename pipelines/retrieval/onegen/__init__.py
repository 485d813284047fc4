"""OneGen: retrieval and generation by one language model in one forward pass (Zhang et al. 2024, arXiv 2409.05152)."""

from pipelines.generation import language_models
from pipelines.retrieval import Retriever, retrievers
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.retriever import OneGen, OneGenSearch

__all__ = ["OneGen", "OneGenConfig", "OneGenSearch"]


@retrievers.kind(OneGenConfig)
def onegen(config: OneGenConfig, language: str) -> Retriever:
    """The language plays no part: it is the model's own matter."""
    return OneGen(config, language_models.build(config.llm))
