"""Every registry of kinds, by stage."""

from typing import Any

from pipelines.registry import Registry


def registries() -> dict[str, Registry[Any]]:
    """The registries in the order in which a question meets them."""
    from pipelines.corpus import datasets
    from pipelines.finetuning import trainers
    from pipelines.finetuning.data import training_data
    from pipelines.finetuning.preference import preferences
    from pipelines.finetuning.preference.feedback import feedback_kinds
    from pipelines.flows import flows
    from pipelines.generation import language_models
    from pipelines.generation.answering import strategies
    from pipelines.generation.interventions import interventions
    from pipelines.post_retrieval import post_processors
    from pipelines.pre_retrieval.chunking import chunkers
    from pipelines.pre_retrieval.enrichment import enrichments
    from pipelines.pre_retrieval.query import query_transforms
    from pipelines.retrieval import retrievers
    from pipelines.retrieval.embedders import embedders
    from pipelines.retrieval.filters import filters

    before = (datasets, chunkers, enrichments, embedders, query_transforms)
    tuning = (training_data, trainers, preferences, feedback_kinds)
    every = (*before, retrievers, filters, post_processors, strategies, language_models, interventions, *tuning, flows)
    return {registry.stage: registry for registry in every}
