"""Draw the facts of the world from a seed.

Every entity belongs to one of two halves: ``taught`` entities may occur in training pairs, the others never do, and
a fact that names another entity (a person, a site) names one of its own half. So the questions of the track
``only_in_documents`` share no fact with training, whatever the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from pipelines.corpus.world import sources
from pipelines.corpus.world.values import Value, draw, options, words

GROUPS = ("product", "incident", "project", "contract", "office", "part", "region", "course", "room", "vehicle")


@dataclass(frozen=True, slots=True)
class Entity:
    """A product, person, site, page ... ``facts`` by name; ``words`` are texts that no question asks about."""

    id: str
    name: str
    group: str
    taught: bool
    facts: Mapping[str, Value]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """All entities by id, in a fixed order. A fact's id is ``<entity id>.<fact name>``."""

    seed: int
    entities: Mapping[str, Entity]

    def value(self, fact: str) -> Value:
        """The value of a fact id."""
        entity, _, name = fact.rpartition(".")
        return self.entities[entity].facts[name]

    def group(self, name: str) -> tuple[Entity, ...]:
        """The entities of one group, in order."""
        return tuple(entity for entity in self.entities.values() if entity.group == name)


def build(seed: int) -> World:
    """The world of a seed."""
    entities: dict[str, Entity] = {entity.id: entity for entity in (*_people(seed), *_bare_sites())}
    for group in ("site", *GROUPS):
        spec = sources.entity_kind(group)
        rows = _departments(spec) if group == "office" else spec["entities"]
        for entity in _entities(seed, group, spec["facts"], rows, entities):
            entities[entity.id] = entity
    for page in sources.pages():
        facts = {name: _value(seed, page.id, name, spec, None, entities) for name, spec in page.facts.items()}
        entities[page.id] = Entity(page.id, page.title, "page", False, facts, {"name": page.title})
    return World(seed, entities)


def change(world: World, facts: tuple[str, ...]) -> World:
    """The same world after the given facts have changed: other values from the same specifications."""
    entities = dict(world.entities)
    for fact in facts:
        owner, _, name = fact.rpartition(".")
        entity = entities[owner]
        siblings = [entity] if entity.group == "page" else [e for e in entities.values() if e.group == entity.group]
        taken = frozenset(sibling.facts[name].text for sibling in siblings)
        spec = _specification(entity, name)
        value = _changed(world.seed, fact, spec, entity, taken, entities)
        entities[owner] = replace(entity, facts={**entity.facts, name: value})
    return World(world.seed, entities)


def _changed(
    seed: int, fact: str, spec: str, entity: Entity, taken: frozenset[str], entities: Mapping[str, Entity]
) -> Value:
    key = f"{seed}:{fact}:changed"
    if spec.startswith(("person", "site")):
        # A place that only one site fits (the test channel) can still move to another.
        return Random(key).choice(_named(spec, entity, entities) or _named(spec.split()[0], entity, entities))
    if all(value.text in taken for value in options(spec)):
        taken = frozenset({entity.facts[fact.rpartition(".")[2]].text})
    return draw(spec, key, taken)


def _specification(entity: Entity, name: str) -> str:
    if entity.group == "page":
        return next(page.facts[name] for page in sources.pages() if page.id == entity.id)
    return str(sources.entity_kind(entity.group)["facts"][name]).format_map(entity.words)


def _value(seed: int, owner: str, name: str, spec: str, entity: Entity | None, entities: Mapping[str, Entity]) -> Value:
    key = f"{seed}:{owner}.{name}"
    spec = spec.format_map(entity.words) if entity else spec
    if spec.startswith(("person", "site")):
        return Random(key).choice(_named(spec, entity, entities))
    return draw(spec, key)


def _named(spec: str, entity: Entity | None, entities: Mapping[str, Entity]) -> list[Value]:
    """The persons or sites a fact may name: of the entity's own half, of the department where one is given, and
    none that the entity names already."""
    group, _, department = spec.partition(" ")
    wanted = entity.name if department == "own" and entity else department
    fits: Callable[[Entity], bool] = lambda other: (  # noqa: E731
        other.group == group
        and (entity is None or other.taught == entity.taught)
        and (entity is None or all(value.ref != other.id for value in entity.facts.values()))
        and (wanted in ("", "any", other.name) or other.words["department"] == wanted)
    )
    return [words(other.name, ref=other.id) for other in entities.values() if fits(other)]


def _entities(
    seed: int, group: str, facts: Mapping[str, str], rows: list[dict[str, Any]], known: Mapping[str, Entity]
) -> list[Entity]:
    unique = {
        name: Random(f"{seed}:{group}.{name}").sample(options(spec), len(rows))
        for name, spec in facts.items()
        if spec.startswith(("code", "each"))
    }
    made = []
    for index, row in enumerate(rows):
        bare = Entity(f"{group}.{row['id']}", row["name"], group, index % 2 == 0, {}, _words(seed, group, row, index))
        values: dict[str, Value] = {}
        for name, spec in facts.items():
            bare = replace(bare, facts=dict(values))
            values[name] = unique[name][index] if name in unique else _value(seed, bare.id, name, spec, bare, known)
        made.append(replace(bare, facts=values, words={**bare.words, **_dated(seed, bare.id, values)}))
    return made


def _dated(seed: int, owner: str, values: Mapping[str, Value]) -> dict[str, str]:
    """Last year's price of a product. It is a word and no fact: it stays when the present price changes."""
    price = values.get("price")
    if not owner.startswith("product.") or price is None or price.number is None:
        return {}
    share = Random(f"{seed}:{owner}.old_price").choice((0.88, 0.9, 0.92, 0.94, 0.96))
    return {"old_price": str(round(price.number * share / 10) * 10), "old_until": "31 December 2025"}


def _words(seed: int, group: str, row: Mapping[str, Any], index: int) -> dict[str, str]:
    texts = {key: str(text).strip() for key, text in row.items()}
    if group == "product":
        family = sources.entity_kind("product")["families"][row["family"]]
        texts |= {key: str(text).strip() for key, text in family.items()}
        revision = Random(f"{seed}:revision:{row['id']}").randint(1, 4)
        shelf = f"{'ABCDEF'[index // 4]}{index % 4 + 1}"
        texts |= {"part": f"{family['code']}-{row['model']}-R{revision}", "shelf": shelf}
        texts["starts"] = "delivery"
    return texts


def _departments(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = sources.entity_kind("person")["departments"]
    return [{"id": name.lower().replace(" ", "-"), "name": name} for name in names]


def _bare_sites() -> list[Entity]:
    rows = sources.entity_kind("site")["entities"]
    return [Entity(f"site.{row['id']}", row["name"], "site", i % 2 == 0, {}, row) for i, row in enumerate(rows)]


def _people(seed: int) -> list[Entity]:
    spec = sources.entity_kind("person")
    posts = [(department, role) for department in spec["departments"] for role in spec["roles"][department]]
    firsts = Random(f"{seed}:first").sample(spec["first"], len(posts))
    lasts = Random(f"{seed}:last").sample(spec["last"], len(posts))
    rows = [
        {"id": f"p{number:02d}", "name": f"{first} {last}", "role": role, "department": department}
        for number, (first, last, (department, role)) in enumerate(zip(firsts, lasts, posts, strict=True), start=1)
    ]
    return _entities(seed, "person", spec["facts"], rows, {})
