"""What tuning cost elsewhere: questions from outside the domain, asked of base and tuned weights without context."""

import numpy as np

from assay.answering import Asking, ask
from assay.measure import seeds_of
from assay.selection import Selection
from assay.stages import Stages
from eval.metrics import score_answers
from eval.results import Estimate
from eval.statistics.interval import interval
from eval.statistics.seeds import fan_out
from pipelines.corpus import datasets
from pipelines.corpus.sampling import spread
from pipelines.records import Question

METRICS = ("f1", "correct", "contains")


def outside_questions(stages: Stages) -> tuple[Question, ...]:
    """The general-knowledge questions that the experiment asks, drawn by its seed; none where it asks for none."""
    count = stages.experiment.forgetting.questions
    if not count:
        return ()
    questions = datasets.build(datasets.parse("general_knowledge"))().questions
    return tuple(spread(questions, count, stages.experiment.seed))


def forgetting(stages: Stages, selection: Selection) -> dict[str, dict[str, Estimate]]:
    """Scores on general knowledge by configuration id, for the closed-book cells of both weights; with the prompts
    these cells chose on their own domain. Empty where one of the two is missing or the experiment says so."""
    chosen = [selection.representatives.get(arm) for arm in ("closed_book", "lora")]
    if None in chosen or not (questions := outside_questions(stages)):
        return {}
    found = {}
    for configuration in (c for c in stages.experiment.configurations if c.id in chosen):
        template = selection.templates[configuration.id]
        askings = [Asking(configuration, template, seed, questions) for seed in seeds_of(stages, configuration)]
        outcomes = ask(stages, askings, "asking outside the domain")
        tables = [score_answers(questions, outcome.answers) for outcome in outcomes]
        found[configuration.id] = {
            metric: interval(
                np.stack([table[metric].filled(0.0) for table in tables]),
                seed=fan_out(stages.experiment.seed, "forgetting", metric),
            )
            for metric in METRICS
        }
    return found
