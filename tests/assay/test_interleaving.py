"""Retrievers that write: what they may read, and that their answers are kept in the store."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.answering import Asking, ask
from assay.experiment import Experiment
from assay.loading import parse_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.errors import UserError
from pipelines.generation.prompts import PLAIN
from pipelines.records import Answer, Hits
from pipelines.retrieval.writing import Allowed, Budget, Wrote

BRANCH = {"kind": "metadata", "where": {"branch": "north"}}


class Writer:
    """A search that answers every question with the first chunk it may read."""

    def __init__(self, chunks: Sequence[Any]) -> None:
        self.chunks = chunks
        self.budgets: list[Budget] = []

    def __call__(self, queries: Sequence[str], depth: int) -> list[Hits]:
        raise AssertionError("the flow leaves searching to write")

    def write(self, questions: Sequence[str], budget: Budget, allowed: Allowed) -> list[Wrote]:
        self.budgets.append(budget)
        read = [next(chunk for chunk in self.chunks if allowed(place, chunk)) for place in range(len(questions))]
        return [Wrote(Answer(chunk.text, 7, 2, 0.5), (chunk,), 3, {"decode": 0.5}) for chunk in read]


@pytest.fixture
def open_stages(
    small_dataset: Any, fake_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Stages, Writer]]:
    """Opens an experiment over one store, its search replaced by a ``Writer``."""
    dataset = small_dataset(tmp_path / "data")
    rows = [{"document": "veldt.md", "branch": "north"}]
    file = tmp_path / "metadata.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def make(**fields: Any) -> tuple[Stages, Writer]:
        mine = {"arm": "rag", "id": "mine", "retriever": "bm25", "flow": "interleaved", "depth": 2, **fields}
        data = {"name": "mini", "dataset": {**dataset, "metadata": str(file)}, "llm": "fake", "max_new_tokens": 9}
        experiment: Experiment = parse_experiment({**data, "configurations": [mine]})
        stages = Stages(experiment, Store(tmp_path / "store"), Progress())
        writer = Writer(stages.indexing.chunks(experiment.configurations[0])[1])
        monkeypatch.setattr(stages.indexing, "search", lambda configuration: writer)
        return stages, writer

    return make


def answered(stages: Stages) -> Any:
    asking = Asking(stages.experiment.configurations[0], PLAIN, 0, stages.dataset.split("test"))
    return ask(stages, [asking], "asking")[0]


def test_answers_contexts_and_what_they_took_reach_the_outcome(open_stages: Any) -> None:
    stages, writer = open_stages(flow={"kind": "interleaved", "searches": 4})
    outcome = answered(stages)
    assert writer.budgets == [Budget(searches=4, depth=2, max_new_tokens=9)]
    assert len(outcome.answers) == len(stages.dataset.split("test"))
    for answer, context in zip(outcome.answers, outcome.contexts, strict=True):
        assert (answer.text, answer.prompt_tokens, answer.seconds) == (writer.chunks[0].text, 7, 0.5)
        assert context.chunks == (writer.chunks[0],)


def test_what_is_stored_is_not_written_again(open_stages: Any) -> None:
    first, again = open_stages(), open_stages()
    assert answered(first[0]) == answered(again[0])
    assert (len(first[1].budgets), len(again[1].budgets)) == (1, 0)
    other, writer = open_stages(depth=1)
    answered(other)
    assert len(writer.budgets) == 1


def test_a_filter_holds_for_what_is_read(open_stages: Any) -> None:
    outcome = answered(open_stages(filter=BRANCH)[0])
    assert {chunk.document_id for context in outcome.contexts for chunk in context.chunks} == {"veldt.md"}


def test_a_search_that_does_not_write_is_refused(open_stages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stages, _ = open_stages()
    monkeypatch.setattr(stages.indexing, "search", lambda configuration: lambda queries, depth: [])
    with pytest.raises(UserError, match="configuration mine: flow interleaved needs a retriever that writes answers"):
        answered(stages)


def test_a_cell_without_retrieval_is_refused(
    open_stages: Any, fake_model: Any, small_dataset: Any, tmp_path: Path
) -> None:
    data = {"name": "mini", "dataset": small_dataset(tmp_path / "other"), "llm": "fake"}
    experiment = parse_experiment({**data, "configurations": [{"arm": "closed_book", "flow": "interleaved"}]})
    with pytest.raises(UserError, match="flow interleaved needs a retrieved arm"):
        answered(Stages(experiment, Store(tmp_path / "store"), Progress()))
