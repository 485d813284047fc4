"""How passages become one answer: read together, one after the other, apart and merged. One file a strategy."""

from collections.abc import Callable, Generator, Sequence

from pipelines.flows import Complete, Generate
from pipelines.generation import LanguageModel
from pipelines.records import Answer, Context, Question
from pipelines.registry import Registry, field_of

Steps = Generator[Generate | Complete, list[Answer], list[Answer]]
Strategy = Callable[[Sequence[Question], Sequence[Context], LanguageModel], Steps]
"""A generator over what it asks the model: ``Generate`` puts questions and contexts through the prompt that dev chose,
``Complete`` asks a prompt of the strategy's own. It returns one answer a question; tokens and seconds of all it asked
are added up by the runner."""

strategies: Registry[Strategy] = Registry("answer", ["pipelines.generation.answering"], "assay.strategies")
StrategyField = field_of(strategies)
