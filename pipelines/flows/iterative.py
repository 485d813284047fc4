"""ITER-RETGEN (Shao et al. 2023, "Enhancing Retrieval-Augmented Large Language Models with Iterative
Retrieval-Generation Synergy"): retrieve, answer, retrieve again with question and answer, answer again.

Each round reads as many passages as the first round found. With ``merge: newest``, the default, these are the new ones,
as in the paper, and passages of the round before fill up where fewer were found. ``reciprocal_rank`` ranks both
together, which keeps what the first search had on top; it takes the order of a context for a ranking, so it does not
go with ``reorder``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, cast

from pydantic import Field

from pipelines.flows import Flow, Generate, Outcome, Retrieve, Steps, flows
from pipelines.generation import LanguageModel
from pipelines.generation.answering.partial import says_something
from pipelines.records import Answer, Chunk, Context, Hits, Question
from pipelines.registry import StageConfig
from pipelines.retrieval.fusion import reciprocal_rank
from pipelines.retrieving import FUSION_K


class IterativeFlow(StageConfig):
    """Retrieve and answer, then again with the answer added to the query."""

    kind: Literal["iterative"] = "iterative"
    rounds: int = Field(default=2, ge=1, le=5, description="how often is retrieved and answered; 1 is linear")
    merge: Literal["newest", "reciprocal_rank"] = Field(
        default="newest", description="which passages of two rounds are read: the new ones first, or both by rank"
    )


@flows.kind(IterativeFlow)
def iterative(config: IterativeFlow) -> Flow:
    """A question leaves the rounds once its answer is empty, a refusal or failed, as then there is nothing to add to
    the query, and once its passages stay the same, as then the answer would."""

    def steps(questions: Sequence[Question], model: LanguageModel) -> Steps:
        asked = tuple(questions)
        contexts = cast(list[Context], (yield Retrieve(asked, tuple(question.text for question in asked))))
        answers = cast(list[Answer], (yield Generate(asked, tuple(contexts))))
        first = [len(context.chunks) for context in contexts]
        going = list(range(len(asked)))
        for _ in range(config.rounds - 1):
            going = [place for place in going if says_something(answers[place]) and not answers[place].error]
            if not going:
                break
            queries = tuple(f"{asked[place].text} {answers[place].text}" for place in going)
            found = cast(list[Context], (yield Retrieve(tuple(asked[place] for place in going), queries)))
            changed = []
            for place, new in zip(going, found, strict=True):
                chunks = _merged(config.merge, new.chunks, contexts[place].chunks, first[place])
                if chunks != contexts[place].chunks:
                    changed.append(place)
                    contexts[place] = replace(new, chunks=chunks)
            if not changed:
                break
            again = tuple(contexts[place] for place in changed)
            replies = cast(list[Answer], (yield Generate(tuple(asked[place] for place in changed), again)))
            for place, reply in zip(changed, replies, strict=True):
                answers[place] = reply
            going = changed
        return Outcome(tuple(contexts), tuple(answers))

    return steps


def _merged(merge: str, new: Sequence[Chunk], old: Sequence[Chunk], count: int) -> tuple[Chunk, ...]:
    """The ``count`` passages to read, distinct by id; all new ones where the first round found nothing."""
    chunks: dict[str, Chunk] = {}
    for chunk in (*new, *old):
        chunks.setdefault(chunk.id, chunk)
    order: Iterable[str] = chunks
    if merge == "reciprocal_rank":
        rankings = [Hits(tuple(chunk.id for chunk in side), (0.0,) * len(side)) for side in (new, old)]
        places = {name: place for place, name in enumerate(chunks)}
        order = reciprocal_rank(rankings, [1.0, 1.0], FUSION_K, len(chunks), places.__getitem__).chunk_ids
    return tuple(chunks[name] for name in order)[: count or len(new)]
