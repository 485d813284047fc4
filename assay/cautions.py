"""What a reader of the results is warned of before anything else, one line each."""

from collections.abc import Sequence

from assay.experiment import Experiment
from assay.language_check import language_warnings
from eval.measured import Measured
from pipelines.records import Dataset


def cautions(experiment: Experiment, dataset: Dataset, measured: Sequence[Measured], errors: int) -> tuple[str, ...]:
    """Answers that failed (``errors``), models that do not read the data, questions not rewritten."""
    failed = (f"{errors} answers failed and count as wrong",) if errors else ()
    asked = len(dataset.split("test"))
    unwritten = tuple(
        f"rewriting gave nothing for {one.fell_back} of {asked} questions of {one.id}: they were searched for as they "
        "stand"
        for one in measured
        if one.fell_back
    )
    return (*failed, *language_warnings(experiment, dataset), *unwritten)
