"""What a reader of the results is warned of before anything else, one line each."""

from collections.abc import Iterator, Sequence

from assay.experiment import Experiment
from assay.language_check import language_warnings
from eval.measured import Measured
from pipelines.records import Dataset


def cautions(experiment: Experiment, dataset: Dataset, measured: Sequence[Measured], errors: int) -> tuple[str, ...]:
    """Answers that failed (``errors``), gold that is not there, models that do not read the data, questions not
    rewritten, interventions that had nothing to learn from."""
    failed = (f"{errors} answers failed and count as wrong",) if errors else ()
    asked = len(dataset.split("test"))
    unwritten = tuple(
        f"rewriting gave nothing for {one.fell_back} of {asked} questions of {one.id}: they were searched for as they "
        "stand"
        for one in measured
        if one.fell_back
    )
    return (
        *failed,
        *_without_gold(experiment, dataset),
        *language_warnings(experiment, dataset),
        *unwritten,
        *_learnt_nothing(measured),
    )


def _learnt_nothing(measured: Sequence[Measured]) -> Iterator[str]:
    """Interventions whose answers to learn from were all of one kind."""
    for one in measured:
        answers, right = one.learnt.get("train_answers", 0.0), one.learnt.get("train_answers_right", 0.0)
        if answers and right in (0.0, answers):
            alike = "right" if right else "wrong"
            yield (
                f"all {answers:.0f} answers that the intervention of {one.id} learnt from are {alike}: its confidence "
                "knows nothing"
            )


def _without_gold(experiment: Experiment, dataset: Dataset) -> tuple[str, ...]:
    """What a test split without any gold passage takes away."""
    test = dataset.split("test")
    lost = []
    if any(one.retrieved for one in experiment.configurations) and not any(question.judgements for question in test):
        lost.append("retrieval metrics are absent")
    if any(one.gold for one in experiment.configurations) and not any(question.gold for question in test):
        lost.append("gold_context reads nothing, as closed_book does")
    hint = "give the questions gold passages, or draft some with assay data questions"
    return (f"no test question has a gold passage: {' and '.join(lost)}; {hint}",) if lost else ()
