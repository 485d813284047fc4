"""Kinds: every technique is one frozen config and one factory, registered in one file.

A ``Registry`` belongs to one stage (``retriever``, ``chunker``, ...). It finds its kinds by importing the modules of
its folder and the entry points of its group, the first time it is asked; importing this module loads none of them.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Annotated, Any, Generic, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

_NAME = r"[A-Z][\w'-]+"
_CITATION = re.compile(
    rf"(?P<who>{_NAME}(?:, {_NAME})*(?: and {_NAME}| et al\.)?),? \(?(?:[A-Z][A-Za-z]+,? )?(?P<year>(?:19|20)\d\d)\b"
)

Built = TypeVar("Built")
Config = TypeVar("Config", bound="StageConfig")


def nearest(name: Any, known: Iterable[str]) -> str:
    """What a misspelt name was perhaps meant to be, or all there are."""
    names = list(known)
    near = get_close_matches(str(name), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"


class Closed(BaseModel):
    """An immutable part of an experiment that refuses unknown fields, naming the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _suggest(cls, data: Any) -> Any:
        unknown = [name for name in data if name not in cls.model_fields] if isinstance(data, dict) else []
        if not unknown:
            return data
        known = list(cls.model_fields)
        errors: list[InitErrorDetails] = []
        for name in unknown:
            problem = PydanticCustomError("unknown_field", "unknown field; {hint}", {"hint": nearest(name, known)})
            errors.append(InitErrorDetails(type=problem, loc=(str(name),), input=data[name]))
        raise ValidationError.from_exception_data(cls.__name__, errors)


class StageConfig(Closed):
    """Base of every stage's config. Subclasses set ``kind`` to a Literal and give every field a description."""

    kind: str


@dataclass(frozen=True)
class Kind(Generic[Built]):
    """One registered technique."""

    name: str
    config: type[StageConfig]
    build: Callable[..., Built]

    @property
    def summary(self) -> str:
        """First line of the config's docstring."""
        return (self.config.__doc__ or "").strip().split("\n")[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """The works that the kind's module and config cite, as "Author et al. year"."""
        module = sys.modules[self.config.__module__]
        text = " ".join(f"{module.__doc__} {self.config.__doc__}".split())
        found = (f"{match['who']} {match['year']}" for match in _CITATION.finditer(text))
        return tuple(dict.fromkeys(found))


def nested(value: Any) -> Iterator[StageConfig]:
    """A config and every config inside its fields, outer ones first."""
    if isinstance(value, StageConfig):
        yield value
    if isinstance(value, BaseModel):
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from nested(item)


class Registry(Generic[Built]):
    """The kinds of one stage."""

    def __init__(self, stage: str, packages: Iterable[str], group: str) -> None:
        """``packages`` are searched for modules that register; ``group`` is the entry-point group of third parties."""
        self.stage = stage
        self._packages = tuple(packages)
        self._group = group
        self._kinds: dict[str, Kind[Built]] = {}
        self._discovered = False

    def kind(self, config: type[Config]) -> Callable[[Callable[..., Built]], Callable[..., Built]]:
        """Decorate the factory of one kind; its first parameter is the config."""
        (name,) = get_args(config.model_fields["kind"].annotation)

        def register(factory: Callable[..., Built]) -> Callable[..., Built]:
            if name in self._kinds and self._kinds[name].config.__qualname__ != config.__qualname__:
                raise ValueError(f"{self.stage} kind {name!r} is registered twice")
            self._kinds[name] = Kind(name, config, factory)
            return factory

        return register

    def kinds(self) -> dict[str, Kind[Built]]:
        """Every kind by name, third-party ones included."""
        if not self._discovered:
            self._discovered = True
            for package in self._packages:
                for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
                    importlib.import_module(module.name)
            for entry in entry_points(group=self._group):
                entry.load()
        return dict(sorted(self._kinds.items()))

    def parse(self, data: Any, context: Any = None) -> StageConfig:
        """The config that ``data`` describes: a mapping with ``kind``, a bare kind name, or a config already.
        ``context["folder"]`` is what paths of prompt files are relative to."""
        if isinstance(data, StageConfig):
            return data
        if isinstance(data, str):
            data = {"kind": data}
        if not isinstance(data, dict):
            raise PydanticCustomError(
                "stage", "a {stage} is a mapping with a kind, not {data}", {"stage": self.stage, "data": repr(data)}
            )
        kinds, name = self.kinds(), data.get("kind")
        if name not in kinds:
            raise PydanticCustomError(
                "unknown_kind",
                "unknown {stage} kind {name}; {hint}",
                {"stage": self.stage, "name": repr(name), "hint": nearest(name, kinds)},
            )
        return kinds[name].config.model_validate(data, context=context)

    def build(self, config: StageConfig, *arguments: Any, **options: Any) -> Built:
        """Make the technique that ``config`` names."""
        return self.kinds()[config.kind].build(config, *arguments, **options)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # A plain function, so that kinds are discovered when a file is validated and not when a class is defined.
        # pydantic merges a ValidationError raised inside it, so error locations stay exact.
        return core_schema.with_info_plain_validator_function(
            lambda data, info: self.parse(data, info.context),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda config: config.model_dump()),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object", "stage": self.stage}


def field_of(registry: Registry[Any]) -> Any:
    """The type of a pydantic field that holds a config of this registry."""
    return Annotated[StageConfig, registry]
