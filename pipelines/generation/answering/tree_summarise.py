"""Passages are answered in groups, and the answers are passages again, until one group is left: the tree_summarize of
LlamaIndex, the hierarchical merging of Wu et al. 2021 ("Recursively Summarizing Books with Human Feedback")."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from pydantic import Field

from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.generation.answering.merging import merged, settled
from pipelines.records import Answer, Chunk, Context, Question
from pipelines.registry import StageConfig


class TreeSummariseConfig(StageConfig):
    """Groups of passages answered, then groups of these answers, up to one."""

    kind: Literal["tree_summarise"] = "tree_summarise"
    fan_in: int = Field(default=3, ge=2, description="most passages, or answers, that are read together")


@strategies.kind(TreeSummariseConfig)
def tree_summarise(config: TreeSummariseConfig) -> Strategy:
    """One request a level, for all questions. Partial answers that are empty or refusals are dropped unless all are.
    Where the others agree the climb ends early; a failed one fails the question."""

    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        level = {place: context.chunks for place, context in enumerate(contexts)}
        answers: dict[int, Answer] = {}
        while level:
            groups = [(place, group) for place, chunks in level.items() for group in _groups(chunks, config.fan_in)]
            replies = yield Generate(
                tuple(questions[place] for place, _ in groups),
                tuple(replace(contexts[place], chunks=group) for place, group in groups),
            )
            partial: dict[int, list[Answer]] = {place: [] for place in level}
            for (place, _), reply in zip(groups, replies, strict=True):
                partial[place].append(reply)
            level = {}
            for place, own in partial.items():
                answer = settled(own)
                if answer is None:
                    level[place] = merged(questions[place], own)
                else:
                    answers[place] = answer
        return [answers[place] for place in range(len(questions))]

    return steps


def _groups(chunks: tuple[Chunk, ...], fan_in: int) -> list[tuple[Chunk, ...]]:
    """As few groups of neighbours as ``fan_in`` allows, their sizes one apart at most; one empty group of nothing."""
    count = max(1, -(-len(chunks) // fan_in))
    size, larger = divmod(len(chunks), count)
    bounds = [number * size + min(number, larger) for number in range(count + 1)]
    return [chunks[start:end] for start, end in pairwise(bounds)]
