"""The table of all kinds, for the command line and docs/kinds.md."""

from typing import Any

from pydantic_core import PydanticUndefined

from assay.registries import registries
from assay.tables import Cells, markdown_table
from pipelines.errors import UserError
from pipelines.registry import Registry, StageConfig, nearest


def kind_cells(stage: str | None = None) -> Cells:
    """Stage, kind, what it does and the works it is from, a row each, the heading first. Raises ``UserError``."""
    every = registries()
    chosen = every if stage is None else {stage: _registry(stage)}
    rows = [
        [name, kind.name, kind.summary, "; ".join(kind.sources)]
        for name, registry in chosen.items()
        for kind in registry.kinds().values()
    ]
    return [["stage", "kind", "what it does", "source"], *rows]


def field_cells(stage: str, kind: str) -> Cells:
    """The fields of one kind with defaults and meanings, the heading first. Raises ``UserError``."""
    known = _registry(stage).kinds()
    if kind not in known:
        raise UserError(f"there is no {stage} kind {kind!r}; {nearest(kind, known)}")
    fields = {name: field for name, field in known[kind].config.model_fields.items() if name != "kind"}
    rows = [[name, _default(field), field.description or ""] for name, field in fields.items()]
    return [["field", "default", "meaning"], *rows]


def as_markdown() -> str:
    """The whole table, as docs/kinds.md holds it."""
    intro = "Made by `assay kinds --markdown`. `assay kinds STAGE KIND` shows the fields of one."
    return f"# Every kind of every stage\n{intro}\n\n{markdown_table(kind_cells())}"


def _registry(stage: str) -> Registry[Any]:
    every = registries()
    if stage not in every:
        fields = "in an experiment rerank and post are post_retrieval"
        raise UserError(f"there is no stage {stage!r}; known: {', '.join(every)} ({fields})")
    return every[stage]


def _default(field: Any) -> str:
    if field.default_factory is not None:
        made = field.default_factory()
        return "its prompt file" if isinstance(made, str) else str(made)
    if field.default is PydanticUndefined:
        return "(required)"
    return _shown(field.default)


def _shown(value: Any) -> str:
    if isinstance(value, StageConfig):
        return value.kind
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_shown, value))}]"
    return "none" if value is None else str(value)
