from collections.abc import Iterator, Sequence

import pytest

from eval.judging.conversations import asked, hold
from eval.judging.judge import Judge
from pipelines.records import Answer


class Recorder:
    """Answers in reverse order, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def ask(self, prompts: Sequence[str], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        self.batches.append(list(prompts))
        for index in reversed(range(len(prompts))):
            yield index, Answer(prompts[index].upper(), 2, 1, 0.5)


async def talk(*prompts: str) -> list[str]:
    return [(await asked(prompt)).text for prompt in prompts]


def test_conversations_go_in_step_and_every_step_is_one_batch() -> None:
    recorder = Recorder()
    said, usage = hold([talk("a", "b"), talk("c", "d", "e"), talk("f")], Judge("judge", recorder.ask), 8)
    assert said == [["A", "B"], ["C", "D", "E"], ["F"]]
    assert recorder.batches == [["a", "c", "f"], ["b", "d"], ["e"]]
    assert (usage.calls, usage.prompt_tokens, usage.output_tokens, usage.seconds) == (6, 12, 6, 3.0)


def test_equal_prompts_are_asked_once() -> None:
    recorder = Recorder()
    said, usage = hold([talk("a", "a", "b"), talk("a", "b")], Judge("judge", recorder.ask), 8)
    assert said == [["A", "A", "B"], ["A", "B"]]
    assert recorder.batches == [["a"], ["b"]]
    assert usage.calls == 2


def test_progress_counts_answers_against_calls() -> None:
    seen: list[tuple[int, int]] = []
    hold([talk("a", "b"), talk("c")], Judge("judge", Recorder().ask), 8, lambda done, made: seen.append((done, made)))
    assert seen == [(1, 2), (2, 2), (3, 3)]


def test_prompt_without_an_answer_is_an_error_answer() -> None:
    async def error() -> str:
        return (await asked("a")).error

    assert hold([error()], Judge("silent", lambda prompts, most: []), 8)[0] == ["the judge gave no answer"]


def test_what_the_judge_raises_is_not_swallowed() -> None:
    def broken(prompts: Sequence[str], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        raise RuntimeError("the key is not valid")

    with pytest.raises(RuntimeError, match="key"):
        hold([talk("a"), talk("b")], Judge("broken", broken), 8)


def test_no_conversation_asks_nothing() -> None:
    recorder = Recorder()
    assert hold([], Judge("judge", recorder.ask), 8)[0] == []
    assert recorder.batches == []
