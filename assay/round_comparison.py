"""Two adapters on the same questions: the paired test that keeps a round or rolls it back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.answering import Asking, ask
from assay.experiment import RETRIEVAL_FIELDS, Configuration
from assay.forgetting import outside_questions
from assay.rounds_state import Against
from assay.stages import Stages
from assay.store import Entry
from assay.variants import changed
from eval.metrics import score_answers
from eval.metrics.columns import Column
from eval.statistics.clusters import clusters_by_gold
from eval.statistics.compare import compare_family
from eval.statistics.seeds import fan_out
from pipelines.flows.linear import LinearFlow
from pipelines.generation.answering.stuff import StuffConfig
from pipelines.generation.prompts import PromptTemplate
from pipelines.records import Question


@dataclass(frozen=True)
class Version:
    """The configuration with the adapter of one round; ``configuration.id`` names the round."""

    configuration: Configuration
    adapter: Entry
    template: PromptTemplate


def against(stages: Stages, candidate: Version, current: Version, questions: Sequence[Question], what: str) -> Against:
    """The candidate against the current version on the primary metric; ``what`` names the questions.

    One paired comparison with its interval (``eval.statistics.compare``), resampled by clusters of questions that share
    a gold document. Questions to which the metric does not apply are left out.
    """
    metric = stages.experiment.primary_metric
    asked = tuple(questions)
    columns = {
        name: _scores(stages, one, asked, f"{what}, {one.configuration.id}")
        for name, one in (("candidate", candidate), ("current", current))
    }
    applies = ~np.any([np.ma.getmaskarray(column) for column in columns.values()], axis=0)
    values = {name: column.filled(0.0)[applies] for name, column in columns.items()}
    (test,) = compare_family(
        [("candidate", "current")],
        values,
        clusters_by_gold([one for one, there in zip(asked, applies, strict=True) if there]),
        metric=metric,
        seed=fan_out(stages.experiment.seed, "rounds", what),
        margin=stages.experiment.margin,
    )
    means = {name: float(column.mean()) for name, column in values.items()}
    return Against(questions=int(applies.sum()), test=test, **means)


def outside_domain(stages: Stages, candidate: Version, current: Version) -> Against | None:
    """The same on general knowledge without passages; ``None`` where the experiment leaves forgetting out."""
    questions = outside_questions(stages)
    if not questions:
        return None
    return against(stages, _closed_book(candidate), _closed_book(current), questions, "outside the domain")


def _scores(stages: Stages, version: Version, questions: tuple[Question, ...], label: str) -> Column:
    stages.tuning.use(version.configuration, 0, version.adapter)
    (outcome,) = ask(stages, [Asking(version.configuration, version.template, 0, questions)], label)
    return score_answers(questions, outcome.answers, stages.dataset.language)[stages.experiment.primary_metric]


def _closed_book(version: Version) -> Version:
    one = version.configuration
    if one.arm == "lora":
        return version
    unset = {name: Configuration.model_fields[name].default for name in (*RETRIEVAL_FIELDS, "enrichment")}
    plain = {"training_pairs_indexed": False, "flow": LinearFlow(), "answer": StuffConfig()}
    bare = changed(one, id=f"{one.id}-closed", arm="lora", **unset, **plain)
    return Version(bare, version.adapter, version.template)
