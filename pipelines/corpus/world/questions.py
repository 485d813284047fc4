"""Candidate questions about the facts: single facts, two hops, comparisons, and what no document says.

A candidate belongs to one half of the world (``taught`` or not) and carries separate wordings for training and for
dev and test, so that no evaluated question is a training question with another name in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from pipelines.corpus.world import sources
from pipelines.corpus.world.build import GROUPS, Entity, World
from pipelines.corpus.world.documents import Source
from pipelines.corpus.world.values import words

_ASKED = ("site", "person", *GROUPS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """``topic`` groups candidates that ask alike. ``facts`` are what the answer rests on, in hop order; ``rule`` how
    it follows: the last fact's value, the greater or smaller of two, or nothing (``absent``)."""

    key: str
    topic: str
    kind: str
    taught: bool
    facts: tuple[str, ...]
    train: tuple[str, ...]
    evaluation: tuple[str, ...]
    rule: Literal["value", "hop", "max", "min", "absent"] = "value"


def candidates(world: World, documents: tuple[Source, ...]) -> tuple[Candidate, ...]:
    """Every question that the world could be asked, in a fixed order."""
    stated = {statement.fact: source for source in documents for statement in source.statements}
    made: list[Candidate] = []
    for group in _ASKED:
        spec, entities = sources.entity_kind(group), world.group(group)
        for entity in entities:
            made += _single(entity, spec, stated)
            made += _absent(entity, spec)
            made += _hops(world, entity, spec)
        made += _comparisons(entities, spec)
    made += _pages(world)
    return tuple(made)


def answers(world: World, candidate: Candidate) -> tuple[str, ...]:
    """Accepted answers of a candidate in a world (which may have changed since the candidate was made)."""
    if candidate.rule == "absent":
        return ()
    facts = hop_facts(world, candidate)
    if candidate.rule in ("value", "hop"):
        return world.value(facts[-1]).accepted
    chosen = (max if candidate.rule == "max" else min)(facts, key=lambda fact: world.value(fact).number or 0.0)
    return words(world.entities[chosen.rpartition(".")[0]].name).accepted


def hop_facts(world: World, candidate: Candidate) -> tuple[str, ...]:
    """The facts of a candidate as the world stands: the second hop starts from what the first one names now."""
    if candidate.rule != "hop":
        return candidate.facts
    first, second = candidate.facts
    return (first, f"{world.value(first).ref}.{second.rpartition('.')[2]}")


def _single(entity: Entity, spec: Mapping[str, Any], stated: Mapping[str, Source]) -> Iterator[Candidate]:
    for name, forms in spec["ask"].items():
        fact = f"{entity.id}.{name}"
        kind = "table" if stated[fact].rows else _kind(entity, name)
        train, evaluation = _worded(forms, entity)
        yield Candidate(fact, f"{entity.group}.{name}", kind, entity.taught, (fact,), train, evaluation)


def _kind(entity: Entity, name: str) -> str:
    return "numeric" if entity.facts[name].measured else "single_hop"


def _worded(forms: Mapping[str, Any], entity: Entity, **names: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fields = {"name": entity.name, **entity.words, **names}
    fields["name"] = entity.name
    train, evaluation = (tuple(form.format_map(fields) for form in forms[use]) for use in ("train", "eval"))
    return _sentences(train), _sentences(evaluation)


def _sentences(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text[:1].upper() + text[1:] for text in texts)


def _absent(entity: Entity, spec: Mapping[str, Any]) -> Iterator[Candidate]:
    for name, forms in spec.get("absent", {}).items():
        key = f"{entity.id}.{name}"
        train, evaluation = _worded(forms, entity)
        topic = f"{entity.group}.{name}"
        yield Candidate(key, topic, "unanswerable", entity.taught, (key,), train, evaluation, "absent")


def _hops(world: World, entity: Entity, spec: Mapping[str, Any]) -> Iterator[Candidate]:
    for forms in spec.get("multi_hop", ()):
        via, then = f"{entity.id}.{forms['via']}", forms["then"]
        facts = (via, f"{world.value(via).ref}.{then}")
        train, evaluation = _worded(forms, entity)
        key, topic = f"{via}.{then}", f"{entity.group}.{forms['via']}.{then}"
        yield Candidate(key, topic, "multi_hop", entity.taught, facts, train, evaluation, "hop")


def _comparisons(entities: tuple[Entity, ...], spec: Mapping[str, Any]) -> Iterator[Candidate]:
    for name, forms in spec.get("compare", {}).items():
        for one, other in combinations(entities, 2):
            if one.taught != other.taught or one.facts[name].number == other.facts[name].number:
                continue
            facts = (f"{one.id}.{name}", f"{other.id}.{name}")
            train, evaluation = _worded(forms, one, a=one.name, b=other.name)
            key, topic = f"{one.id}.vs.{other.id}.{name}", f"{one.group}.compare.{name}"
            yield Candidate(key, topic, "comparison", one.taught, facts, train, evaluation, forms["pick"])


def _pages(world: World) -> Iterator[Candidate]:
    for page in sources.pages():
        for name, (evaluation, *train) in page.ask.items():
            fact, entity = f"{page.id}.{name}", world.entities[page.id]
            taught = bool(train)
            yield Candidate(fact, page.id, _kind(entity, name), taught, (fact,), tuple(train), (evaluation,))
