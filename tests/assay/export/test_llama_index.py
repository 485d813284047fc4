"""LlamaIndex's view of a pipeline, and the way back into a configuration."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from assay.export.llama_index import as_query_engine, as_retriever
from assay.pipeline import Pipeline
from pipelines.errors import UserError
from pipelines.records import Question

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

TEXT = "# The kestrel pump\n\nThe kestrel pump is green. It weighs 10 kg and costs EUR 200."
KESTREL = "Which colour has the kestrel pump?"
ASKED = Question("asked", KESTREL, (), "test")
MakePipeline = Callable[..., Pipeline]


def test_the_retriever_finds_what_the_pipeline_reads(make_pipeline: MakePipeline) -> None:
    from llama_index.core.schema import MetadataMode

    pipeline = make_pipeline()
    found = as_retriever(pipeline).retrieve(KESTREL)
    read = pipeline.contexts([ASKED], [KESTREL])[0].chunks
    assert [(one.node.node_id, one.node.get_content()) for one in found] == [(chunk.id, chunk.text) for chunk in read]
    assert found[0].node.metadata == {"document": "kestrel.md", "start": 0, "end": len(TEXT)}
    assert found[0].node.get_content(MetadataMode.LLM) == read[0].text
    assert [one.score for one in found] == [None, None]


def test_the_query_engine_answers_as_the_pipeline(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    answered = pipeline.answer(ASKED)
    reply = as_query_engine(pipeline).query(KESTREL)
    assert str(reply) == answered.answer.text == "green"
    assert [one.node.node_id for one in reply.source_nodes] == [chunk.id for chunk in answered.context.chunks]
    assert reply.metadata == {
        "configuration": "mine",
        "citations": [],
        "usage": {"input_tokens": answered.answer.prompt_tokens, "output_tokens": 1},
    }


def test_both_answer_when_awaited(make_pipeline: MakePipeline, awaited: Callable[..., Any]) -> None:
    pipeline = make_pipeline()
    assert str(awaited(as_query_engine(pipeline).aquery(KESTREL))) == "green"
    assert awaited(as_retriever(pipeline).aretrieve(KESTREL))[0].node.node_id == "kestrel.md#0"


def test_what_retrieves_nothing_answers_but_is_no_retriever(make_pipeline: MakePipeline) -> None:
    closed = make_pipeline(arm="closed_book")
    with pytest.raises(UserError, match="mine: arm closed_book retrieves nothing"):
        as_retriever(closed)
    assert as_query_engine(closed).query(KESTREL).source_nodes == []


@pytest.mark.parametrize("export", [as_retriever, as_query_engine])
def test_both_serve_as_a_stage_again(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch, export: Callable[[Pipeline], object]
) -> None:
    exported = make_pipeline(depth=3)
    kept = ModuleType("kept_retriever")
    kept.again = lambda nodes: export(exported)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kept_retriever", kept)
    back = make_pipeline(retriever={"kind": "llama_index", "factory": "kept_retriever:again"}, depth=2)
    first, second = (one.contexts([ASKED], [KESTREL])[0].chunks for one in (exported, back))
    assert second == first[:2]
    assert second[0].id == "kestrel.md#0"
