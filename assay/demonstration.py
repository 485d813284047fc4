"""One question answered in every cell of the grid, and what retrieval and tuned weights say once a fact has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.answering import Asking, ask
from assay.experiment import Configuration
from assay.selection import Selection
from assay.stages import Stages
from assay.staleness import affected
from eval.metrics import score_answers
from eval.results import ARMS, Arm, FactChange, GridAnswer, Showcase
from pipelines.flows import Outcome
from pipelines.generation.prompts import expected
from pipelines.records import Question

REMEMBERING: tuple[Arm, ...] = ("rag", "lora", "lora_rag")
"""The cells that a changed fact tells apart."""


@dataclass(frozen=True)
class Asked:
    """A representative's outcome on the test questions and what a question costs it."""

    configuration: Configuration
    outcome: Outcome
    usd: Sequence[float]


def reading_documents(stages: Stages, selection: Selection) -> set[str]:
    """For each arm the configuration that is best on dev among those whose index holds documents alone: an index of
    training pairs would go on repeating the facts of the day they were written."""
    best: dict[Arm, str] = {}
    for configuration in stages.experiment.configurations:
        if not configuration.training_pairs_indexed:
            rival = best.get(configuration.arm)
            if rival is None or _dev(selection, configuration.id) > _dev(selection, rival):
                best[configuration.arm] = configuration.id
    return set(best.values())


def _dev(selection: Selection, identifier: str) -> float:
    return selection.scores[identifier][selection.templates[identifier].name]


def showcase(questions: Sequence[Question], asked: Mapping[Arm, Asked]) -> Showcase | None:
    """A question on which the cells differ, the first of those that differ most; a reader can browse the others."""
    if not questions or not asked:
        return None

    def differing(index: int) -> int:
        right = [_correct(questions[index], one.outcome, index) for one in asked.values()]
        retrieval_helps = "rag" in asked and _correct(questions[index], asked["rag"].outcome, index)
        return min(sum(right), len(right) - sum(right)) * 2 + retrieval_helps

    index = max(range(len(questions)), key=differing)
    question = questions[index]
    return Showcase(
        question_id=question.id,
        question=question.text,
        expected=expected(question),
        track=question.track,
        answers=tuple(_cell(arm, asked[arm], question, asked[arm].outcome, index) for arm in ARMS if arm in asked),
    )


def fact_change(
    stages: Stages, after: Stages, selection: Selection, asked: Mapping[Arm, Asked]
) -> tuple[FactChange | None, str]:
    """What retrieval and tuned weights answer the day after a fact changed (``after``), or why that cannot be shown.

    The question is the first changed one that the representatives answered right before, chosen without looking at
    what they answer afterwards.
    """
    arms = [arm for arm in REMEMBERING if arm in asked]
    if "rag" not in arms or len(arms) < 2:
        return None, "it takes a retrieved and a tuned arm to compare"
    questions = stages.dataset.split("test")
    candidates = dict(affected(stages, after))
    if not candidates:
        return None, "no fact behind a sampled test question changed"
    index = max(candidates, key=lambda i: sum(_correct(questions[i], asked[arm].outcome, i) for arm in arms))
    before, then = questions[index], candidates[index]
    askings = [Asking(asked[a].configuration, selection.templates[asked[a].configuration.id], 0, (then,)) for a in arms]
    outcomes = ask(after, askings, "asking after the change")
    return FactChange(
        question=then.text,
        before=expected(before),
        after=expected(then),
        answers_before=tuple(_cell(arm, asked[arm], before, asked[arm].outcome, index) for arm in arms),
        answers_after=tuple(
            _cell(arm, asked[arm], then, outcome, 0, asked[arm].usd[index])
            for arm, outcome in zip(arms, outcomes, strict=True)
        ),
    ), ""


def _cell(
    arm: Arm, one: Asked, question: Question, outcome: Outcome, index: int, usd: float | None = None
) -> GridAnswer:
    return GridAnswer(
        arm=arm,
        configuration=one.configuration.id,
        answer=outcome.answers[index].text,
        correct=_correct(question, outcome, index),
        usd=one.usd[index] if usd is None else usd,
        passages=tuple(chunk.text for chunk in outcome.contexts[index].chunks),
    )


def _correct(question: Question, outcome: Outcome, index: int) -> bool:
    return bool(score_answers([question], [outcome.answers[index]])["correct"][0] == 1.0)
