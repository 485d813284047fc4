"""Every registry of kinds, by stage."""

from typing import Any

from pipelines.registry import Registry


def registries() -> dict[str, Registry[Any]]:
    """The registries in the order in which a question meets them."""
    from pipelines.corpus import datasets
    from pipelines.finetuning import trainers
    from pipelines.flows import flows
    from pipelines.generation import language_models
    from pipelines.post_retrieval import post_processors
    from pipelines.pre_retrieval import chunkers
    from pipelines.retrieval import retrievers
    from pipelines.retrieval.embedders import embedders

    every = (datasets, chunkers, embedders, retrievers, post_processors, language_models, trainers, flows)
    return {registry.stage: registry for registry in every}
