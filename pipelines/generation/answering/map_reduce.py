"""Each passage is answered alone, then the question from these answers: the map-reduce of LangChain, studied by
Zhou et al. 2024 ("LLM x MapReduce")."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.generation.answering.merging import merged, settled
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class MapReduceConfig(StageConfig):
    """Each passage answered alone, then the question from these answers."""

    kind: Literal["map_reduce"] = "map_reduce"


@strategies.kind(MapReduceConfig)
def map_reduce(config: MapReduceConfig) -> Strategy:
    """Two requests at most. Partial answers that are empty or refusals are dropped unless all are. Where the others
    agree, or there is one passage, that is the answer; a failed one fails the question."""

    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        alone = [
            (place, replace(context, chunks=context.chunks[number : number + 1]))
            for place, context in enumerate(contexts)
            for number in range(max(1, len(context.chunks)))
        ]
        replies = yield Generate(tuple(questions[place] for place, _ in alone), tuple(read for _, read in alone))
        partial: list[list[Answer]] = [[] for _ in questions]
        for (place, _), reply in zip(alone, replies, strict=True):
            partial[place].append(reply)
        answers = [settled(own) for own in partial]
        open_places = [place for place, answer in enumerate(answers) if answer is None]
        if not open_places:
            return [answer for answer in answers if answer is not None]
        read = tuple(replace(contexts[place], chunks=merged(questions[place], partial[place])) for place in open_places)
        reduced = iter((yield Generate(tuple(questions[place] for place in open_places), read)))
        return [answer or next(reduced) for answer in answers]

    return steps
