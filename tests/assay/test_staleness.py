"""Which datasets can change facts, which questions that touches, and that declared churn needs one that can."""

from pathlib import Path
from typing import Any

import pytest

from assay.experiment import Experiment
from assay.loading import parse_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.staleness import affected, cannot_change, changed_world, check_churn, correct, facts_to_change
from assay.store import Store
from pipelines.errors import UserError
from pipelines.flows import Outcome
from pipelines.records import Answer, Question


def experiment(dataset: dict[str, Any], churn: float = 0.0) -> Experiment:
    return parse_experiment(
        {
            "name": "x",
            "dataset": dataset,
            "llm": "fake",
            "configurations": [{"arm": "closed_book"}],
            "economics": {"churn_per_month": churn},
        }
    )


def test_all_facts_that_are_left_change(fake_model: Any) -> None:
    assert facts_to_change(experiment({"kind": "builtin"})) == 24
    assert facts_to_change(experiment({"kind": "builtin", "changed_facts": 20})) == 4
    assert cannot_change(experiment({"kind": "builtin"})) == ""


def test_dataset_that_cannot_change_says_so(fake_model: Any, small_dataset: Any, tmp_path: Path) -> None:
    folder = small_dataset(tmp_path / "data")
    assert cannot_change(experiment(folder)) == "the dataset kind 'folder' cannot change a fact in its documents"
    exhausted = experiment({"kind": "builtin", "changed_facts": 24})
    assert cannot_change(exhausted) == "all facts that can change have changed already"
    check_churn(experiment(folder))
    with pytest.raises(UserError, match=r"economics.churn_per_month is 0.1, but the dataset kind 'folder' cannot"):
        check_churn(experiment(folder, churn=0.1))


def test_affected_are_the_test_questions_whose_answer_changed(fake_model: Any, tmp_path: Path) -> None:
    from pipelines.corpus.builtin import BuiltinDataset, changed

    stages = Stages(experiment({"kind": "builtin"}), Store(tmp_path), Progress())
    after, reason = changed_world(stages)
    assert reason == ""
    assert after is not None
    test = stages.dataset.split("test")
    found = {test[place].id: (test[place].answers[0], new.answers[0]) for place, new in affected(stages, after)}
    assert found == {one.question_id: (one.before, one.after) for one in changed(BuiltinDataset(), 24)}
    assert after.before is stages


def test_correct_is_by_seed_and_question() -> None:
    asked = [Question("a", "?", ("red",), "test"), Question("b", "?", ("blue",), "test")]
    outcomes = [
        Outcome((), tuple(Answer(text, 1, 1, 0.1) for text in texts)) for texts in (("red", "red"), ("grey", "blue"))
    ]
    assert correct(asked, outcomes, "en").tolist() == [[1.0, 0.0], [0.0, 1.0]]
