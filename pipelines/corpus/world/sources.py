"""The hand-written sources of the world: YAML for entities and tasks, Markdown with front matter for single pages."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class ArchiveForm:
    """One kind of archive document. ``facts`` are value specifications or kinds of names; ``versions`` its templates;
    ``prefix`` begins its codes."""

    name: str
    kind: str
    prefix: str
    title: str
    facts: dict[str, str]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A document written once. ``facts`` are value specifications by name; ``ask`` holds for some of them the
    question for dev and test, followed by the wordings for training (none: the fact is never taught)."""

    id: str
    path: str
    title: str
    kind: str
    facts: dict[str, str]
    ask: dict[str, list[str]]
    body: str


def _yaml(text: str) -> Any:
    import yaml

    # The C parser is ten times faster; both are safe loaders.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@cache
def entity_kind(name: str) -> dict[str, Any]:
    """The description of one kind of entity: facts, questions, entities, file naming."""
    loaded: dict[str, Any] = _yaml((FOLDER / "kinds" / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def tables() -> tuple[dict[str, Any], ...]:
    """The table documents: path, title, which entities are the rows and which facts the columns."""
    return tuple(_yaml((FOLDER / "tables.yaml").read_text(encoding="utf-8")))


@cache
def tasks() -> dict[str, Any]:
    """Tickets, messages and question forms of the task track."""
    loaded: dict[str, Any] = _yaml((FOLDER / "tasks.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def body(name: str) -> str:
    """The template of one version of an entity document."""
    return (FOLDER / "bodies" / f"{name}.md").read_text(encoding="utf-8")


@cache
def extras(name: str) -> tuple[str, ...]:
    """Sections that may be added to the documents of one kind: each a heading and its sentences."""
    path = FOLDER / "extras" / f"{name}.md"
    parts = path.read_text(encoding="utf-8").split("## ") if path.exists() else []
    return tuple(f"## {part.strip()}" for part in parts if part.strip())


@cache
def pages() -> tuple[Page, ...]:
    """All pages written once, by id."""
    return tuple(_page(path) for path in sorted((FOLDER / "pages").glob("*.md")))


@cache
def archive_names() -> dict[str, list[list[str]]]:
    """Parts of the archive's names by kind of name: a name takes one of each list."""
    loaded: dict[str, list[list[str]]] = _yaml((FOLDER / "archive" / "names.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def archive_forms() -> tuple[ArchiveForm, ...]:
    """The kinds of archive documents, by name."""
    return tuple(_archive_form(path) for path in sorted((FOLDER / "archive").glob("*.md")))


def _archive_form(path: Path) -> ArchiveForm:
    head, text = _with_front(path)
    versions = tuple(text.split("\n===\n"))
    return ArchiveForm(path.stem, head["kind"], head["prefix"], head["title"], head["facts"], versions)


def _page(path: Path) -> Page:
    head, text = _with_front(path)
    page_id = path.stem.replace("-", ".", 1)
    return Page(page_id, head["path"], head["title"], head["kind"], head.get("facts", {}), head.get("ask", {}), text)


def _with_front(path: Path) -> tuple[dict[str, Any], str]:
    front, _, text = path.read_text(encoding="utf-8").partition("\n---\n")
    return _yaml(front), text
