"""In which order the stages of a configuration are called for its questions. One file a flow; flows know no technique.

A flow is a generator: it yields what it needs next for all its questions, and is resumed with the results. The runner
advances the flows of all configurations together, so that what they ask of one model is answered in shared batches.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from pipelines.generation import LanguageModel
from pipelines.records import Answer, Context, Prompt, Question
from pipelines.registry import Registry, field_of


@dataclass(frozen=True)
class Retrieve:
    """Asks for the context of each query; resumed with ``list[Context]``. ``questions`` says for whom."""

    questions: tuple[Question, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True)
class Generate:
    """Asks for an answer to each question given its context, by the configuration's answer strategy; resumed with
    ``list[Answer]``."""

    questions: tuple[Question, ...]
    contexts: tuple[Context, ...]


@dataclass(frozen=True)
class Complete:
    """Asks the language model prompts of one's own, each on behalf of a question; resumed with ``list[Answer]``."""

    questions: tuple[Question, ...]
    prompts: tuple[Prompt, ...]
    max_new_tokens: int


@dataclass(frozen=True)
class Outcome:
    """What a flow made: for each question the context its answer was read from, and the answer. A flow returns the
    last answer as it came; the runner adds what earlier steps for the same question spent."""

    contexts: tuple[Context, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Interleave:
    """Asks a retriever that writes to answer the questions itself, searching up to ``searches`` times for each; resumed
    with an ``Outcome``."""

    questions: tuple[Question, ...]
    searches: int


Steps = Generator[Retrieve | Generate | Complete | Interleave, list[Context] | list[Answer] | Outcome, Outcome]
Flow = Callable[[Sequence[Question], LanguageModel], Steps]
"""Questions and the configuration's language model (for its chat template) in; the steps out."""

flows: Registry[Flow] = Registry("flow", ["pipelines.flows"], "assay.flows")
FlowField = field_of(flows)
