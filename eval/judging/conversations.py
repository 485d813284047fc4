"""Many conversations with one judge, in step.

ragas awaits one prompt at a time. Each of its judgements is a coroutine, and none waits for anything but the judge. So
all are run until they ask; what was asked then goes to the judge in one batch; and all go on with their answers. There
is no event loop, so this works inside a notebook's, and batches do not depend on timing.
"""

from collections.abc import Callable, Coroutine, Generator, Sequence
from types import coroutine
from typing import Any, TypeVar

from eval.judging.judge import Judge
from eval.judging.results import JudgeUsage
from pipelines.records import Answer

Result = TypeVar("Result")
Conversation = Coroutine[str, Answer, Result]
Progress = Callable[[int, int], None]
"""Called with the number of judge calls answered and made so far."""


@coroutine
def asked(prompt: str) -> Generator[str, Answer, Answer]:
    """Await the judge's answer to ``prompt``; for use inside a conversation only."""
    return (yield prompt)


def hold(
    conversations: Sequence[Conversation[Result]], judge: Judge, max_new_tokens: int, progress: Progress | None = None
) -> tuple[list[Result], JudgeUsage]:
    """What each conversation returns, and what the judge took. Equal prompts are asked once. A prompt that the judge
    leaves out is an answer with ``error``; what the judge or a conversation raises ends them all."""
    results: dict[int, Result] = {}
    answers: dict[str, Answer] = {}
    try:
        waiting = _step(dict.fromkeys(range(len(conversations))), conversations, results)
        while waiting:
            new = [prompt for prompt in dict.fromkeys(waiting.values()) if prompt not in answers]
            answers |= _answered(new, judge, max_new_tokens, len(answers), progress)
            waiting = _step({index: answers[prompt] for index, prompt in waiting.items()}, conversations, results)
    finally:
        for conversation in conversations:
            conversation.close()
    return [results[index] for index in range(len(conversations))], _usage(answers.values())


def _step(
    answers: dict[int, Any], conversations: Sequence[Conversation[Result]], results: dict[int, Result]
) -> dict[int, str]:
    """Hand out the answers (None to start) and run each conversation up to its next prompt."""
    waiting = {}
    for index, answer in answers.items():
        try:
            waiting[index] = conversations[index].send(answer)
        except StopIteration as end:
            results[index] = end.value
    return waiting


def _answered(
    prompts: list[str], judge: Judge, max_new_tokens: int, before: int, progress: Progress | None
) -> dict[str, Answer]:
    found = dict.fromkeys(prompts, Answer("", 0, 0, error="the judge gave no answer"))
    if prompts:
        for count, (index, answer) in enumerate(judge.ask(prompts, max_new_tokens), start=1):
            found[prompts[index]] = answer
            if progress is not None:
                progress(before + count, before + len(prompts))
    return found


def _usage(answers: Any) -> JudgeUsage:
    usage = JudgeUsage()
    for one in answers:
        usage += JudgeUsage(
            calls=1, prompt_tokens=one.prompt_tokens, output_tokens=one.output_tokens, seconds=one.seconds
        )
    return usage
