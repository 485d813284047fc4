"""What answers lose when facts change: facts are changed in the documents, and what asks for them is asked again.

Retrieval sees the new documents, re-indexed; tuned weights are those of the day before. What was answered before the
change, held against the new facts, says what an index that nobody refreshed would answer; that takes no asking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from annotated_types import Le
from numpy.typing import NDArray

from assay.answering import Asking, ask
from assay.experiment import Configuration, Experiment
from assay.measure import seeds_of
from assay.selection import Selection
from assay.stages import Stages
from eval.economics.mean_interval import mean_estimate
from eval.economics.sum_interval import NOTHING
from eval.finance import StaleAccuracy, Staleness
from eval.measured import Measured
from eval.metrics import score_answers
from eval.results import NEEDS_GOLD, Estimate, Interval
from eval.statistics.clusters import clusters_by_gold
from eval.statistics.interval import interval
from eval.statistics.seeds import fan_out
from pipelines.errors import UserError
from pipelines.flows import Outcome
from pipelines.records import Question

Clusters = NDArray[np.intp]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """The stages of the day ``after`` facts changed, and what was measured there, or the ``reason`` why not."""

    after: Stages | None
    staleness: Staleness | None
    reason: str


def change_facts(stages: Stages, selection: Selection, measured: Sequence[Measured]) -> Change:
    """Change facts where the dataset can, and measure what that does to the answers."""
    after, reason = changed_world(stages)
    if after is None:
        return Change(None, None, reason)
    return Change(after, *staleness(stages, after, selection, measured))


def cannot_change(experiment: Experiment) -> str:
    """Why the facts of an experiment's dataset cannot change; empty where they can."""
    config = experiment.dataset
    if "changed_facts" not in type(config).model_fields:
        return f"the dataset kind {config.kind!r} cannot change a fact in its documents"
    return "" if facts_to_change(experiment) else "all facts that can change have changed already"


def check_churn(experiment: Experiment) -> None:
    """Raises ``UserError`` where facts are declared to change and it cannot be measured what that does."""
    churn, reason = experiment.economics.churn_per_month, cannot_change(experiment)
    if churn and reason:
        raise UserError(
            f"economics.churn_per_month is {churn:g}, but {reason}, so what that costs cannot be measured; set it to 0"
        )


def facts_to_change(experiment: Experiment) -> int:
    """How many more facts the dataset's config lets change."""
    field = type(experiment.dataset).model_fields["changed_facts"]
    most = next(limit.le for limit in field.metadata if isinstance(limit, Le))
    return int(str(most)) - int(getattr(experiment.dataset, "changed_facts"))  # noqa: B009 - not every kind has it


def changed_world(stages: Stages) -> tuple[Stages | None, str]:
    """The stages of the day after as many facts changed as can, with the weights and training pairs of the day
    before; or why there are none."""
    experiment = stages.experiment
    if reason := cannot_change(experiment):
        return None, reason
    changed = getattr(experiment.dataset, "changed_facts") + facts_to_change(experiment)  # noqa: B009
    dataset = experiment.dataset.model_copy(update={"changed_facts": changed})
    after = Stages(experiment.model_copy(update={"dataset": dataset}), stages.store, stages.progress)
    after.models = stages.models
    after.before = stages.before or stages
    return after, ""


def affected(stages: Stages, after: Stages) -> list[tuple[int, Question]]:
    """Place in test, and wording with its new answer, of every test question whose answer changed."""
    new = {question.id: question for question in after.dataset.split("test")}
    return [
        (place, new[old.id])
        for place, old in enumerate(stages.dataset.split("test"))
        if old.answerable and old.id in new and new[old.id].answers != old.answers
    ]


def staleness(
    stages: Stages, after: Stages, selection: Selection, measured: Sequence[Measured]
) -> tuple[Staleness | None, str]:
    """What the representatives of the arms that can be put to use answer before and after the change, or why that is
    not known. Only affected questions are asked; prompts that did not change are in the store."""
    found = affected(stages, after)
    if not found:
        return None, "no fact behind a sampled test question changed"
    asked = tuple(question for _, question in found)
    chosen = {one.id: one for one in measured if one.selected_on_dev and one.arm not in NEEDS_GOLD}
    configurations = [c for c in stages.experiment.configurations if c.id in chosen]
    askings = [
        Asking(configuration, selection.templates[configuration.id], seed, asked)
        for configuration in configurations
        for seed in seeds_of(stages, configuration)
    ]
    replies: dict[str, list[Outcome]] = {configuration.id: [] for configuration in configurations}
    for asking, outcome in zip(askings, ask(after, askings, "asking after facts changed"), strict=True):
        replies[asking.configuration.id].append(outcome)
    places = [place for place, _ in found]
    return Staleness(
        facts=facts_to_change(stages.experiment),
        questions=len(asked),
        configurations={
            c.id: _compared(stages, c, places, asked, chosen[c.id].outcomes, replies[c.id]) for c in configurations
        },
    ), ""


def _compared(
    stages: Stages,
    configuration: Configuration,
    places: Sequence[int],
    asked: Sequence[Question],
    old: Sequence[Outcome],
    new: Sequence[Outcome],
) -> StaleAccuracy:
    test = stages.dataset.split("test")
    clusters = clusters_by_gold(test)[list(places)]
    language = stages.dataset.language
    yesterday = [test[place] for place in places]
    kept = [Outcome((), tuple(outcome.answers[place] for place in places)) for outcome in old]
    before = correct(yesterday, kept, language)
    refreshed, untouched = correct(asked, new, language), correct(asked, kept, language)
    seed = fan_out(stages.experiment.seed, "staleness")

    def estimate(values: Values) -> Estimate:
        return interval(values, clusters, seed=seed, bounds=(0.0, 1.0))

    return StaleAccuracy(
        before=estimate(before),
        refreshed=estimate(refreshed),
        untouched=estimate(untouched),
        lost_by_weights=drop(before - refreshed, clusters, seed),
        lost_by_index=drop(refreshed - untouched, clusters, seed) if configuration.retrieved else NOTHING,
    )


def correct(questions: Sequence[Question], outcomes: Sequence[Outcome], language: str) -> Values:
    """1 where an answer is correct, [seeds, questions]."""
    rows = [score_answers(questions, outcome.answers, language)["correct"].filled(0.0) for outcome in outcomes]
    return np.array(rows, dtype=np.float64)


def drop(values: Values, clusters: Clusters, seed: int) -> Interval:
    """Mean of a paired difference of shares, with its interval."""
    found = mean_estimate((values,), clusters, (-1.0, 1.0), seed=seed)
    return Interval(value=found.mean, low=found.low, high=found.high)
