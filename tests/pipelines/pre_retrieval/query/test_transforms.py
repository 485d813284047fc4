"""The query transforms with scripted answers: one request, what is searched for, and when the question stands in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.pre_retrieval.query import Queries, query_transforms
from pipelines.prompt_files import fill
from pipelines.records import Answer, Prompt, Spent
from pipelines.tools import Tools

QUESTION = "How high is the older tower?"
KINDS = ("rewrite", "hyde", "multi_query", "step_back", "decompose")
BESIDE = ("hyde", "multi_query", "step_back", "decompose")
LISTS = ("multi_query", "decompose")


class Scripted:
    """A ``Complete`` that gives the answers in order and records its requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[list[Prompt], int]] = []

    def __call__(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        self.requests.append((list(prompts), max_new_tokens))
        return [self.answers.pop(0) for _ in prompts]


@pytest.fixture
def transform(fake_model: Any) -> Callable[..., list[Queries]]:
    def run(config: Any, questions: Sequence[str], complete: Scripted) -> list[Queries]:
        return query_transforms.build(query_transforms.parse(config))(questions, Tools(fake_model, complete))

    return run


def test_a_rewritten_query_takes_the_place_of_the_question(transform: Callable[..., list[Queries]]) -> None:
    told = Scripted(Answer('"older tower height"', 40, 5, 0.5))
    assert transform("rewrite", [QUESTION], told) == [Queries(("older tower height",), Spent(40, 5, 0.5))]
    told = Scripted(Answer("older tower height", 40, 5))
    (found,) = transform({"kind": "rewrite", "with_question": True}, [QUESTION], told)
    assert found.texts == (QUESTION, "older tower height")


@pytest.mark.parametrize("kind", BESIDE)
def test_the_question_is_searched_for_first(kind: str, transform: Callable[..., list[Queries]]) -> None:
    told = Scripted(Answer("Towers of the city?", 40, 5, 0.5))
    assert transform(kind, [QUESTION], told) == [Queries((QUESTION, "Towers of the city?"), Spent(40, 5, 0.5))]


def test_hyde_can_search_for_the_passage_alone(transform: Callable[..., list[Queries]]) -> None:
    told = Scripted(Answer("The older tower is 96 m high.", 40, 8))
    (found,) = transform({"kind": "hyde", "with_question": False}, [QUESTION], told)
    assert found.texts == ("The older tower is 96 m high.",)


@pytest.mark.parametrize("kind", LISTS)
def test_lists_are_read_up_to_their_limit(kind: str, transform: Callable[..., list[Queries]]) -> None:
    written = (
        f"Which tower is older?\n2. {QUESTION}\n3. How high is tower A?\n4. How high is tower B?\n5. And C?\n6. D?"
    )
    (found,) = transform(kind, [QUESTION], Scripted(Answer(written, 50, 30)))
    expected = (QUESTION, "Which tower is older?", "How high is tower A?", "How high is tower B?", "And C?")
    assert found.texts == expected[: 4 if kind == "multi_query" else 5]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "answer",
    [
        Answer("", 40, 1, 0.5),
        Answer("1.\n--", 40, 1, 0.5),
        Answer("how high is the OLDER tower", 40, 1, 0.5),
        Answer("x" * 5000, 40, 1, 0.5),
        Answer("a good query", 40, 1, 0.5, error="the endpoint is down"),
    ],
    ids=["empty", "marks", "the question again", "too long", "failed"],
)
def test_nothing_usable_falls_back_to_the_question(
    kind: str, answer: Answer, transform: Callable[..., list[Queries]]
) -> None:
    assert transform(kind, [QUESTION], Scripted(answer)) == [Queries((QUESTION,), Spent(40, 1, 0.5), fell_back=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_all_questions_are_one_request(kind: str, transform: Callable[..., list[Queries]]) -> None:
    told = Scripted(Answer("first one", 1, 1), Answer("", 1, 1), Answer("third one", 1, 1))
    questions = ["Q one?", "Q two?", "Q three?"]
    found = transform(kind, questions, told)
    ((prompts, _),) = told.requests
    for question, prompt in zip(questions, prompts, strict=True):
        assert f"Question: {question}" in prompt.text
    assert [one.texts[-1] for one in found] == ["first one", "Q two?", "third one"]
    assert [one.fell_back for one in found] == [False, True, False]
    assert len({prompt.prefix for prompt in prompts}) == 1
    assert all(prompt.prefix and prompt.text.startswith(prompt.prefix) for prompt in prompts)
    assert all(prompt.text == prompt.text.rstrip() and "{" not in prompt.text for prompt in prompts)
    assert all(prompt.stop == (("\n\n", "Question:") if kind in LISTS else ("\n",)) for prompt in prompts)


@pytest.mark.parametrize("kind", KINDS)
def test_no_question_is_no_request(kind: str, transform: Callable[..., list[Queries]]) -> None:
    told = Scripted()
    assert transform(kind, [], told) == []
    assert told.requests == []


def test_a_user_may_bring_a_prompt(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Search for: {question}\n->\n", encoding="utf-8")
    config = query_transforms.parse({"kind": "rewrite", "prompt": "mine.txt"}, {"folder": tmp_path})
    assert fill(config.prompt, question="{x}?") == "Search for: {x}?\n->\n"  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_embedded_model_writes_usable_queries() -> None:
    from pipelines.generation import language_models

    model = language_models.build(language_models.parse("embedded"))

    def complete(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        answers = dict(model.generate(prompts, max_new_tokens))
        return [answers[place] for place in range(len(prompts))]

    questions = ["who got the first nobel prize in physics", "On what day did incident IR-2610 take place?"]
    config = query_transforms.parse({"kind": "decompose", "max_new_tokens": 24})
    found = query_transforms.build(config)(questions, Tools(model, complete))
    assert [one.texts[0] for one in found] == questions
    assert not any(one.fell_back for one in found)
    assert all(one.spent.prompt_tokens > 100 and one.spent.output_tokens > 0 for one in found)
