"""Reading an experiment file: defaults, grids and overrides applied, every problem listed with file, line and field."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from assay.experiment import RETRIEVED_ARMS, Experiment
from assay.grid import expand
from assay.naming import varied
from eval.results import TUNED_ARMS
from pipelines.errors import UserError
from pipelines.registry import nearest

Location = tuple[str | int, ...]
Origin = tuple[int, set[str]]
"""Which entry of the file a configuration comes from, and what it took from the defaults."""

_FORM = re.compile(r"(literal|tuple|list|dict|function-[a-z]+)\[|constrained-|(bool|int|float|str)$")

DEFAULTS = ("chunker", "enrichment", "training_data", "finetuning")
"""Stages that may stand at the top of a file, for all configurations that leave them out."""


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment in a YAML file. Paths inside are relative to the file. Raises ``UserError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*.yaml")], n=1)
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        raise UserError(f"{path}: there is no such file{hint}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    try:
        data = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{path}:{line}: not valid YAML: {error.reason} (#x{error.character:04x})") from error
    if not isinstance(data, dict):
        raise UserError(f"{path}:1: an experiment is a mapping with name, dataset, llm and configurations")
    for override in overrides:
        _override(data, override)
    return parse_experiment(data, path, node)


def parse_experiment(data: Mapping[str, Any], path: Path = Path("experiment"), node: Any = None) -> Experiment:
    """Validate a mapping as an experiment. What ``DEFAULTS`` names may stand at the top, for all configurations."""
    data = dict(data)
    defaults: dict[str, Any] = {name: data.pop(name) for name in DEFAULTS if name in data}
    entries = data.get("configurations")
    origins: list[Origin] = []
    if isinstance(entries, list):
        expanded = []
        for index, entry in enumerate(entries):
            inherited = {name for name in defaults if isinstance(entry, dict) and name not in entry}
            combinations = expand(_with_defaults(entry, defaults))
            named = len(combinations) > 1 and isinstance(entry, dict) and isinstance(entry.get("id"), str)
            for configuration, taken in combinations:
                expanded.append({**configuration, "id": varied(entry["id"], taken)} if named else configuration)
                origins.append((index, inherited))
        data["configurations"] = expanded
    try:
        return Experiment.model_validate(_anchored(data, path.parent), context={"folder": path.parent})
    except ValidationError as error:
        raise UserError("\n".join(_lines(path, node, error.errors(), origins))) from error


def as_yaml(experiment: Experiment) -> str:
    """The experiment as a file that runs again: every default spelt out, grids expanded."""
    return yaml.safe_dump(experiment.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)


def _with_defaults(entry: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(entry, dict):
        return entry
    wanted = [
        *(["chunker", "enrichment"] if entry.get("arm") in RETRIEVED_ARMS else []),
        *(["training_data", "finetuning"] if entry.get("arm") in TUNED_ARMS else []),
    ]
    return {**{name: defaults[name] for name in wanted if name in defaults}, **entry}


def _override(data: dict[str, Any], override: str) -> None:
    """Apply ``a.b=c``; numbers in the path index lists, the value is YAML."""
    path, equals, value = override.partition("=")
    if not equals or not path:
        raise UserError(f"--set {override}: write it as field.field=value")
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = data
    try:
        for part in parents:
            target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]
        target[last] = yaml.safe_load(value)
    except (TypeError, IndexError, AttributeError, yaml.YAMLError) as error:
        raise UserError(f"--set {override}: there is no such place in the experiment") from error


def _anchored(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative paths of the dataset stage and of the price book are meant from the experiment file on."""
    from pipelines.corpus import datasets

    economics = data.get("economics")
    if isinstance(economics, dict) and isinstance(economics.get("price_book"), str):
        data = {**data, "economics": {**economics, "price_book": str(folder / economics["price_book"])}}
    dataset = data.get("dataset")
    if not isinstance(dataset, dict) or dataset.get("kind") not in datasets.kinds():
        return data
    fields = datasets.kinds()[dataset["kind"]].config.model_fields
    anchored = {
        name: str(folder / value) if isinstance(value, str) and name in fields and _is_path(fields[name]) else value
        for name, value in dataset.items()
    }
    return {**data, "dataset": anchored}


def _is_path(field: Any) -> bool:
    return "Path" in str(field.annotation)


def _lines(path: Path, node: Any, problems: Sequence[Any], origins: Sequence[Origin]) -> list[str]:
    """One line for each place: the forms that a field may have are joined, and a list is not called empty where its
    items have been refused."""
    found: dict[tuple[str, str], list[str]] = {}
    places = [_field(problem["loc"]) for problem in problems]
    for problem, place in zip(problems, places, strict=True):
        if problem["type"] == "too_short" and any(
            len(one) > len(place) for one in places if one[: len(place)] == place
        ):
            continue
        start, message = _line(path, node, problem, place, origins)
        alone = message if place == problem["loc"] else ""
        found.setdefault((start, alone), []).append(message)
    return [f"{start}{', or '.join(dict.fromkeys(messages))}" for (start, _), messages in found.items()]


def _field(location: Location) -> Location:
    """A place without the names that pydantic gives the forms of a union, such as ``constrained-float``."""
    return tuple(part for part in location if not (isinstance(part, str) and _FORM.match(part)))


def _line(path: Path, node: Any, problem: Any, location: Location, origins: Sequence[Origin]) -> tuple[str, str]:
    """Where a problem stands, and what it is."""
    if location[:1] == ("configurations",) and len(location) > 1 and isinstance(location[1], int) and origins:
        index, inherited = origins[location[1]]
        inside = location[2:]
        location = inside if inside and inside[0] in inherited else ("configurations", index, *inside)
    field = ".".join(str(part) for part in location) or "experiment"
    message = re.sub(r"^Value error, ", "", problem["msg"])
    if problem["type"] == "unknown_field" and len(location) == 1:
        message = f"unknown field; {nearest(location[0], [*Experiment.model_fields, *DEFAULTS])}"
    place = f"{path}:{_line_number(node, location)}" if node is not None else str(path)
    return f"{place}: {field}: ", f"{message[0].lower()}{message[1:]}"


def _line_number(node: Any, location: Location) -> int:
    """The line of the deepest part of ``location`` that stands in the file."""
    line = node.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
