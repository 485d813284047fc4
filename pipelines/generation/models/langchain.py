"""Any LangChain chat model, by the import path of its class or of a function that returns one.

Time-outs are the class's own, given in ``arguments``; its own retries are best switched off there, as requests are
tried again here. Only what is a chat model, or is annotated to return one, is called: an experiment file cannot run
anything else.
"""

import importlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any, Literal, get_type_hints

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipelines.errors import UserError
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.endpoints import NAMED, Fields, Messages, Reply, failure, scrub, translated
from pipelines.generation.remote import RemoteConfig, RemoteModel

_SECRET = re.compile(r"(key|token|secret|password|credentials?|authorization)$", re.IGNORECASE)


class LangChainModel(RemoteConfig):
    """Any LangChain chat model, by the import path of its class or of a function that returns one."""

    kind: Literal["langchain"] = "langchain"
    factory: str = Field(pattern=r"^\w+(\.\w+)*:\w+$", description="import path, such as langchain_openai:ChatOpenAI")
    arguments: dict[str, JsonValue] = Field(
        default={}, description="its keyword arguments, temperature and time-out among them; keys as ${NAME}"
    )
    limit_argument: str = Field(
        "max_tokens", description="argument of a call that limits the answer (Ollama: num_predict); empty for none"
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_no_secret(cls, data: Any) -> Any:
        """Problems are raised without their input, which may be the key."""
        if isinstance(data, dict) and (field := _written_out(data.get("arguments"), ("arguments",))):
            message = "write ${NAME}, the environment variable with the secret; never the secret itself"
            problem = PydanticCustomError("refused", "{message}", {"message": message})
            detail = InitErrorDetails(type=problem, loc=field, input="")
            raise ValidationError.from_exception_data(cls.__name__, [detail])
        return data


def _written_out(value: Any, place: tuple[str, ...]) -> tuple[str, ...]:
    """Where a secret stands in the arguments; empty where none does."""
    if isinstance(value, list):
        value = {str(number): item for number, item in enumerate(value)}
    if isinstance(value, dict):
        return next((found for name, item in value.items() if (found := _written_out(item, (*place, str(name))))), ())
    return place if isinstance(value, str) and _SECRET.search(place[-1]) and not NAMED.search(value) else ()


@dataclass(frozen=True)
class LangChainEndpoint:
    """Implements ``Endpoint``."""

    config: LangChainModel

    @property
    def name(self) -> str:
        """What the arguments call the model, or else the factory."""
        named = self.config.arguments.get("model") or self.config.arguments.get("model_name")
        return str(named or self.config.factory)

    @property
    def address(self) -> str:
        return f"llm.factory {self.config.factory}"

    def identity(self) -> dict[str, str]:
        """Makes the model. LangChain has no way to ask whether an endpoint is there; the first request shows it."""
        _ = self._model
        package = self.config.factory.partition(":")[0].partition(".")[0]
        versions = [f"{name}=={metadata.version(name)}" for name in metadata.packages_distributions().get(package, [])]
        arguments = json.dumps(self.config.arguments, sort_keys=True)
        return {"factory": self.config.factory, "arguments": arguments, "version": " ".join(sorted({*versions}))}

    def complete(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Reply:
        """One call of ``invoke``."""
        with translated(self._failure):
            return _read(self._model.invoke(list(messages), stop=list(stop) or None, **self._limit(max_new_tokens)))

    def stream(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Iterator[Reply]:
        """Pieces as they come."""
        with translated(self._failure):
            limit = self._limit(max_new_tokens)
            for piece in self._model.stream(list(messages), stop=list(stop) or None, **limit):
                yield _read(piece)

    def _limit(self, max_new_tokens: int) -> dict[str, Any]:
        return {self.config.limit_argument: max_new_tokens} if self.config.limit_argument else {}

    @cached_property
    def _model(self) -> Any:
        from langchain_core.language_models import BaseChatModel

        module, _, name = self.config.factory.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise UserError(f"{self.address}: cannot be imported ({error}); install it or mend the path") from None
        made = found if isinstance(found, type) else get_type_hints(found).get("return") if callable(found) else None
        if not (isinstance(made, type) and issubclass(made, BaseChatModel)):
            raise UserError(f"{self.address}: neither a LangChain chat model nor annotated to return one")
        try:
            return found(**{name: _filled(value) for name, value in self.config.arguments.items()})
        except (TypeError, ValueError, ImportError) as error:
            reason = scrub(_reason(error), self._secrets)
            raise UserError(f"llm.arguments: {self.config.factory} refuses them ({reason})") from None

    @property
    def _secrets(self) -> frozenset[str]:
        return frozenset(NAMED.findall(json.dumps(self.config.arguments)))

    def _failure(self, error: Exception) -> Exception:
        return failure(error, Fields(self.address, "llm.arguments", "llm.arguments.model", self._secrets))


def _reason(error: Exception) -> str:
    """What is wrong, without the input that pydantic would print."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
    return str(error)


def _filled(value: Any) -> Any:
    """The value with every ``${NAME}`` replaced by the environment variable."""
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, str):
        return value
    for name in NAMED.findall(value):
        if not os.environ.get(name, "").strip():
            raise UserError(f"llm.arguments: the environment variable {name} is not set; set it")
    return NAMED.sub(lambda match: os.environ[match[1]].strip(), value)


def _read(message: Any) -> Reply:
    usage = message.usage_metadata or {}
    # "".join makes a plain str of LangChain's own kind of string.
    return Reply("".join([message.text]), usage.get("input_tokens"), usage.get("output_tokens"))


@language_models.kind(LangChainModel)
def langchain(config: LangChainModel) -> LanguageModel:
    """Imports nothing yet."""
    return RemoteModel(LangChainEndpoint(config), config)
