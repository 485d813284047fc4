"""Our scores are those of ragas, run by itself on the same samples: its present metrics, and its old ones behind a
LangChain chat model."""

import asyncio
import socket
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eval.judging import METRICS, JudgeConfig, Metric, judge
from pipelines.records import Answer, Question

pytest.importorskip("ragas")

ROWS: list[tuple[str, str, str, list[str]]] = [  # question, answer, reference, contexts
    ("Which colour?", "It is green. It is heavy.", "It is green", ["It is green.", "It is old."]),
    ("How heavy?", "It weighs 10 kg.", "It weighs 12 kg", ["It is green.", "It weighs 12 kg."]),
    ("Who?", "I do not know.", "Ann. She left", ["Ann.", "Bob.", "Ann. She left."]),
    ("What?", "Ann left. Bob left. Eve left.", "Ann left. Bob left", ["Bob left. Ann left.", "None."]),
]
EXPECTED: dict[Metric, list[float]] = {
    "faithfulness": [1 / 2, 0, 0, 2 / 3],
    "context_precision": [1, 1 / 2, 1 / 3, 0],  # the reference as it stands: first, second, third passage, none
    "context_recall": [1, 1, 1, 1],
    "factual_correctness": [0.67, 0, 0, 0.8],  # 1 of 2 claims, all of 1: 2/3. 2 of 3, all of 2: 4/5. Two decimals.
}


@pytest.fixture
def ours(scripted_judge: Any, embed: Any, context: Any) -> dict[str, tuple[float | None, ...]]:
    questions = [Question(f"q{n}", row[0], (row[2],), "test") for n, row in enumerate(ROWS)]
    answers = [Answer(row[1], 1, 1) for row in ROWS]
    config = JudgeConfig(llm="embedded", repeats=1)
    found = judge(questions, answers, [context(*row[3]) for row in ROWS], config, scripted_judge, embed, 0)
    return {metric: one.values for metric, one in found.metrics.items()}


def _fields(row: tuple[str, str, str, list[str]]) -> dict[str, Any]:
    return dict(zip(("user_input", "response", "reference", "retrieved_contexts"), row, strict=True))


@pytest.mark.parametrize("metric", EXPECTED)
def test_values_by_hand(ours: dict[str, Any], metric: Metric) -> None:
    assert ours[metric] == pytest.approx(EXPECTED[metric], abs=1e-9)


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: browser tests leave an event loop behind in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_values_of_ragas_run_directly(ours: dict[str, Any], scripted_judge: Callable[[str], str], embed: Any) -> None:
    from inspect import signature

    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.llms.base import InstructorBaseRagasLLM
    from ragas.metrics import collections as present

    class Scripted(InstructorBaseRagasLLM):
        def generate(self, prompt: str, response_model: Any) -> Any:
            return response_model.model_validate_json(scripted_judge(prompt))

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            return self.generate(prompt, response_model)

    class Letters(BaseRagasEmbedding):
        def embed_text(self, text: str, **options: Any) -> list[float]:
            return list(embed([text])[0])

        async def aembed_text(self, text: str, **options: Any) -> list[float]:
            return self.embed_text(text)

    llm = Scripted()
    metrics: dict[str, Any] = {
        "faithfulness": present.Faithfulness(llm=llm),
        "answer_relevancy": present.AnswerRelevancy(llm=llm, embeddings=Letters()),
        "context_precision": present.ContextPrecision(llm=llm),
        "context_recall": present.ContextRecall(llm=llm),
        "factual_correctness": present.FactualCorrectness(llm=llm),
    }
    assert set(metrics) == set(METRICS)
    for name, metric in metrics.items():
        reads = [field for field in _fields(ROWS[0]) if field in signature(metric.ascore).parameters]
        theirs = [_run(metric.ascore(**{f: _fields(row)[f] for f in reads})).value for row in ROWS]
        assert ours[name] == pytest.approx(theirs, abs=1e-9), name


def test_values_of_the_old_ragas_metrics_behind_langchain(
    ours: dict[str, Any], scripted_judge: Callable[[str], str], embed: Any
) -> None:
    from ragas.dataset_schema import SingleTurnSample
    from ragas.llms.base import LangchainLLMWrapper
    from ragas.metrics._answer_relevance import AnswerRelevancy
    from ragas.metrics._context_precision import LLMContextPrecisionWithReference
    from ragas.metrics._context_recall import LLMContextRecall
    from ragas.metrics._faithfulness import Faithfulness

    class Letters:
        def embed_query(self, text: str) -> Any:
            return embed([text])[0]

        def embed_documents(self, texts: list[str]) -> Any:
            return embed(texts)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        llm = LangchainLLMWrapper(_chat_model(scripted_judge))
    metrics: dict[str, Any] = {
        "faithfulness": Faithfulness(llm=llm),
        "answer_relevancy": AnswerRelevancy(llm=llm, embeddings=Letters()),  # type: ignore[arg-type]
        "context_precision": LLMContextPrecisionWithReference(llm=llm),
        "context_recall": LLMContextRecall(llm=llm),
    }
    for name, metric in metrics.items():
        theirs = [_run(metric.single_turn_ascore(SingleTurnSample(**_fields(row)))) for row in ROWS]
        assert ours[name] == pytest.approx(theirs, abs=1e-9), name


def test_langchain_chat_model_is_a_judge(scripted_judge: Any, pumps: Any) -> None:
    config = JudgeConfig(llm="embedded", metrics=("faithfulness",), repeats=1)
    found = judge(*pumps(3), config, _chat_model(scripted_judge), None, 0)
    assert found.judge == "ScriptedChat"
    assert found.metrics["faithfulness"].values == (1.0, 1.0, 1.0)
    assert (found.usage.calls, found.usage.prompt_tokens, found.usage.output_tokens) == (6, 6 * 7, 6 * 3)


def test_nothing_is_sent(scripted_judge: Any, embed: Any, pumps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ragas._analytics import do_not_track

    def refuse(*arguments: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = judge(*pumps(2), JudgeConfig(llm="embedded"), scripted_judge, embed, 0)
    assert not any(metric.absent for metric in found.metrics.values())
    assert do_not_track()


def _chat_model(reply: Callable[[str], str]) -> Any:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class ScriptedChat(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "scripted"

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **options: Any) -> ChatResult:
            usage: Any = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
            message = AIMessage(reply(str(messages[-1].content)), usage_metadata=usage)
            return ChatResult(generations=[ChatGeneration(message=message)])

    return ScriptedChat()
