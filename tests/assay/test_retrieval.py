"""Retrieval through the store: what is shared, what is computed again, who may read what."""

import importlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.records import Question


@pytest.fixture
def open_stages(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Callable[..., Stages]:
    """Opens an experiment with these retrieved configurations over one store."""
    dataset = small_dataset(tmp_path / "data")

    def make(*configurations: dict[str, Any], **changes: Any) -> Stages:
        arms = [{"arm": "rag", "retriever": "bm25", "depth": 1, **one} for one in configurations]
        data = {"name": "mini", "dataset": {**dataset, **changes}, "llm": "fake", "configurations": arms}
        return Stages(parse_experiment(data), Store(tmp_path / "store"), Progress())

    return make


def retrieve(stages: Stages, questions: tuple[Question, ...] | None = None) -> Any:
    asked = questions or stages.dataset.split("test")
    return stages.retrieval.retrieve(stages.experiment.configurations[0], asked, [q.text for q in asked])


def test_another_reranker_searches_nothing_again(open_stages: Any) -> None:
    plain = open_stages({"candidates": 4})
    retrieve(plain)
    other = open_stages({"candidates": 4, "rerank": [{"kind": "top", "number": 2}]})
    found = retrieve(other)
    assert max(len(ranked.chunks) for ranked in found.ranked) == 2
    assert (other.store.hits, other.store.misses) == (3, 1)  # chunks, index and hits are there; the context is new


def test_ranking_goes_on_where_reranking_ends(open_stages: Any) -> None:
    stages = open_stages({"candidates": 3, "rerank": [{"kind": "top", "number": 1}]})
    found = retrieve(stages)
    for ranking, hits in zip(found.ranking, found.hits, strict=True):
        assert sorted(ranking.chunk_ids) == sorted(hits.chunk_ids)
        assert list(ranking.scores) == sorted(ranking.scores, reverse=True)


def test_a_rewriter_that_writes_nothing_falls_back_and_is_counted(open_stages: Any, fake_model: Any) -> None:
    fake_model.reply = lambda text: ""
    stages = open_stages({"query": "rewrite"})
    found = retrieve(stages)
    plain = retrieve(open_stages({}))
    assert found.fell_back == len(found.hits) == 12
    assert found.hits == plain.hits
    # One word read for each of a prompt's words, and one written: what the rewriting took is counted all the same.
    assert all(spent.prompt_tokens > 0 and spent.output_tokens == 1 for spent in found.spent)


def test_nobody_is_shown_a_document_that_is_not_theirs(open_stages: Any, tmp_path: Path) -> None:
    fields = tmp_path / "fields.jsonl"
    rows = [{"document": "*", "groups": "all"}, {"document": "kestrel.md", "groups": "secret"}]
    fields.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    stages = open_stages({"filter": "rights"}, metadata=str(fields))
    everyone = Question("q1", "Which colour has the kestrel pump?", ("green",), "test", metadata={"groups": "all"})
    insider = Question("q2", everyone.text, ("green",), "test", metadata={"groups": "secret"})
    stranger = Question("q3", everyone.text, ("green",), "test")
    found = retrieve(stages, (everyone, insider, stranger))
    shown = [{chunk.document_id for chunk in read.chunks} for read in found.read]
    assert "kestrel.md" not in shown[0]
    assert shown[0]
    assert shown[1:] == [{"kestrel.md"}, set()]
    assert all("kestrel.md#0" not in found.hits[place].chunk_ids for place in (0, 2))


def test_enrichment_by_a_language_model_is_counted_and_kept(open_stages: Any, fake_model: Any) -> None:
    fake_model.reply = lambda text: "A pump of the works."
    stages = open_stages({"enrichment": ["llm_context"], "chunker": "whole_document"})
    entry, chunks = stages.indexing.chunks(stages.experiment.configurations[0])
    assert all(chunk.indexed.startswith("A pump of the works.") for chunk in chunks)
    assert entry.quantities["output_tokens"] == 8
    assert entry.quantities["model_seconds"] == pytest.approx(0.08)
    asked = len(fake_model.asked)
    again = open_stages({"enrichment": ["llm_context"], "chunker": "whole_document"})
    again.indexing.chunks(again.experiment.configurations[0])
    assert len(fake_model.asked) == asked == 8


PLUGIN = """
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

def make(documents):
    class Given(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return ORDER(documents)
    return Given()
"""


def test_an_edited_retriever_of_the_users_is_asked_anew(
    open_stages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "plugin_that_is_edited.py"
    monkeypatch.syspath_prepend(tmp_path)
    firsts = []
    for order in ("list", "lambda documents: documents[::-1]"):
        module.write_text(PLUGIN.replace("ORDER(documents)", f"({order})(documents)"), encoding="utf-8")
        sys.modules.pop(module.stem, None)
        importlib.invalidate_caches()
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        stages = open_stages({"retriever": {"kind": "langchain", "factory": f"{module.stem}:make"}})
        firsts.append(retrieve(stages).hits[0].chunk_ids)
    assert firsts[0] == firsts[1][::-1] != firsts[1]
