from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.generation import TokenScore
from pipelines.post_retrieval import Found, post_processors
from pipelines.records import Answer, Chunk, Prompt, Spent
from pipelines.tools import Passages, Tools


def chunks(texts: Sequence[str]) -> tuple[Chunk, ...]:
    return tuple(Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(texts))


@dataclass
class Likely:
    """Log-probabilities of the question's two tokens, by a word of the passage."""

    values: dict[str, tuple[float, float]]
    asked: list[tuple[str, str]] = field(default_factory=list)
    name: str = "likely"

    def log_probabilities(self, texts: Sequence[tuple[str, str]]) -> list[list[TokenScore]]:
        self.asked += texts
        found = [next(value for word, value in self.values.items() if word in given) for given, _ in texts]
        return [[TokenScore(0, 1, one), TokenScore(1, 2, two)] for one, two in found]


def test_passages_are_ordered_by_the_mean_likelihood_of_the_question(process: Any) -> None:
    model = Likely({"pump": (-1.0, -5.0), "valve": (-2.0, -3.0), "seal": (-3.0, -3.0)})
    found = process("llm_pointwise", chunks(["pump", "seal", "valve", "a seal"]), query="which one?", model=model)
    assert [chunk.text for chunk in found] == ["valve", "pump", "seal", "a seal"]  # -2.5, -3, -3, -3
    assert model.asked[0] == (
        "Passage: pump\nPlease write a question based on this passage.\nQuestion:",
        " which one?",
    )


def asking(replies: Any, calls: list[list[Prompt]], model: Any) -> Tools:
    def complete(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        calls.append(list(prompts))
        return [replies(prompt.text) for prompt in prompts]

    return Tools(model, complete, Passages((), {}))


@pytest.mark.parametrize("mode", ["ask", "auto"])
def test_a_model_without_probabilities_is_asked_in_one_call(mode: str, fake_model: Any) -> None:
    def reply(text: str) -> Answer:
        return Answer(" Yes." if "pump" in text.rpartition("Passage:")[2] else "No, yes", 9, 2, 0.5)

    calls: list[list[Prompt]] = []
    rerank = post_processors.build(post_processors.parse({"kind": "llm_pointwise", "mode": mode}))
    made = chunks(["a valve", "the\npump", "a seal", "pump {question}"])
    results = rerank([Found("q?", made, Spent(1, 1, 1.0)), Found("r?", made[:1])], asking(reply, calls, fake_model))
    assert [chunk.id for chunk in results[0].chunks] == ["c1", "c3", "c0", "c2"]
    assert [one.spent for one in results] == [Spent(37, 9, 3.0), Spent(9, 2, 0.5)]
    (prompts,) = calls
    assert len(prompts) == 5
    assert prompts[1].text.endswith("\n\nQuestion: q?\nPassage: the pump\nHelpful:")
    assert prompts[3].text.endswith("Passage: pump {question}\nHelpful:"), "a passage is data, never a template"
    assert all(prompt.text.startswith(prompt.prefix) and prompt.prefix.endswith("Question: ") for prompt in prompts)


def test_a_call_that_failed_counts_as_no(fake_model: Any) -> None:
    rerank = post_processors.build(post_processors.parse({"kind": "llm_pointwise", "mode": "ask"}))
    replies = {"one": Answer("", 0, 0, error="timeout"), "two": Answer("yes", 1, 1)}
    tools = asking(lambda text: replies[text.split("Passage: ")[-1].split()[0]], [], fake_model)
    (found,) = rerank([Found("q", chunks(["one", "two"]))], tools)
    assert [chunk.text for chunk in found.chunks] == ["two", "one"]


def test_likelihood_wants_a_model_with_probabilities(process: Any) -> None:
    with pytest.raises(UserError, match="mode likelihood needs token probabilities, and fake gives none; use mode"):
        process({"kind": "llm_pointwise", "mode": "likelihood"}, chunks(["pump"]))


@pytest.mark.slow
def test_the_embedded_model_prefers_the_passage_with_the_answer(process: Any) -> None:
    from pipelines.generation import language_models

    model = language_models.build(language_models.parse("embedded"))
    made = chunks(
        [
            "Lunch is served in the canteen from noon.",
            "The Eiffel Tower in Paris was built by Gustave Eiffel's company from 1887 to 1889.",
        ]
    )
    found = process("llm_pointwise", made, query="When was the Eiffel Tower built?", model=model)
    assert [chunk.id for chunk in found] == ["c1", "c0"]
