"""A model behind any OpenAI-compatible endpoint: OpenAI, vLLM, Ollama, llama.cpp, most vendors.

Requests go to ``POST /chat/completions`` through the ``openai`` client, whose own retries are off. They ask for greedy
decoding with a seed; an endpoint that refuses one of the usual fields stops the run with a line that says which to
leave out, rather than being asked for something else in silence.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipelines.errors import UserError
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.endpoints import (
    NAMED,
    Fields,
    Messages,
    RefusedError,
    Reply,
    TransientError,
    failure,
    status_of,
    translated,
)
from pipelines.generation.remote import RemoteConfig, RemoteModel
from pipelines.registry import nearest

if TYPE_CHECKING:
    from openai import OpenAI

_CONNECT_SECONDS = 10.0
_STOP_STRINGS = 4
"""How many the API takes; the rest is cut here."""
_NOT_LISTING = (404, 405, 501)
_VERSION = ("version", "root", "max_model_len")
"""What servers say about a model beside its name. Not ``created``: some give the time of the request."""
_UNKNOWN_FIELD = re.compile(r"unsupported|not support|unrecogni[sz]ed|unknown|extra|not permitted", re.IGNORECASE)
_KEY_FIELD = {
    "api_key": {"type": "string", "pattern": NAMED.pattern, "description": "another way to name the variable"}
}
_OWN = {"model", "messages", "stream", "max_tokens", "max_completion_tokens"}


class OpenAIModel(RemoteConfig):
    """A model behind any OpenAI-compatible endpoint, paid by tokens."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema["properties"].update(_KEY_FIELD))

    kind: Literal["openai"] = "openai"
    model: str = Field(min_length=1, description="the model's name at the endpoint")
    base_url: str = Field("https://api.openai.com/v1", description="address of the API, mostly ending in /v1")
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        description="environment variable with the key, empty for none; may be written as api_key: ${NAME}",
    )
    timeout: float = Field(60, gt=0, description="seconds for a request, one attempt")
    limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="request field for the longest answer; OpenAI's newer models take the second"
    )
    parameters: dict[str, JsonValue] = Field(
        default={},
        description="more fields of the request; null leaves out temperature, seed, stop or stream_options",
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_no_secret(cls, data: Any) -> Any:
        """Problems are raised without their input, which may be the key."""
        if not isinstance(data, dict):
            return data
        if "api_key" in data:
            named = NAMED.fullmatch(str(data["api_key"]))
            if named is None:
                raise _refused("api_key", "write ${NAME}, the environment variable with the key; never the key itself")
            data = {**{name: value for name, value in data.items() if name != "api_key"}, "api_key_env": named[1]}
        if not re.fullmatch(r"([A-Z][A-Z0-9_]*)?", str(data.get("api_key_env", ""))):
            raise _refused("api_key_env", "name an environment variable, in capitals; never the key itself")
        if isinstance(url := data.get("base_url"), str):
            parts = urlsplit(url)
            if "@" in url or parts.query or parts.fragment:
                raise _refused("base_url", "an address without user, password or query; the key goes to api_key")
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise _refused("base_url", "an address that starts with http:// or https://")
            data = {**data, "base_url": url.rstrip("/")}
        if isinstance(more := data.get("parameters"), dict) and (taken := _OWN.intersection(more)):
            raise _refused("parameters", f"{', '.join(sorted(taken))}: set by Assay itself")
        return data


def _refused(field: str, message: str) -> ValidationError:
    problem = PydanticCustomError("refused", "{message}", {"message": message})
    return ValidationError.from_exception_data("OpenAIModel", [InitErrorDetails(type=problem, loc=(field,), input="")])


@dataclass(frozen=True)
class OpenAIEndpoint:
    """Implements ``Endpoint``."""

    config: OpenAIModel

    @property
    def name(self) -> str:
        return self.config.model

    @property
    def address(self) -> str:
        return f"llm.base_url {self.config.base_url}"

    def identity(self) -> dict[str, str]:
        """Lists the endpoint's models, which costs nothing. A model that is not listed (or an endpoint that lists
        none) is asked for one token."""
        listed = self._listed()
        if self.name not in listed:
            try:
                self.complete([("user", "Hello")], (), 1)
            except UserError as error:
                raise UserError(f"{error}; {nearest(self.name, listed)}" if listed else str(error)) from None
        about = listed.get(self.name, {})
        version = {name: about[name] for name in _VERSION if isinstance(about.get(name), str | int)}
        asked = self._body([], ("\n",), 0)
        return {"endpoint": self.config.base_url, "model": self.name, "version": str(version), "request": str(asked)}

    def complete(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Reply:
        """One request, one reply."""
        import httpx

        body = self._body(messages, stop, max_new_tokens)
        with translated(self._failure):
            return _read(self._client.post("/chat/completions", cast_to=httpx.Response, body=body).json(), "message")

    def stream(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Iterator[Reply]:
        """Pieces as they come; a stream that ends without saying why was broken off."""
        from openai import Stream

        ends, finished = monotonic() + self.config.timeout, False
        body = self._body(messages, stop, max_new_tokens, stream=True)
        with (
            translated(self._failure),
            self._client.post(
                "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=Stream[object]
            ) as events,
        ):
            for event in events:
                if monotonic() > ends:
                    raise TransientError("no reply in time")
                piece = _read(event, "delta")
                finished = finished or piece.finished
                yield piece
            if not finished:
                raise TransientError("the connection broke off")

    @cached_property
    def _client(self) -> "OpenAI":
        import httpx
        from openai import OpenAI

        seconds = httpx.Timeout(self.config.timeout, connect=min(self.config.timeout, _CONNECT_SECONDS))
        return OpenAI(base_url=self.config.base_url, api_key=self._key, timeout=seconds, max_retries=0)

    def _key(self) -> str:
        """Read when a request is made. The client wants some key even where the endpoint does not."""
        name = self.config.api_key_env
        if not name:
            return "none"
        key = os.environ.get(name, "").strip()
        if not key:
            raise UserError(f"llm.api_key_env: {name} is not set; set it, or write api_key_env: '' where no key is due")
        if not (key.isascii() and key.isprintable()):
            raise UserError(f"llm.api_key_env: {name} holds characters that no key has; set it again")
        return key

    def _body(
        self, messages: Messages, stop: Sequence[str], max_new_tokens: int, *, stream: bool = False
    ) -> dict[str, Any]:
        usual = {
            "model": self.name,
            "messages": [{"role": role, "content": content} for role, content in messages],
            "temperature": 0,
            "seed": 0,
            "stop": list(stop[:_STOP_STRINGS]) or None,
            self.config.limit_field: max_new_tokens,
            **({"stream": True, "stream_options": {"include_usage": True}} if stream else {}),
        }
        return {name: value for name, value in (usual | self.config.parameters).items() if value is not None}

    def _listed(self) -> dict[str, dict[str, Any]]:
        """What the endpoint says about each of its models; empty where it does not list them."""
        import httpx
        from openai import OpenAIError

        try:
            listed = self._client.get("/models", cast_to=httpx.Response).json()
        except (OpenAIError, ValueError) as error:
            found = self._failure(error)
            if isinstance(found, RefusedError) or status_of(error) in _NOT_LISTING:
                return {}
            raise found from None
        models = listed.get("data") if isinstance(listed, dict) else None
        return {model["id"]: model for model in models or () if isinstance(model, dict) and "id" in model}

    def _failure(self, error: Exception) -> Exception:
        config = self.config
        key = f"llm.api_key_env {config.api_key_env or '(none)'}"
        secrets = frozenset({config.api_key_env} - {""})
        found = failure(error, Fields(self.address, key, f"llm.model {self.name!r}", secrets))
        if isinstance(found, RefusedError) and status_of(error) in (400, 422) and _UNKNOWN_FIELD.search(str(error)):
            fields = [config.limit_field, "temperature", "seed", "stop", "stream_options", *config.parameters]
            for name in fields:
                if name in str(error):
                    hint = "set limit_field to the other" if name == config.limit_field else f"set {name} to null"
                    return UserError(f"llm.parameters: {self.address} refuses {name} ({found}); {hint}")
        return found


def _read(data: Any, part: Literal["message", "delta"]) -> Reply:
    """A reply, or a piece of one, from the JSON of the API."""
    choices = data.get("choices") if isinstance(data, dict) else None
    if not choices and part == "message":
        raise RefusedError("the reply has no choices")
    usage = (data.get("usage") if isinstance(data, dict) else None) or {}
    choice = choices[0] if choices else {}
    text, reason = (choice.get(part) or {}).get("content"), choice.get("finish_reason")
    # A reply without text is paid for all the same, as when reasoning used up all tokens.
    lacking = part == "message" and not isinstance(text, str)
    return Reply(
        text or "",
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        error=f"the reply has no text (finish_reason {reason})" if lacking else "",
        finished=bool(reason),
    )


@language_models.kind(OpenAIModel)
def openai(config: OpenAIModel) -> LanguageModel:
    """Asks nothing of the endpoint yet."""
    return RemoteModel(OpenAIEndpoint(config), config)
