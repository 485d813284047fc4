"""Training sets through the store: what they hold, what is left out, what makes them anew."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.errors import UserError


@pytest.fixture
def open_stages(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Callable[..., Stages]:
    """Opens an experiment with tuned arms over one store."""
    dataset = small_dataset(tmp_path / "data")

    def make(*configurations: dict[str, Any]) -> Stages:
        arms = [{"arm": "lora", **one} for one in configurations]
        data = {"name": "mini", "dataset": dataset, "llm": "fake", "configurations": arms}
        return Stages(parse_experiment(data), Store(tmp_path / "store"), Progress())

    return make


def pairs_of(stages: Stages, place: int = 0) -> list[tuple[str, str]]:
    _, found = stages.tuning.training_set(stages.experiment.configurations[place])
    return [(pair.question_id, pair.completion) for pair in found.pairs]


def write_pairs(folder: Path, *rows: tuple[str, str]) -> str:
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps({"prompt": p, "completion": c}) + "\n" for p, c in rows), encoding="utf-8")
    return str(path)


def test_the_train_split_is_the_training_set_where_nothing_else_is_said(open_stages: Any) -> None:
    stages = open_stages({})
    assert [name for name, _ in pairs_of(stages)] == [q.id for q in stages.dataset.split("train")]


def test_a_set_is_made_once_and_shared_by_configurations(open_stages: Any) -> None:
    first = open_stages({"id": "a"}, {"id": "b", "finetuning": {"kind": "lora", "rank": 4}})
    assert pairs_of(first, 0) == pairs_of(first, 1)
    again = open_stages({"id": "c"})
    pairs_of(again)
    assert (first.store.misses, again.store.misses) == (1, 0)


def test_a_smaller_set_is_part_of_a_larger_one(open_stages: Any) -> None:
    stages = open_stages(*({"id": f"n{n}", "training_data": [{"kind": "pairs", "limit": n}]} for n in (3, 6)))
    small, large = set(pairs_of(stages, 0)), set(pairs_of(stages, 1))
    assert (len(small), len(large)) == (3, 6)
    assert small < large


def test_what_asks_a_test_question_is_left_out_and_counted(open_stages: Any, tmp_path: Path) -> None:
    asked = open_stages({}).dataset.split("test")[0].text
    file = write_pairs(tmp_path, (f"Question: {asked}\nAnswer:", " leaked\n"), ("What is new?", " nothing\n"))
    stages = open_stages({"training_data": [{"kind": "file", "path": file}]})
    assert [completion.strip() for _, completion in pairs_of(stages)] == ["nothing"]
    assert stages.tuning.card(stages.experiment.configurations[0]).left_out["in dev or test"] == 1


def test_equal_pairs_are_kept_once_and_the_card_counts_tokens(open_stages: Any) -> None:
    stages = open_stages({"training_data": ["pairs", "pairs"]})
    card = stages.tuning.card(stages.experiment.configurations[0])
    train = stages.dataset.split("train")
    assert (card.kinds, card.pairs, card.texts) == (("pairs", "pairs"), len(train), 0)
    assert card.left_out["repeated"] == len(train)
    words = [len(question.answers[0].split()) for question in train]  # the fake model's tokens are words
    assert card.tokens["completion"].model_dump() == {
        "sum": sum(words),
        "mean": sum(words) / len(words),
        "longest": max(words),
    }


def test_what_the_model_writes_is_counted_as_data_generation(open_stages: Any, fake_model: Any) -> None:
    fake_model.reply = lambda text: "How would one put it otherwise?"
    stages = open_stages({"training_data": ["pairs", {"kind": "paraphrased", "count": 1}]})
    entry, found = stages.tuning.training_set(stages.experiment.configurations[0])
    train = len(stages.dataset.split("train"))
    assert len(found.pairs) > train
    assert entry.quantities["model_seconds"] == pytest.approx(0.01 * len(fake_model.asked))
    assert entry.quantities["output_tokens"] == len(fake_model.asked) > 0


def test_a_set_of_given_pairs_does_not_hang_on_the_documents(open_stages: Any, tmp_path: Path) -> None:
    before = open_stages({})
    key = before.tuning.set_key(before.experiment.configurations[0])
    (tmp_path / "data/documents/new.md").write_text("# New\n\nA page more.\n", encoding="utf-8")
    after = open_stages({})
    assert len(after.dataset.documents) == len(before.dataset.documents) + 1
    assert after.tuning.set_key(after.experiment.configurations[0]) == key
    keys = {key_of_texts(open_stages)}
    (tmp_path / "data/documents/new.md").write_text("# New\n\nAnother page.\n", encoding="utf-8")
    assert key_of_texts(open_stages) not in keys


def key_of_texts(open_stages: Any) -> str:
    stages = open_stages({"training_data": ["documents"]})
    found: str = stages.tuning.set_key(stages.experiment.configurations[0])
    return found


def test_arms_that_are_not_tuned_take_no_training_data(open_stages: Any) -> None:
    with pytest.raises(UserError, match="arm closed_book is not tuned: leave training_data out"):
        open_stages({"arm": "closed_book", "training_data": ["pairs"]})
