"""Every document of the world as blocks or rows, with the statements it makes."""

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from pipelines.corpus.world import sources
from pipelines.corpus.world.build import Entity, World
from pipelines.corpus.world.templates import Block, Statement, fill

_PROSE_GROUPS = ("product", "incident", "project", "contract", "site")
_KIND_NAMES = {"product": "manual", "incident": "incident report", "project": "project brief", "contract": "contract"}


@dataclass(frozen=True, slots=True)
class Source:
    """A document before it is written to a file. Tables have ``rows`` (the first is the header), prose ``blocks``."""

    path: str
    title: str
    kind: str
    statements: tuple[Statement, ...]
    blocks: tuple[Block, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    sheet: str = ""


def documents(world: World) -> tuple[Source, ...]:
    """All documents, by path."""
    made = [_page(world, page) for page in sources.pages()]
    for group in _PROSE_GROUPS:
        made += [_entity_document(world, entity, index) for index, entity in enumerate(world.group(group))]
    made += [_table(world, spec) for spec in sources.tables()]
    return tuple(sorted(made, key=lambda source: source.path))


def _page(world: World, page: sources.Page) -> Source:
    entity = world.entities[page.id]
    extras = "faq" if page.kind == "guide" else page.kind
    body = _extended(page.body, extras, f"{world.seed}:{page.id}")
    blocks, statements = fill(body, page.id, entity.facts, entity.words, f"{world.seed}:{page.id}")
    return Source(page.path, page.title, page.kind, statements, blocks)


def _entity_document(world: World, entity: Entity, index: int) -> Source:
    spec = sources.entity_kind(entity.group)
    bodies, suffixes = spec["bodies"], spec["suffixes"]
    # Shifted against each other, so that neither version nor format tells which half an entity belongs to.
    body = bodies[(index // 2 + index // (2 * len(bodies))) % len(bodies)]
    suffix = suffixes[(index + index // len(suffixes)) % len(suffixes)]
    words = {"name": entity.name, **entity.words}
    key = f"{world.seed}:{entity.id}"
    template = _extended(sources.body(body), entity.group, key)
    blocks, statements = fill(template, entity.id, entity.facts, words, key)
    path = f"{spec['folder']}/{entity.id.partition('.')[2]}.{suffix}"
    title = spec["title"].format_map(words)
    return Source(path, title, _KIND_NAMES.get(entity.group, entity.group), statements, blocks)


def _extended(template: str, extras: str, key: str) -> str:
    """A template with some of its kind's general sections, each put before one of its own headings or at the end.
    Documents come out of different length that way."""
    random = Random(f"{key}:extras")
    sections = sources.extras(extras)
    parts = re.split(r"\n(?=## )", template.strip())
    for chosen in random.sample(sections, random.randint(1, min(4, len(sections) // 2))):
        heading, *sentences = chosen.split("\n")
        if random.random() < 0.6:
            del sentences[random.randrange(1, len(sentences))]
        if extras == "contract":
            parts.append("\n".join([heading.replace("## ", "## Annex: "), *sentences]))
        else:
            parts.insert(random.randint((len(parts) + 1) // 2, len(parts)), "\n".join([heading, *sentences]))
    return "\n\n".join(parts)


def _table(world: World, spec: dict[str, Any]) -> Source:
    columns: dict[str, str] = spec["columns"]
    header = tuple(columns)
    department = spec.get("department")
    entities = [entity for entity in world.group(spec["group"]) if department in (None, entity.words.get("department"))]
    if spec["group"] == "person":
        entities.sort(key=lambda entity: entity.name)
    elif spec["group"] in ("part", "course"):
        Random(f"{world.seed}:{spec['path']}").shuffle(entities)
    rows, statements = [header], []
    for entity in entities:
        row = tuple(_cell(entity, name) for name in columns.values())
        rows.append(row)
        passages = (_line(header), _line(row))
        statements += [Statement(f"{entity.id}.{name}", passages) for name in columns.values() if name in entity.facts]
    return Source(spec["path"], spec["title"], "table", tuple(statements), (), tuple(rows), spec.get("sheet", ""))


def _cell(entity: Entity, name: str) -> str:
    if name == "name":
        return entity.name
    return entity.facts[name].cell if name in entity.facts else entity.words[name]


def _line(cells: tuple[str, ...]) -> str:
    """A table row as the parser gives it."""
    return "| " + " | ".join(cells) + " |"
