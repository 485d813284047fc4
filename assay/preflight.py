"""What must hold before a run computes anything: data, models and folders, looked at in this order."""

import os
from collections.abc import Iterable
from pathlib import Path

from assay.preferences import feedback_api
from assay.stages import Stages
from eval.economics.prices import PriceBook
from eval.latency import BEYOND
from eval.leakage import check_leakage
from pipelines.corpus.validation import judges_retrieval_alone
from pipelines.errors import UserError


def preflight(stages: Stages, prices: PriceBook, folders: Iterable[Path]) -> None:
    """Raises ``UserError`` where the run could not end well. The folders are made last, so that an experiment refused
    for anything else leaves nothing behind."""
    _check_splits(stages)
    _check_probe(stages)
    check_leakage(stages.dataset.split("train"), stages.dataset.split("dev") + stages.dataset.split("test"))
    stages.locate_models()
    _check_prices(stages, prices)
    _check_tunable(stages)
    for folder in folders:
        _make_writable(folder)


def _check_splits(stages: Stages) -> None:
    """Every split that is needed has a question, and test has answers to score."""
    dataset, tuned = stages.dataset, any(c.tuned for c in stages.experiment.configurations)
    needed = {"test": "verdicts are read on it", "dev": "prompts are chosen on it"}
    for split, why in {**needed, **({"train": "weights are tuned on it"} if tuned else {})}.items():
        if not any(question.split == split for question in dataset.questions):
            raise UserError(f"dataset {dataset.name}: split {split} has no question, and {why}")
    if judges_retrieval_alone(dataset.split("test")):
        raise UserError(
            f"dataset {dataset.name}: no test question has an answer, only judged documents; a run scores answers"
        )


def _check_probe(stages: Stages) -> None:
    """The latency probe asks enough questions for a median, or none."""
    wanted, there = stages.experiment.latency.questions, len(stages.dataset.split("test"))
    if wanted > 0 and min(wanted, there) < 2 * BEYOND:
        raise UserError(
            f"latency.questions: a median takes {2 * BEYOND} questions, not {min(wanted, there)} (test has {there}); "
            "ask more, or set it to 0 to skip the probe"
        )


def _check_prices(stages: Stages, prices: PriceBook) -> None:
    """The machine and every model that is paid by the token have a price."""
    prices.machine(stages.experiment.economics.machine)
    for model in stages.models.values():
        if model.paid_by_token:
            prices.usd_per_token(model.name, "input")
            prices.usd_per_token(model.name, "output")
    for configuration in stages.experiment.configurations:
        if judge := feedback_api(configuration):
            prices.usd_per_token(judge, "input")
            prices.usd_per_token(judge, "output")


def _check_tunable(stages: Stages) -> None:
    """No tuned arm sits on a model behind an endpoint."""
    for configuration in stages.experiment.configurations:
        if configuration.tuned and stages.model(configuration).paid_by_token:
            raise UserError(
                f"configuration {configuration.id}: a model behind an endpoint cannot be tuned here; "
                "give the arm an llm of kind hf or embedded, or leave it out"
            )


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: the folder cannot be made ({error.strerror}); choose another one") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: the folder cannot be written; choose another one")
