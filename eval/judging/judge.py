"""The judge: any language model, or any function from a prompt to a text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

from pipelines.errors import UserError
from pipelines.generation import LanguageModel
from pipelines.records import Answer, Prompt

Ask = Callable[[Sequence[str], int], Iterable[tuple[int, Answer]]]

_INPUT = "Now perform the same with the following input\ninput: "
"""Where the part that all prompts of a ragas metric share ends."""
_STOP = ("\nExample ", "\n-----")
"""A model that was not tuned to chat goes on with another example."""


@dataclass(frozen=True)
class Judge:
    """``ask`` takes prompts and the most new tokens, and yields (index of the prompt, answer) in no particular
    order, as ``LanguageModel.generate`` does. It is taken to be greedy: equal prompts are asked once."""

    name: str
    ask: Ask


def judge_from(model: Any, name: str = "", form: Literal["chat", "completion"] = "chat") -> Judge:
    """The judge that ``model`` makes: a ``LanguageModel``, a LangChain chat model, or a function from a prompt to a
    text (or to an ``Answer``, which tells its tokens). What a function raises is not caught. ``name`` replaces the
    model's own. ``form`` is for a ``LanguageModel``: its chat template, or plain text to continue.
    Raises ``UserError`` for anything else."""
    if isinstance(model, Judge):
        return model
    if hasattr(model, "count_tokens") and hasattr(model, "chat"):
        return Judge(name or model.name, _of_language_model(model, form))
    if hasattr(model, "batch") and hasattr(model, "invoke"):
        own = getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__
        return Judge(name or str(own), _of_langchain(model))
    if callable(model):
        return Judge(name or getattr(model, "__name__", type(model).__name__), _of_function(model))
    raise UserError(f"judge.llm: a {type(model).__name__} is neither a language model nor a function of a prompt")


def _of_language_model(model: LanguageModel, form: str) -> Ask:
    def ask(prompts: Sequence[str], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        return model.generate([_prompt(model, prompt, form) for prompt in prompts], max_new_tokens)

    return ask


def _prompt(model: LanguageModel, prompt: str, form: str) -> Prompt:
    text = model.chat("", (), prompt) if form == "chat" else prompt.rstrip()
    shared, marker, _ = text.rpartition(_INPUT)
    return Prompt(text, shared + marker, stop=_STOP, messages=(("user", prompt),) if form == "chat" else ())


def _of_langchain(model: Any) -> Ask:
    def ask(prompts: Sequence[str], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        started = perf_counter()
        # The length of an answer is the chat model's own setting, whose name differs from one to the next.
        replies = model.batch(list(prompts), return_exceptions=True)
        seconds = (perf_counter() - started) / max(1, len(prompts))
        for index, reply in enumerate(replies):
            if isinstance(reply, BaseException):
                yield index, Answer("", 0, 0, seconds, error=f"{type(reply).__name__}: {reply}")
            else:
                tokens = getattr(reply, "usage_metadata", None) or {}
                text = str(getattr(reply, "text", reply))
                yield index, Answer(text, tokens.get("input_tokens", 0), tokens.get("output_tokens", 0), seconds)

    return ask


def _of_function(function: Callable[[str], str | Answer]) -> Ask:
    def ask(prompts: Sequence[str], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        for index, prompt in enumerate(prompts):
            started = perf_counter()
            reply = function(prompt)
            yield index, reply if isinstance(reply, Answer) else Answer(reply, 0, 0, perf_counter() - started)

    return ask
