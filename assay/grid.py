"""Grids: any field of a configuration may hold ``{grid: [...]}``; the plan is the product of all of them."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

Path = tuple[str | int, ...]


def expand(data: Any) -> list[tuple[Any, dict[Path, Any]]]:
    """Every combination of the grids inside ``data``, first grid slowest, with the values it took by path."""
    grids = list(_grids(data, ()))
    expanded = []
    for values in product(*(choices for _, choices in grids)):
        taken = {path: value for (path, _), value in zip(grids, values, strict=True)}
        expanded.append((_fill(data, (), taken), taken))
    return expanded


def _grids(data: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    if isinstance(data, Mapping):
        if set(data) == {"grid"} and isinstance(data["grid"], list):
            yield path, data["grid"]
            return
        for key, value in data.items():
            yield from _grids(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _grids(value, (*path, index))


def _fill(data: Any, path: Path, taken: Mapping[Path, Any]) -> Any:
    if path in taken:
        return taken[path]
    if isinstance(data, Mapping):
        return {key: _fill(value, (*path, key), taken) for key, value in data.items()}
    if isinstance(data, list):
        return [_fill(value, (*path, index), taken) for index, value in enumerate(data)]
    return data
