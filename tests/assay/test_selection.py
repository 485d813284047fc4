"""Choices on dev, with a model that is right for the prompts and passages the test says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.progress import Progress
from assay.selection import Selection, representative, select
from assay.stages import Stages
from assay.store import Store

PROMPTS = [{"name": name, "instruction": f"As {name}."} for name in ("first", "second", "third")]
RAG = {"arm": "rag", "retriever": "bm25"}


class Dev:
    """Selects over the small dataset. ``right`` says for which prompt text the model gives the right answer."""

    def __init__(self, fake: Any, dataset: dict[str, str], root: Path) -> None:
        self.fake, self.dataset, self.root = fake, dataset, root
        self.stages: Stages | None = None

    def select(self, right: Callable[[str], bool], configurations: list[Any], **changes: Any) -> Selection:
        data = {
            "name": "x",
            "dataset": self.dataset,
            "llm": "fake",
            "prompts": PROMPTS,
            "primary_metric": "exact_match",
        }
        experiment = parse_experiment({**data, "configurations": configurations, **changes})
        self.stages = Stages(experiment, Store(self.root / "store"), Progress())
        answers = {question.text: question.answers[0] for question in self.stages.dataset.questions}
        self.fake.reply = lambda text: answers[self.question(text)] if right(text) else "something else"
        return select(self.stages)

    @staticmethod
    def question(text: str) -> str:
        return text.rpartition("Question: ")[2].removesuffix("\nAnswer:")

    def asked_of(self, split: Any) -> set[str]:
        """Questions of a split that the model was asked."""
        assert self.stages is not None
        texts = {question.text for question in self.stages.dataset.split(split)}
        return {self.question(text) for text in self.fake.asked} & texts


@pytest.fixture
def dev(fake_model: Any, small_dataset: Any, tmp_path: Path) -> Dev:
    return Dev(fake_model, small_dataset(tmp_path / "data"), tmp_path)


def test_prompt_with_the_best_dev_score_is_chosen(dev: Dev) -> None:
    found = dev.select(lambda text: "As second." in text, [{"arm": "closed_book"}])
    assert found.templates["closed_book"].name == "second"
    assert found.scores == {"closed_book": {"first": 0.0, "second": 1.0, "third": 0.0}}


def test_each_arm_chooses_for_itself(dev: Dev) -> None:
    found = dev.select(
        lambda text: ("As third." if "Passage:" in text else "As second.") in text,
        [{"arm": "closed_book"}, {**RAG, "depth": 1}],
    )
    assert {name: template.name for name, template in found.templates.items()} == {
        "closed_book": "second",
        "rag-bm25-k1": "third",
    }


@pytest.mark.parametrize("right", [True, False])
def test_ties_go_to_the_prompt_named_first(dev: Dev, right: bool) -> None:
    assert dev.select(lambda text: right, [{"arm": "closed_book"}]).templates["closed_book"].name == "first"


def test_tie_of_the_later_prompts_goes_to_the_earlier_of_them(dev: Dev) -> None:
    assert (
        dev.select(lambda text: "As first." not in text, [{"arm": "closed_book"}]).templates["closed_book"].name
        == "second"
    )


def test_test_questions_are_never_asked(dev: Dev) -> None:
    dev.select(lambda text: True, [{"arm": "closed_book"}, {**RAG, "depth": {"grid": [1, 2]}}, {"arm": "gold_context"}])
    assert len(dev.asked_of("dev")) == 6
    assert dev.asked_of("test") == set()
    assert dev.asked_of("train") == set()


def test_all_arms_choose_on_the_same_questions(dev: Dev) -> None:
    found = dev.select(lambda text: True, [{"arm": "closed_book"}, {**RAG, "depth": 1}], prompt_questions=4)
    assert len(found.questions) == 4
    assert dev.asked_of("dev") == {question.text for question in found.questions}
    assert len(dev.fake.asked) == 4 * 3 * 2


def test_others_of_an_arm_take_the_prompt_its_first_chose(dev: Dev) -> None:
    found = dev.select(lambda text: "As third." in text, [{**RAG, "depth": {"grid": [1, 2]}}])
    assert found.templates["rag-bm25-k2"].name == "third"
    assert set(found.scores["rag-bm25-k1"]) == {"first", "second", "third"}
    assert found.scores["rag-bm25-k2"] == {"third": 1.0}


def test_best_configuration_represents_its_arm(dev: Dev) -> None:
    found = dev.select(lambda text: text.count("Passage:") == 2, [{**RAG, "depth": {"grid": [1, 2, 3]}}])
    assert found.representatives == {"rag": "rag-bm25-k2"}
    assert dev.stages is not None
    configurations = dev.stages.experiment.configurations
    assert representative(found, configurations, "rag") == configurations[1]
    assert representative(found, configurations, "lora") is None


def test_equal_configurations_are_represented_by_the_first(dev: Dev) -> None:
    assert dev.select(lambda text: True, [{**RAG, "depth": {"grid": [2, 1]}}]).representatives == {"rag": "rag-bm25-k2"}


def test_prompt_that_the_file_names_is_not_chosen_but_taken(dev: Dev) -> None:
    found = dev.select(lambda text: "As second." in text, [{"arm": "closed_book", "prompt": "third"}])
    assert found.templates["closed_book"].name == "third"
    assert found.scores == {"closed_book": {"third": 0.0}}


def test_later_configuration_may_name_its_own_prompt(dev: Dev) -> None:
    found = dev.select(lambda text: "As second." in text, [{**RAG, "depth": 1}, {**RAG, "depth": 2, "prompt": "third"}])
    assert {name: template.name for name, template in found.templates.items()} == {
        "rag-bm25-k1": "second",
        "rag-bm25-k2": "third",
    }
    assert found.scores["rag-bm25-k2"] == {"third": 0.0}
