"""One configuration as a server would run it: a question in, its answer out, nothing taken from the store.

The latency probe times it, ``assay serve`` serves it, and the exports to LangChain, LlamaIndex and MLflow wrap it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

from assay.answering import Asking, Running
from assay.completions import Request
from assay.contexts import unretrieved
from assay.experiment import Configuration
from assay.interleaving import write_answers
from assay.stages import Stages
from pipelines.flows import Interleave, Outcome, Retrieve
from pipelines.generation.prompts import PromptTemplate
from pipelines.records import Answer, Context, Prompt, Question
from pipelines.retrieving import Retrieving
from pipelines.tools import Passages, Tools

TIMES = ("retrieve", "prompt", "prefill", "decode")


@dataclass(frozen=True)
class Answered:
    """An answer, what it was read from, and the seconds by step (``TIMES``)."""

    answer: Answer
    context: Context
    times: dict[str, float]


class Pipeline:
    """A configuration with its prompt template and training seed, opened at the first question. Not for use by
    several threads at once: the models are not."""

    def __init__(self, stages: Stages, configuration: Configuration, template: PromptTemplate, seed: int = 0) -> None:
        self.stages = stages
        self.configuration = configuration
        self.template = template
        self.seed = seed

    def answer(self, question: Question) -> Answered:
        """Answer one question, one request after the other."""
        times = dict.fromkeys(TIMES, 0.0)

        def fetch(wanted: Retrieve) -> list[Context]:
            started = perf_counter()
            contexts = self.contexts(wanted.questions, wanted.queries)
            times["retrieve"] += perf_counter() - started
            return contexts

        def write(wanted: Interleave) -> Outcome:
            (wrote,) = write_answers(self.stages, self.configuration, wanted)
            for name, seconds in wrote.times.items():
                times[name] += seconds
            return Outcome((Context(wrote.chunks),), (wrote.answer,))

        running = Running(Asking(self.configuration, self.template, self.seed, (question,)), fetch, write)
        reply: list[Answer] | None = None
        while True:
            started, spent = perf_counter(), sum(times.values())
            result = running.advance(self.stages, reply)
            times["prompt"] += perf_counter() - started - (sum(times.values()) - spent)
            if isinstance(result, Outcome):
                return Answered(result.answers[0], result.contexts[0], times)
            reply = [self._respond(request, times) for request in result]
            running.answered(reply)

    def contexts(self, questions: Sequence[Question], queries: Sequence[str]) -> list[Context]:
        """What the model would read for each question, searched for by ``queries``."""
        if not self.configuration.retrieved:
            return unretrieved(self.stages, self.configuration, questions)
        return self.retrieving.retrieve(questions, queries)

    @cached_property
    def retrieving(self) -> Retrieving:
        """The configuration's retrieval, asking its model afresh."""
        model = self.stages.model(self.configuration)

        def complete(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
            return [model.respond(prompt, max_new_tokens)[0] for prompt in prompts]

        passages = Passages(self.stages.indexing.chunks(self.configuration)[1], self.stages.documents)
        tools = Tools(model, complete, passages, self.stages.dataset.language)
        return self.stages.retrieval.retrieving(self.configuration, tools)

    def _respond(self, request: Request, times: dict[str, float]) -> Answer:
        entry = None if request.seed is None else self.stages.adapter(self.configuration, request.seed)
        model = self.stages.answering_model(self.configuration, request.seed)
        answer, timing = model.respond(request.prompt, request.max_new_tokens, entry.folder if entry else None)
        times["prefill"] += timing.prefill
        times["decode"] += timing.decode
        return answer
