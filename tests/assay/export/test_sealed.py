"""A sealed pipeline answers as the open one, with store, dataset and machine gone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from assay.export.sealed import seal, unseal
from assay.pipeline import Pipeline
from assay.store import Store
from pipelines.errors import UserError
from pipelines.records import Question
from pipelines.registry import Kind, StageConfig

MakePipeline = Callable[..., Pipeline]
QUESTIONS = tuple(
    Question("asked", text, (), "test")
    for text in ("Which colour has the kestrel pump?", "What is the weight of pump sable?", "Who?")
)
HYBRID = {"kind": "hybrid", "parts": [{"kind": "bm25", "k1": 2.0}, {"kind": "bm25", "b": 0.0}]}


def gone(pipeline: Pipeline, tmp_path: Path) -> Path:
    """Seal the pipeline, then take away the store and the dataset it was made from."""
    seal(pipeline, tmp_path / "sealed")
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    shutil.rmtree(tmp_path / "data")
    return tmp_path / "sealed"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"retriever": HYBRID, "depth": 3},
        {"retriever": {"kind": "hybrid", "parts": ["bm25", "bm25"]}},
        {"retriever": {**HYBRID, "fusion": "convex", "weights": "dev"}},
        {"post": ["neighbours", "reorder"]},
        {"query": "multi_query", "answer": "cite"},
        {"training_pairs_indexed": True, "examples": 2},
        {"arm": "closed_book", "examples": 2},
        {"chunker": {"kind": "recursive", "size": 40, "overlap": 0}, "enrichment": []},
    ],
    ids=[
        "bm25",
        "hybrid",
        "equal_parts",
        "learnt_weights",
        "post",
        "multi_query",
        "pairs",
        "closed_book",
        "small_chunks",
    ],
)
def test_answers_contexts_and_prompts_are_the_same(
    make_pipeline: MakePipeline, fake_model: Any, tmp_path: Path, fields: dict[str, Any]
) -> None:
    fake_model.reply = lambda text: text  # the prompt itself
    opened = make_pipeline(**fields)
    before = [opened.answer(question) for question in QUESTIONS]
    sealed = unseal(gone(opened, tmp_path))
    after = [sealed.answer(question) for question in QUESTIONS]
    assert [(one.answer, one.context.chunks) for one in after] == [(one.answer, one.context.chunks) for one in before]


def test_an_ordinary_store_finds_the_entries(make_pipeline: MakePipeline, tmp_path: Path) -> None:
    pipeline = make_pipeline(retriever=HYBRID)
    folder = gone(pipeline, tmp_path)
    store, indexing = Store(folder), pipeline.stages.indexing
    keys = [indexing.chunks_key(pipeline.configuration), *indexing.index_keys(pipeline.configuration)]
    assert len(keys) == 4
    assert all(store.peek(key) for key in keys)


class CopyTrainer(StageConfig):
    """Keeps the training pairs as its adapter."""

    kind: Literal["copy"] = "copy"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, fake_model: Any) -> list[int]:
    """Registers the trainer; the list grows by one at each training."""
    from pipelines.finetuning import TuningTask, trainers

    calls: list[int] = []

    def train(task: TuningTask) -> dict[str, float]:
        calls.append(1)
        (task.folder / "adapter.txt").write_text(f"tuned on {len(task.data.pairs)}", encoding="utf-8")
        return {"seconds": 1.0, "tokens": 1.0, "steps": 1.0, "loss": 0.0}

    trainers.kinds()
    monkeypatch.setitem(trainers._kinds, "copy", Kind("copy", CopyTrainer, lambda config: train))
    monkeypatch.setattr(fake_model, "trainable", lambda: (None, None), raising=False)
    return calls


def test_the_adapter_goes_along_and_is_not_trained_on_another_machine(
    make_pipeline: MakePipeline,
    fake_model: Any,
    trained: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipelines.generation import Timing
    from pipelines.records import Answer

    def respond(prompt: Any, length: int, adapter: Path | None = None) -> tuple[Answer, Timing]:
        assert adapter is not None
        return Answer((adapter / "adapter.txt").read_text(encoding="utf-8"), 1, 1), Timing(0, 0)

    monkeypatch.setattr(fake_model, "respond", respond, raising=False)
    opened = make_pipeline(arm="lora_rag", finetuning="copy")
    before = opened.answer(QUESTIONS[0]).answer.text
    folder, key = gone(opened, tmp_path), opened.stages.tuning.adapter_key(opened.configuration, 0)
    fake_model.identity = {"weights": "fake", "threads": "64"}
    sealed = unseal(folder)
    assert sealed.stages.tuning.adapter_key(sealed.configuration, 0) != key
    assert sealed.answer(QUESTIONS[0]).answer.text == before == "tuned on 12"
    assert len(trained) == 1


def test_only_this_configuration_and_no_test_question_leaves(make_pipeline: MakePipeline, tmp_path: Path) -> None:
    pipeline = make_pipeline()
    folder = gone(pipeline, tmp_path)
    sealed = unseal(folder)
    assert [one.id for one in sealed.stages.experiment.configurations] == ["mine"]
    assert [one.name for one in sealed.stages.experiment.prompts] == ["first"]
    assert {one.split for one in sealed.stages.dataset.questions} == {"train"}
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.*"))
    assert str(tmp_path) not in text
    assert all(question.text not in text for question in pipeline.stages.dataset.split("test"))


def test_a_damaged_or_missing_part_is_told_and_nothing_is_computed(make_pipeline: MakePipeline, tmp_path: Path) -> None:
    folder = gone(make_pipeline(), tmp_path)
    contents = json.loads((folder / "contents.json").read_text(encoding="utf-8"))
    (index,) = contents["entries"]["index"]
    vocabulary = next((folder / "entries" / index[:2] / index).glob("vocab*"))
    whole = vocabulary.read_bytes()
    vocabulary.write_bytes(whole[:-1])
    with pytest.raises(UserError, match="the exported pipeline's index is damaged; export it again"):
        unseal(folder)
    assert vocabulary.read_bytes() == whole[:-1]
    shutil.rmtree(vocabulary.parent)
    with pytest.raises(UserError, match="the exported pipeline lacks its index; export it again"):
        unseal(folder)
    with pytest.raises(UserError, match="is no exported pipeline"):
        unseal(tmp_path)
