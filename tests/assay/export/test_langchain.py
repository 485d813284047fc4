"""LangChain's view of a pipeline, and the way back into a configuration."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from assay.export.langchain import as_retriever, as_runnable
from assay.pipeline import Pipeline
from pipelines.errors import UserError
from pipelines.records import Question

TEXT = "# The kestrel pump\n\nThe kestrel pump is green. It weighs 10 kg and costs EUR 200."
KESTREL = "Which colour has the kestrel pump?"
ASKED = Question("asked", KESTREL, (), "test")
MakePipeline = Callable[..., Pipeline]


def test_the_retriever_finds_what_the_pipeline_reads(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    found = as_retriever(pipeline).invoke(KESTREL)
    read = pipeline.contexts([ASKED], [KESTREL])[0].chunks
    assert [(one.id, one.page_content) for one in found] == [(chunk.id, chunk.text) for chunk in read]
    assert len(found) == 2
    assert found[0].metadata == {"id": "kestrel.md#0", "document": "kestrel.md", "start": 0, "end": len(TEXT)}


def test_the_runnable_answers_as_the_pipeline(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    answered = pipeline.answer(ASKED)
    reply = as_runnable(pipeline).invoke(KESTREL)
    assert reply["answer"] == answered.answer.text == "green"
    assert [one.id for one in reply["passages"]] == [chunk.id for chunk in answered.context.chunks]
    assert reply["citations"] == []
    words = answered.answer.prompt_tokens
    assert reply["usage"] == {"input_tokens": words, "output_tokens": 1, "total_tokens": words + 1}


def test_the_runnable_takes_the_askers_metadata(make_pipeline: MakePipeline) -> None:
    runnable = as_runnable(make_pipeline(filter={"kind": "rights", "public_without": True}))
    assert runnable.invoke(KESTREL)["passages"] == []
    assert runnable.invoke({"question": KESTREL, "metadata": {"groups": "staff"}})["answer"] == "green"


def test_both_chain_with_other_runnables(make_pipeline: MakePipeline, awaited: Callable[..., Any]) -> None:
    from langchain_core.runnables import RunnableLambda

    pipeline = make_pipeline()
    chain = RunnableLambda(str.strip) | as_runnable(pipeline) | (lambda reply: reply["answer"].upper())
    assert chain.batch([f" {KESTREL} ", "What?"]) == ["GREEN", "UNKNOWN"]
    assert awaited(as_runnable(pipeline).ainvoke(KESTREL))["answer"] == "green"
    assert awaited(as_retriever(pipeline).ainvoke(KESTREL))[0].id == "kestrel.md#0"


@pytest.mark.parametrize("asked", [{}, {"question": 3}, {"query": KESTREL}])
def test_an_input_without_a_question_is_told(make_pipeline: MakePipeline, asked: dict[str, Any]) -> None:
    with pytest.raises(UserError, match='a mapping with a text under "question"'):
        as_runnable(make_pipeline()).invoke(asked)


def test_what_retrieves_nothing_is_no_retriever(make_pipeline: MakePipeline) -> None:
    with pytest.raises(UserError, match="mine: arm closed_book retrieves nothing"):
        as_retriever(make_pipeline(arm="closed_book"))


def test_the_retriever_serves_as_a_stage_again(make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = make_pipeline(retriever={"kind": "bm25", "k1": 0.4}, depth=5)
    kept = ModuleType("kept_retriever")
    kept.again = lambda documents: as_retriever(exported)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kept_retriever", kept)
    back = make_pipeline(retriever={"kind": "langchain", "factory": "kept_retriever:again"}, depth=3)
    for text in (KESTREL, "What is the weight of pump sable?", "How much money does one quill cost?"):
        question = Question("asked", text, (), "test")
        first, second = (one.contexts([question], [text])[0].chunks for one in (exported, back))
        assert second == first[:3]
        assert len(second) > 0
