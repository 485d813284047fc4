"""Asking: equal prompts once, everything answered kept, only the rest asked again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.answering import Asking, ask
from assay.experiment import Experiment
from assay.loading import parse_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.generation.prompts import PLAIN, PromptTemplate

BRIEF = PromptTemplate(name="brief", instruction="Be brief.")
ARMS = [
    {"arm": "closed_book"},
    {"arm": "closed_book", "id": "again"},
    {"arm": "rag", "retriever": "bm25", "depth": 1},
    {"arm": "gold_context"},
]


@pytest.fixture
def open_stages(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Callable[..., Stages]:
    """Opens the experiment over one store, as a new process would."""
    fake_model.reply = lambda text: text.rpartition("Question: ")[2].removesuffix("\nAnswer:")
    dataset = small_dataset(tmp_path / "data")

    def make(**changes: Any) -> Stages:
        data = {"name": "mini", "dataset": dataset, "llm": "fake", "configurations": ARMS, "prompts": [PLAIN, BRIEF]}
        experiment: Experiment = parse_experiment({**data, **changes})
        return Stages(experiment, Store(tmp_path / "store"), Progress())

    return make


def askings(stages: Stages, *names: str, template: PromptTemplate = PLAIN) -> list[Asking]:
    by_id = {configuration.id: configuration for configuration in stages.experiment.configurations}
    return [Asking(by_id[name], template, 0, stages.dataset.split("test")) for name in names]


def test_answers_stand_in_the_order_of_the_questions(open_stages: Any) -> None:
    stages = open_stages()
    (outcome,) = ask(stages, askings(stages, "closed_book"), "asking")
    assert [answer.text for answer in outcome.answers] == [q.text for q in stages.dataset.split("test")]


def test_equal_prompts_of_two_configurations_are_generated_once(open_stages: Any, fake_model: Any) -> None:
    stages = open_stages()
    one, other = ask(stages, askings(stages, "closed_book", "again"), "asking")
    assert one.answers == other.answers
    assert len(fake_model.asked) == len(set(fake_model.asked)) == 12
    assert (stages.misses["closed_book"], stages.misses["again"]) == (12, 0)


def test_what_is_stored_is_a_hit_and_is_not_asked_again(open_stages: Any, fake_model: Any) -> None:
    first = open_stages()
    ask(first, askings(first, "closed_book"), "asking")
    stages = open_stages()
    (outcome,) = ask(stages, askings(stages, "again"), "asking")
    assert len(fake_model.asked) == 12
    assert (stages.hits_by_id["again"], stages.misses["again"]) == (12, 0)
    assert outcome == ask(first, askings(first, "closed_book"), "asking")[0]


def test_configurations_of_one_model_share_a_call(open_stages: Any, fake_model: Any) -> None:
    stages = open_stages()
    ask(stages, askings(stages, "closed_book", "rag-bm25-k1", "gold_context"), "asking")
    assert [len(set(batch)) for batch in fake_model.batches] == [len(fake_model.asked)]
    assert stages.misses.total() == len(fake_model.asked)


def test_each_cell_is_given_its_context(open_stages: Any) -> None:
    stages = open_stages()
    outcomes = ask(stages, askings(stages, "closed_book", "rag-bm25-k1", "gold_context"), "asking")
    closed, retrieved, gold = ([len(context.chunks) for context in one.contexts] for one in outcomes)
    questions = stages.dataset.split("test")
    assert set(closed) == {0}
    assert set(retrieved) == {1}
    assert gold == [len(question.gold) for question in questions]
    by_id = stages.documents
    for question, context in zip(questions, outcomes[2].contexts, strict=True):
        for span, chunk in zip(question.gold, context.chunks, strict=True):
            assert chunk.text == by_id[span.document_id].text[span.start : span.end]


@pytest.mark.parametrize("given", [5, 21])
def test_answers_given_before_a_model_fails_are_kept(open_stages: Any, fake_model: Any, given: int) -> None:
    first = open_stages()
    both = [*askings(first, "closed_book"), *askings(first, "closed_book", template=BRIEF)]
    fake_model.breaks_after = given
    with pytest.raises(RuntimeError, match="switched off"):
        ask(first, both, "asking")
    (interrupted,) = fake_model.batches
    answered = list(reversed(interrupted))[:given]
    fake_model.breaks_after = None
    fake_model.batches.clear()
    second = open_stages()
    outcomes = ask(second, both, "asking")
    assert set(fake_model.asked) == set(interrupted) - set(answered)
    assert second.misses["closed_book"] == 24 - given
    assert second.hits_by_id["closed_book"] == given
    assert [answer.text for answer in outcomes[1].answers] == [q.text for q in second.dataset.split("test")]


@pytest.mark.parametrize("change", ["template", "limit", "weights"])
def test_another_prompt_limit_or_model_is_asked_again(open_stages: Any, fake_model: Any, change: str) -> None:
    first = open_stages()
    ask(first, askings(first, "closed_book"), "asking")
    if change == "weights":
        fake_model.identity = {"weights": "others"}
    second = open_stages(max_new_tokens=9) if change == "limit" else open_stages()
    ask(second, askings(second, "closed_book", template=BRIEF if change == "template" else PLAIN), "asking")
    assert len(fake_model.asked) == 24


def test_examples_are_training_questions(open_stages: Any, fake_model: Any) -> None:
    stages = open_stages()
    template = PromptTemplate(name="two", examples=2, instruction="")
    ask(stages, askings(stages, "closed_book", template=template), "asking")
    train = {question.text for question in stages.dataset.split("train")}
    for text in fake_model.asked:
        *shots, _ = (part.partition("\n")[0] for part in text.split("Question: ")[1:])
        assert len(shots) == 2
        assert set(shots) <= train


def test_nothing_asked_has_no_outcome(open_stages: Any, fake_model: Any) -> None:
    assert ask(open_stages(), [], "asking") == []
    assert fake_model.asked == []
