"""Any language model as an OpenAI-compatible endpoint: ``GET /v1/models`` and ``POST /v1/chat/completions``.

Decoding is greedy whatever temperature and seed are asked for. Messages go through the model's own chat template; with
``"assay_plain": true`` in the request, a single user message is continued as plain text instead. Where there is no
``stop`` the answer ends with the model's end token or at ``max_tokens``.

One request works at a time, as local decoders are not safe to share. Requests that come meanwhile wait and are then
answered together in one batch. A streamed request is answered alone, which is the way of measuring latency; local
models give their text whole, so the stream holds it in one piece.

There is no key and no user: bind the server to this machine, or put a proxy in front.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from assay.fingerprint import fingerprint
from pipelines.generation import LanguageModel
from pipelines.records import Answer, Prompt

if TYPE_CHECKING:
    from fastapi import FastAPI

LONGEST_ANSWER = 256
"""Tokens, where a request sets no limit."""


class TextPart(BaseModel):
    """A part of a message; only text is read here."""

    type: Literal["text"] = "text"
    text: str


class Message(BaseModel):
    """One turn of the chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """The content as one text."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a streamed answer may end with."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The fields of the API that are heeded; others are ignored."""

    model: str
    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: str | list[str] | None = None
    n: Literal[1] | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    assay_plain: bool = False

    @property
    def limit(self) -> int:
        """The longest answer, in tokens."""
        return self.max_completion_tokens or self.max_tokens or LONGEST_ANSWER


class Batcher:
    """Answers requests that wait together in one call of ``generate``."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self._lock = Lock()
        self._waiting: SimpleQueue[tuple[Prompt, int, Future[Answer]]] = SimpleQueue()

    def alone(self, prompt: Prompt, limit: int) -> Answer:
        """The answer of a request that shares no batch."""
        with self._lock:
            return self.model.respond(prompt, limit)[0]

    def together(self, prompt: Prompt, limit: int) -> Answer:
        """The answer, after whatever works now. Who gets the lock first answers for all who wait."""
        future: Future[Answer] = Future()
        self._waiting.put((prompt, limit, future))
        with self._lock:
            if not future.done():
                self._answer_waiting()
        return future.result()

    def _answer_waiting(self) -> None:
        by_limit: dict[int, list[tuple[Prompt, Future[Answer]]]] = {}
        try:
            while True:
                prompt, limit, future = self._waiting.get_nowait()
                by_limit.setdefault(limit, []).append((prompt, future))
        except Empty:
            pass
        try:
            for limit, batch in by_limit.items():
                for index, answer in self.model.generate([prompt for prompt, _ in batch], limit):
                    batch[index][1].set_result(answer)
        finally:
            # Where the model failed its error goes to who asked it; the others must not wait for ever.
            for _, future in (pair for batch in by_limit.values() for pair in batch):
                if not future.done():
                    future.set_exception(RuntimeError("the model failed on this batch"))


def openai_app(model: LanguageModel, name: str) -> "FastAPI":
    """The app that serves ``model`` under ``name``; run it with uvicorn. The version it reports is a hash of the
    model's identity, so that other weights under the same name are noticed."""
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, StreamingResponse

    app = FastAPI(title=f"Assay: {name}", docs_url=None, redoc_url=None, openapi_url=None)
    batcher = Batcher(model)
    card = {"id": name, "object": "model", "created": 0, "owned_by": "assay", "version": fingerprint(model.identity)}

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problem = error.errors()[0]
        # Of broken JSON the place is a number of bytes, of a body that is no object it is empty.
        named = problem["loc"] if problem["type"] != "json_invalid" else ()
        place = ".".join(str(part) for part in named if part != "body") or "body"
        said = problem["msg"]
        if place == "body" and "json" not in request.headers.get("content-type", ""):
            said = "send JSON, with the header Content-Type: application/json"
        return JSONResponse(_error(f"{place}: {said}", "invalid_request"), 400)

    @app.exception_handler(404)
    def unknown(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(
            _error(f"there is nothing at {request.url.path}; ask /v1/chat/completions", "not_found"), 404
        )

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [card]}

    @app.post("/v1/chat/completions", response_model=None)
    def chat_completions(request: ChatRequest) -> JSONResponse | StreamingResponse:
        if request.model != name:
            return JSONResponse(_error(f"there is no model {request.model!r}, only {name!r}", "model_not_found"), 404)
        prompt = prompt_of(request, model)
        if isinstance(prompt, str):
            return JSONResponse(_error(prompt, "invalid_request"), 400)
        answer = (batcher.alone if request.stream else batcher.together)(prompt, request.limit)
        if answer.error:
            return JSONResponse(_error(answer.error, "invalid_request"), 400)
        if request.stream:
            return StreamingResponse(_events(name, answer, request), media_type="text/event-stream")
        message = {"message": {"role": "assistant", "content": answer.text}}
        choice = {"index": 0, **message, "finish_reason": _reason(answer, request.limit)}
        return JSONResponse({**_head(name, "chat.completion"), "choices": [choice], "usage": _usage(answer)})

    return app


def prompt_of(request: ChatRequest, model: LanguageModel) -> Prompt | str:
    """The prompt of a request, or what is wrong with its messages: a system message may come first, then user and
    assistant take turns, the user having the last word."""
    stop = (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())
    said = [(message.role, message.text) for message in request.messages]
    if request.assay_plain:
        if len(said) != 1 or said[0][0] != "user":
            return "messages: assay_plain takes a single message, of the user"
        return Prompt(said[0][1], stop=stop)
    messages = tuple(said)
    instruction = said.pop(0)[1] if said[0][0] in ("system", "developer") else ""
    asked, answered = said[::2], said[1::2]
    roles = ["user", "assistant"] * len(said)
    if len(said) % 2 == 0 or [role for role, _ in said] != roles[: len(said)]:
        return "messages: user and assistant take turns, after a system message or none, and the user comes last"
    turns = [(question, answer) for (_, question), (_, answer) in zip(asked, answered, strict=False)]
    return Prompt(model.chat(instruction, turns, asked[-1][1]), stop=stop, messages=messages)


def _head(name: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-assay", "object": kind, "created": 0, "model": name}


def _reason(answer: Answer, limit: int) -> str:
    return "length" if answer.output_tokens >= limit else "stop"


def _usage(answer: Answer) -> dict[str, int]:
    read, written = answer.prompt_tokens, answer.output_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _events(name: str, answer: Answer, request: ChatRequest) -> Iterator[str]:
    """Server-sent events: the text in one piece, the reason it ended, what it used where that is asked for, the end."""
    head = _head(name, "chat.completion.chunk")
    delta = {"role": "assistant", "content": answer.text}
    events: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
        ([{"index": 0, "delta": delta, "finish_reason": None}], {}),
        ([{"index": 0, "delta": {}, "finish_reason": _reason(answer, request.limit)}], {}),
    ]
    if request.stream_options.include_usage:
        events.append(([], {"usage": _usage(answer)}))
    for choices, more in events:
        yield f"data: {json.dumps({**head, 'choices': choices, **more})}\n\n"
    yield "data: [DONE]\n\n"


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}
