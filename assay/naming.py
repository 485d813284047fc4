"""Names of configurations: short, unique, and telling them apart by what differs."""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b

from pydantic_core import PydanticCustomError

from assay.experiment import Configuration
from assay.grid import Path
from pipelines.registry import nested

LONGEST = 24
"""Letters of a value that stand in a name as they are."""


def with_ids(configurations: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
    """The configurations with an id each. A missing one is made of the arm, retriever and depth, then of the parameters
    that differ among configurations which would share it. Raises where a given id is used twice, or does not say that
    a stage is virtual."""
    given = Counter(configuration.id for configuration in configurations if configuration.id)
    if repeated := [name for name, count in given.items() if count > 1]:
        raise PydanticCustomError("repeated_id", "the id {name} is used twice", {"name": repeated[0]})
    for configuration in configurations:
        if configuration.id and (kind := _virtual_kind(configuration)) and "virtual" not in configuration.id:
            raise PydanticCustomError(
                "virtual_id",
                "{kind} stands in for a trained model, and the id {name} must say so: put virtual into it",
                {"kind": kind, "name": configuration.id},
            )
    names = [configuration.id or _name(configuration) for configuration in configurations]
    for name, count in Counter(names).items():
        if count > 1:
            alike = [index for index, other in enumerate(names) if other == name]
            flat = [flatten(configurations[index].model_dump(exclude={"id"})) for index in alike]
            different = sorted({key for one in flat for key in one if len({str(other.get(key)) for other in flat}) > 1})
            for index, values in zip(alike, flat, strict=True):
                if configurations[index].id:
                    continue
                marks = [f"{key.rpartition('.')[2]}{_short(values[key])}" for key in different if key in values]
                names[index] = _plain("-".join([name, *marks]))
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise PydanticCustomError(
            "same_configuration", "two configurations are the same: {name}", {"name": repeated[0]}
        )
    return tuple(c.model_copy(update={"id": name}) for c, name in zip(configurations, names, strict=True))


def varied(name: str, taken: Mapping[Path, object]) -> str:
    """The id of one combination of a grid whose entry is named: ``name``, and the values that it took."""
    return _plain("-".join([name, *(f"{path[-1]}{_short(value)}" for path, value in taken.items())]))


def flatten(data: object, prefix: str = "") -> dict[str, str | int | float | bool | None]:
    """Nested mappings and lists as one flat mapping with dotted names; what is unset is left out."""
    if isinstance(data, dict):
        items = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in data.items()]
    elif isinstance(data, list | tuple):
        items = [(f"{prefix}.{index}", value) for index, value in enumerate(data)]
    else:
        return {} if data is None or data == "" else {prefix: data if isinstance(data, int | float) else str(data)}
    flat: dict[str, str | int | float | bool | None] = {}
    for name, value in items:
        flat.update(flatten(value, name))
    return flat


def _name(configuration: Configuration) -> str:
    marks = [one.kind for one in (configuration.preference, configuration.intervention) if one is not None]
    preferred = "".join(f"-{mark}" for mark in marks)
    if configuration.retriever is None or not configuration.retrieved:
        return f"{configuration.arm}{preferred}"
    pairs = "-pairs" if configuration.training_pairs_indexed else ""
    name = f"{configuration.arm}-{configuration.retriever.kind}-k{configuration.depth}{pairs}{preferred}"
    return name if "virtual" in name or not _virtual_kind(configuration) else f"{name}-virtual"


def _virtual_kind(configuration: Configuration) -> str:
    """The first kind of its stages that has virtual in its name, or nothing."""
    return next((one.kind for one in nested(configuration) if "virtual" in one.kind), "")


def _short(value: object) -> str:
    """A value as part of a name; a long one, such as a prompt, by six digits of its hash."""
    text = str(value)
    return text if len(text) <= LONGEST else blake2b(text.encode(), digest_size=3).hexdigest()


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_.-" else "_" for letter in name)
