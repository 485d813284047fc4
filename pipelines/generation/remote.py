"""A language model behind an endpoint: many requests at a time, patient with a busy server, paid by tokens."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from pathlib import Path
from threading import Event, Lock
from time import monotonic, perf_counter
from typing import Any, TypeVar

from pydantic import ConfigDict, Field, model_validator

from pipelines.errors import UserError
from pipelines.generation import Timing
from pipelines.generation.endpoints import Endpoint, Messages, RefusedError, Reply, TransientError
from pipelines.records import Answer, Prompt
from pipelines.registry import StageConfig

Result = TypeVar("Result")


class RemoteConfig(StageConfig):
    """What all endpoints share: how hard they may be driven. None of it changes an answer."""

    model_config = ConfigDict(hide_input_in_errors=True)

    concurrency: int = Field(8, ge=1, le=256, description="requests under way at a time")
    attempts: int = Field(
        6, ge=1, le=20, description="tries of a request on HTTP 408, 429, 5xx, time-outs and broken connections"
    )
    requests_per_minute: float | None = Field(None, gt=0, description="most requests started in a minute")
    tokens_per_minute: float | None = Field(None, gt=0, description="most tokens asked for in a minute, both ways")

    @model_validator(mode="before")
    @classmethod
    def _hide_unknown(cls, data: Any) -> Any:
        """A misspelt field may hold a key, and errors carry what they refuse."""
        if not isinstance(data, dict):
            return data
        return {name: value if name in cls.model_fields else "" for name, value in data.items()}


class Pace:
    """Spreads a limit per minute evenly over the minute: no burst, so no window of a minute holds more."""

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60 / per_minute if per_minute else 0.0
        self._free = 0.0
        self._lock = Lock()

    def reserve(self, amount: float) -> float:
        """Seconds to wait before ``amount`` may be used; its place is taken from now on."""
        with self._lock:
            now = monotonic()
            start = max(now, self._free)
            self._free = start + amount * self._seconds_each
            return start - now

    def give_back(self, amount: float) -> None:
        """Return what was reserved and not used; below zero takes more."""
        with self._lock:
            self._free -= amount * self._seconds_each


class RemoteModel:
    """Implements ``LanguageModel`` over an ``Endpoint``.

    Tokens are those the endpoint counts; where it counts none, and in ``count_tokens``, as its vocabulary is not
    known, they are estimated at 4 characters a token, rounded up. ``Answer.seconds`` is 0: no machine of ours works,
    and the API is paid by the token.
    """

    paid_by_token = True

    def __init__(self, endpoint: Endpoint, config: RemoteConfig) -> None:
        self.endpoint = endpoint
        self.config = config
        self._requests = Pace(config.requests_per_minute)
        self._tokens = Pace(config.tokens_per_minute)

    @property
    def name(self) -> str:
        return self.endpoint.name

    @cached_property
    def identity(self) -> dict[str, str]:
        """Asked of the endpoint once. Raises ``UserError`` where it is not there, refuses the key or lacks the
        model."""
        try:
            return self._patiently(self.endpoint.identity, Event(), wait_if_absent=False)
        except (RefusedError, TransientError) as error:
            raise UserError(f"{self.endpoint.address}: {error}; start the endpoint or mend the address") from None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate: characters / 4, rounded up."""
        return [estimate(text) for text in texts]

    def chat(self, instruction: str, turns: Sequence[tuple[str, str]], question: str) -> str:
        """The chat as plain text. The endpoint's own template is out of reach; it is sent ``Prompt.messages``."""
        opening = [f"system: {instruction}"] if instruction else []
        shown = [f"user: {asked}\nassistant: {answered}" for asked, answered in turns]
        return "\n".join([*opening, *shown, f"user: {question}\nassistant:"])

    def generate(
        self, prompts: Sequence[Prompt], max_new_tokens: int, adapter: Path | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """Answers as they come, ``concurrency`` requests at a time. A request that fails for good is an answer with
        an ``error``. What concerns all requests (key, model, address) raises ``UserError``, once the answers under
        way have been yielded."""
        _refuse(adapter)
        return self._generate(prompts, max_new_tokens)

    def respond(self, prompt: Prompt, max_new_tokens: int, adapter: Path | None = None) -> tuple[Answer, Timing]:
        """One streamed request. The clock runs in the attempt that succeeds, or in the last; ``prefill`` ends with the
        first text, so the way there and back counts."""
        _refuse(adapter)
        started = first = 0.0

        def attempt() -> Reply:
            nonlocal started, first
            started, first, pieces = perf_counter(), 0.0, list[Reply]()
            for piece in self.endpoint.stream(messages_of(prompt), prompt.stop, max_new_tokens):
                first = first or (perf_counter() if piece.text else 0.0)
                pieces.append(piece)
            return _joined(pieces)

        answer = self._answer(prompt, max_new_tokens, attempt, Event())
        ended = perf_counter()
        read = first or ended
        return answer, Timing(read - started, ended - read)

    def trainable(self) -> tuple[Any, Any]:
        raise UserError(f"{self.endpoint.address}: an endpoint cannot be tuned here; take an llm of kind hf for it")

    def _generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        halt, fatal = Event(), None
        pool = ThreadPoolExecutor(self.config.concurrency)
        futures = {
            pool.submit(self._complete, prompt, max_new_tokens, halt): index for index, prompt in enumerate(prompts)
        }
        try:
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                if (error := future.exception()) is not None:
                    fatal = fatal or error
                    halt.set()
                    for waiting in futures:
                        waiting.cancel()
                elif not (halt.is_set() and future.result().error):
                    yield futures[future], future.result()
        finally:
            # Also when the caller stops early: no further request is sent, and nobody waits for those under way.
            halt.set()
            pool.shutdown(wait=False, cancel_futures=True)
        if fatal is not None:
            raise fatal

    def _complete(self, prompt: Prompt, max_new_tokens: int, halt: Event) -> Answer:
        messages = messages_of(prompt)
        return self._answer(
            prompt, max_new_tokens, lambda: self.endpoint.complete(messages, prompt.stop, max_new_tokens), halt
        )

    def _answer(self, prompt: Prompt, max_new_tokens: int, attempt: Callable[[], Reply], halt: Event) -> Answer:
        read = sum(estimate(content) for _, content in messages_of(prompt))
        expected = read + max_new_tokens

        def paced() -> Reply:
            if halt.wait(max(self._requests.reserve(1), self._tokens.reserve(expected))):
                raise RefusedError("the run was stopped")
            return attempt()

        try:
            reply = self._patiently(paced, halt)
        except (RefusedError, TransientError) as error:
            if isinstance(error, TransientError) and error.absent:
                raise UserError(f"{self.endpoint.address}: {error}; answers so far are kept, run again") from None
            return Answer("", 0, 0, error=str(error))
        written = estimate(reply.text) if reply.output_tokens is None else reply.output_tokens
        read = read if reply.prompt_tokens is None else reply.prompt_tokens
        self._tokens.give_back(expected - read - written)
        return Answer(cut(reply.text, prompt.stop), read, written, error=reply.error)

    def _patiently(self, attempt: Callable[[], Result], halt: Event, wait_if_absent: bool = True) -> Result:
        """Try until it succeeds, ``attempts`` times at most. Pauses are random up to 0.5, 1, 2, ... 30 seconds (full
        jitter), on top of what the endpoint asks for; ``halt`` ends them."""
        from tenacity import (
            Retrying,
            retry_if_exception,
            sleep_using_event,
            stop_after_attempt,
            stop_when_event_set,
            wait_exception,
            wait_random_exponential,
        )

        def worth_it(error: BaseException) -> bool:
            return isinstance(error, TransientError) and (wait_if_absent or not error.absent)

        retrying = Retrying(
            retry=retry_if_exception(worth_it),
            stop=stop_after_attempt(self.config.attempts) | stop_when_event_set(halt),
            wait=wait_random_exponential(multiplier=0.5, max=30)
            + wait_exception(lambda error: getattr(error, "retry_after", 0.0)),
            sleep=sleep_using_event(halt),
            reraise=True,
        )
        return retrying(attempt)


def messages_of(prompt: Prompt) -> Messages:
    """The prompt's turns; plain text is what the user says."""
    return prompt.messages or (("user", prompt.text),)


def estimate(text: str) -> int:
    """Tokens of a text whose vocabulary is not known: characters / 4, rounded up."""
    return math.ceil(len(text) / 4)


def cut(text: str, stop: Sequence[str]) -> str:
    """The text up to the first of the stop strings, stripped: not every endpoint takes them."""
    found = [place for end in stop if (place := text.find(end)) >= 0]
    return text[: min(found, default=None)].strip()


def _joined(pieces: Sequence[Reply]) -> Reply:
    """The pieces of a stream as one reply; counts and error are the last that were given."""
    read = [piece.prompt_tokens for piece in pieces if piece.prompt_tokens is not None]
    written = [piece.output_tokens for piece in pieces if piece.output_tokens is not None]
    errors = [piece.error for piece in pieces if piece.error]
    return Reply(
        "".join(piece.text for piece in pieces),
        read[-1] if read else None,
        written[-1] if written else None,
        errors[-1] if errors else "",
    )


def _refuse(adapter: Path | None) -> None:
    if adapter is not None:
        raise UserError("llm: an endpoint cannot load an adapter; compare tuned weights on an llm of kind hf")
