"""Questions from outside, put to a pipeline one at a time."""

from collections.abc import Mapping
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from assay.pipeline import Answered, Pipeline
from assay.stages import Stages
from pipelines.errors import UserError
from pipelines.records import Chunk, Context, Question

LONGEST_QUESTION = 10_000
"""Characters."""

_locks: WeakKeyDictionary[Stages, Lock] = WeakKeyDictionary()
"""One for each set of stages, as pipelines over the same stages share their models. LangChain and web servers call
from several threads."""


class NoAnswerError(RuntimeError):
    """The language model failed on the question; the message is its error."""


def question_of(text: str, metadata: Mapping[str, str] | None = None) -> Question:
    """A question as it was asked. ``metadata`` is the asker's, for filters by document rights.

    Raises ``UserError`` for one that is empty, of more than ``LONGEST_QUESTION`` characters, or no valid text.
    """
    if not text.strip():
        raise UserError("question: it is empty; ask something")
    if len(text) > LONGEST_QUESTION:
        raise UserError(f"question: {len(text):,} characters; at most {LONGEST_QUESTION:,} are taken")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"question: half a character (a lone surrogate) at place {error.start}") from error
    return Question("asked", text, (), "test", metadata=dict(metadata or {}))


def ask(pipeline: Pipeline, question: Question) -> Answered:
    """The pipeline's answer, after whatever it answers now. Raises ``NoAnswerError`` where the model failed."""
    with _lock(pipeline):
        answered = pipeline.answer(question)
    if answered.answer.error:
        raise NoAnswerError(f"the language model gave no answer: {answered.answer.error}")
    return answered


def passages(pipeline: Pipeline, question: Question) -> Context:
    """What the pipeline retrieves for the question itself. Raises ``UserError`` for a configuration that does not."""
    retrieved_only(pipeline)
    with _lock(pipeline):
        return pipeline.contexts([question], [question.text])[0]


def retrieved_only(pipeline: Pipeline) -> None:
    """Raise ``UserError`` for a configuration that retrieves nothing."""
    configuration = pipeline.configuration
    if not configuration.retrieved:
        raise UserError(f"{configuration.id}: arm {configuration.arm} retrieves nothing; choose a retrieved one")


def as_json(answered: Answered) -> dict[str, Any]:
    """The answer as an HTTP client or an MLflow caller gets it."""
    answer = answered.answer
    return {
        "answer": answer.text,
        "passages": [passage(chunk) for chunk in answered.context.chunks],
        "citations": list(answer.citations),
        "seconds": dict(answered.times),
        "tokens": {"input": answer.prompt_tokens, "output": answer.output_tokens},
    }


def passage(chunk: Chunk) -> dict[str, str]:
    """A passage in plain values; ``id`` is what citations name."""
    return {"id": chunk.id, "document": chunk.document_id, "text": chunk.text}


def _lock(pipeline: Pipeline) -> Lock:
    return _locks.setdefault(pipeline.stages, Lock())
