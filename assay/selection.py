"""Choices on dev: each arm its prompt, from one list with one budget, and then the configuration that represents it."""

from collections.abc import Sequence
from dataclasses import dataclass

from assay.answering import Asking, ask
from assay.experiment import Configuration
from assay.stages import Stages
from eval.metrics import score_answers
from eval.results import ARMS, Arm
from eval.statistics.seeds import fan_out
from pipelines.corpus.sampling import spread
from pipelines.flows import Outcome
from pipelines.generation.prompts import PromptTemplate
from pipelines.records import Question


@dataclass(frozen=True)
class Selection:
    """What dev decided. ``templates`` and ``scores`` are by configuration id; ``scores[id][prompt]`` is the mean of
    the primary metric on ``questions``; ``representatives`` names one configuration for each arm."""

    templates: dict[str, PromptTemplate]
    scores: dict[str, dict[str, float]]
    representatives: dict[Arm, str]
    questions: tuple[Question, ...]


def select(stages: Stages) -> Selection:
    """Choose on dev. The first configuration of an arm tries every prompt; the arm's others take the one it chose.

    Ties go to the prompt, and the configuration, that is named first.
    """
    experiment = stages.experiment
    questions = tuple(
        spread(stages.dataset.split("dev"), experiment.prompt_questions, fan_out(experiment.seed, "dev questions"))
    )
    by_name = {template.name: template for template in experiment.prompts}
    arms = {arm: [c for c in experiment.configurations if c.arm == arm] for arm in ARMS}
    arms = {arm: members for arm, members in arms.items() if members}
    tried = [
        Asking(members[0], template, 0, questions)
        for members in arms.values()
        for template in experiment.prompts
        if members[0].prompt in (None, template.name)
    ]
    scores: dict[str, dict[str, float]] = {c.id: {} for c in experiment.configurations}
    _score(stages, tried, "choosing prompts on dev", scores)
    templates: dict[str, PromptTemplate] = {}
    for members in arms.values():
        chosen = _first_best(scores[members[0].id])
        templates |= {c.id: by_name[c.prompt or chosen] for c in members}
    rest = [
        Asking(c, templates[c.id], 0, questions)
        for c in experiment.configurations
        if templates[c.id].name not in scores[c.id]
    ]
    _score(stages, rest, "choosing configurations on dev", scores)
    representatives = {
        arm: _first_best({c.id: scores[c.id][templates[c.id].name] for c in members}) for arm, members in arms.items()
    }
    return Selection(templates, scores, representatives, questions)


def _score(stages: Stages, askings: Sequence[Asking], label: str, scores: dict[str, dict[str, float]]) -> None:
    for asking, outcome in zip(askings, ask(stages, askings, label), strict=True):
        scores[asking.configuration.id][asking.template.name] = mean_score(stages, asking.questions, outcome)


def mean_score(stages: Stages, questions: Sequence[Question], outcome: Outcome) -> float:
    """Mean of the primary metric over the questions it applies to."""
    values = score_answers(questions, outcome.answers, stages.dataset.language)[stages.experiment.primary_metric]
    return float(values.mean()) if values.count() else 0.0


def _first_best(scores: dict[str, float]) -> str:
    return max(scores, key=lambda name: scores[name])


def representative(selection: Selection, configurations: Sequence[Configuration], arm: Arm) -> Configuration | None:
    """The configuration that dev chose for an arm, if the experiment has the arm."""
    name = selection.representatives.get(arm)
    return next((c for c in configurations if c.id == name), None)
