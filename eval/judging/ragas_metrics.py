"""ragas 0.4 with our judge and our embedder. Import this module inside functions only: ragas is heavy.

The metrics are those of ``ragas.metrics.collections``; the classes of ``ragas.metrics`` and ``LangchainLLMWrapper``
are deprecated there. They take any judge that subclasses ``InstructorBaseRagasLLM``, so neither a client nor the
network is needed.
"""

import os
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from eval.judging.config import Metric
from eval.judging.conversations import asked
from eval.judging.replies import read_reply
from eval.scores import Embed

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # before its import

from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecisionWithReference,
    ContextRecall,
    FactualCorrectness,
    Faithfulness,
)

Record = TypeVar("Record", bound=BaseModel)


class Interlocutor(InstructorBaseRagasLLM):
    """What ragas asks goes out as a step of a conversation. ``opening`` is put before every prompt."""

    def __init__(self, opening: str) -> None:
        self.opening = opening

    async def agenerate(self, prompt: str, response_model: type[Record]) -> Record:
        return read_reply(await asked(self.opening + prompt), response_model)

    def generate(self, prompt: str, response_model: type[Record]) -> Record:
        raise NotImplementedError("ragas asks asynchronously")


class Vectors(BaseRagasEmbedding):
    """Our embedder for ragas."""

    def __init__(self, embed: Embed) -> None:
        super().__init__()
        self.embed = embed

    def embed_text(self, text: str, **options: Any) -> list[float]:
        return self.embed_texts([text])[0]

    def embed_texts(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        return [[float(x) for x in row] for row in self.embed(list(texts))]

    async def aembed_text(self, text: str, **options: Any) -> list[float]:
        return self.embed_text(text)

    async def aembed_texts(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        return self.embed_texts(texts)


def ragas_metric(metric: Metric, embed: Embed | None, opening: str) -> Any:
    """The ragas metric with its own defaults. ``answer_relevancy`` alone needs ``embed``."""
    if metric == "answer_relevancy":
        if embed is None:
            raise ValueError("answer_relevancy needs an embedder")
        return AnswerRelevancy(llm=Interlocutor(opening), embeddings=Vectors(embed))
    made: dict[Metric, type[Any]] = {
        "faithfulness": Faithfulness,
        "context_precision": ContextPrecisionWithReference,
        "context_recall": ContextRecall,
        "factual_correctness": FactualCorrectness,
    }
    return made[metric](llm=Interlocutor(opening))
