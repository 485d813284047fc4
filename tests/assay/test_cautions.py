"""The warnings of a run, in their order."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from assay.cautions import cautions
from assay.experiment import Experiment
from pipelines.records import Dataset, Document, Question, Span

EXPERIMENT = Experiment.model_validate(
    {"name": "x", "dataset": "builtin", "llm": "embedded", "configurations": [{"arm": "closed_book"}]}
)
QUESTIONS = tuple(Question(name, "Who?", ("Ada",), "dev" if name == "a" else "test") for name in "abc")


def found(language: str, errors: int, **fell_back: int) -> tuple[str, ...]:
    dataset = Dataset("x", (Document("a", "Ada"),), QUESTIONS, language)
    measured: list[Any] = [SimpleNamespace(id=name, fell_back=count, learnt={}) for name, count in fell_back.items()]
    return cautions(EXPERIMENT, dataset, measured, errors)


def test_nothing_to_warn_of() -> None:
    assert found("en", 0, rag=0) == ()


def test_failures_come_first_then_the_language_then_rewriting_by_configuration() -> None:
    assert found("fr", 3, closed_book=0, one=2, other=1) == (
        "3 answers failed and count as wrong",
        "the dataset's language is 'fr', SmolLM2-135M-Instruct reads English: name models that know it",
        "rewriting gave nothing for 2 of 2 questions of one: they were searched for as they stand",
        "rewriting gave nothing for 1 of 2 questions of other: they were searched for as they stand",
    )


def test_a_test_split_without_gold_takes_metrics_and_gold_context_away() -> None:
    arms = [{"arm": "closed_book"}, {"arm": "rag", "retriever": "bm25"}, {"arm": "gold_context"}]
    experiment = EXPERIMENT.model_validate({**EXPERIMENT.model_dump(), "configurations": arms})
    bare = Dataset("x", (Document("a", "Ada"),), QUESTIONS)
    (line,) = cautions(experiment, bare, [], 0)
    assert line.startswith(
        "no test question has a gold passage: retrieval metrics are absent and gold_context reads nothing, as "
        "closed_book does; "
    )
    judged = replace(bare, questions=(*QUESTIONS, Question("d", "Who?", ("Ada",), "test", relevance={"a": 1})))
    assert cautions(experiment, judged, [], 0)[0].startswith("no test question has a gold passage: gold_context reads")
    gold = replace(bare, questions=(*QUESTIONS, Question("d", "Who?", ("Ada",), "test", (Span("a", 0, 3),))))
    assert cautions(experiment, gold, [], 0) == ()


def test_an_intervention_that_saw_answers_of_one_kind_has_learnt_nothing() -> None:
    dataset = Dataset("x", (Document("a", "Ada"),), QUESTIONS)
    measured: list[Any] = [
        SimpleNamespace(id=name, fell_back=0, learnt={"train_answers": 9.0, "train_answers_right": float(right)})
        for name, right in (("none", 0), ("some", 4), ("every", 9))
    ]
    assert cautions(EXPERIMENT, dataset, measured, 0) == (
        "all 9 answers that the intervention of none learnt from are wrong: its confidence knows nothing",
        "all 9 answers that the intervention of every learnt from are right: its confidence knows nothing",
    )
