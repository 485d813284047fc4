"""Shared by the post-retrieval tests: chunks of real documents, tools around them, and a model that counts words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.records import Answer, Chunk, Document, Prompt
from pipelines.tools import Passages, Tools


@pytest.fixture
def chunked() -> Callable[[Mapping[str, str], int], Passages]:
    """Documents cut at every full stop; where a number is given, so many sentences in a row have one parent."""

    def make(texts: Mapping[str, str], parent: int = 0) -> Passages:
        from pipelines.post_retrieval.sentence_spans import sentence_spans

        chunks = []
        for name, text in texts.items():
            spans = sentence_spans(text)
            for ordinal, (start, end) in enumerate(spans):
                group = spans[ordinal - ordinal % parent :][:parent] if parent else []
                above = (group[0][0], group[-1][1]) if group else None
                chunks.append(Chunk(f"{name}#{ordinal}", name, start, end, text[start:end], text[start:end], above))
        return Passages(tuple(chunks), {name: Document(name, text, name.title()) for name, text in texts.items()})

    return make


@pytest.fixture
def tools(fake_model: Any) -> Callable[..., Tools]:
    """Tools around passages, with a model (by default one that counts words) and a function that answers prompts."""

    def make(
        passages: Passages | None = None, model: Any = None, complete: Callable[[str], Answer] | None = None
    ) -> Tools:
        def answer(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
            assert complete is not None, "nothing here asks the language model"
            return [complete(prompt.text) for prompt in prompts]

        return Tools(model or fake_model, answer, passages or Passages((), {}))

    return make


@pytest.fixture
def process(tools: Callable[..., Tools]) -> Callable[..., tuple[Chunk, ...]]:
    """The chunks one processor leaves of those found for one query."""

    def run(settings: Any, chunks: Sequence[Chunk], *, query: str = "query", **made_with: Any) -> tuple[Chunk, ...]:
        (found,) = built(settings)([Found(query, tuple(chunks))], tools(**made_with))
        assert found.query == query
        return found.chunks

    return run


def built(settings: Any) -> PostProcessor:
    return post_processors.build(post_processors.parse(settings))
