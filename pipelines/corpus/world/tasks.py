"""The task track: form and behaviour rather than facts.

Classify a ticket, extract a message as JSON, reply in house style, write dates, amounts, part numbers and extensions
in house format. The rules stand in the guides; a question's gold passages are the rule it needs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from pipelines.corpus.world import sources
from pipelines.corpus.world.values import MONTHS, house_date
from pipelines.records import Split

COUNTS: dict[str, dict[Split, int]] = {
    "classify": {"train": 30, "dev": 6, "test": 16},
    "extract": {"train": 24, "dev": 5, "test": 13},
    "reply": {"train": 18, "dev": 4, "test": 11},
    "convert": {"train": 20, "dev": 5, "test": 12},
}
_CATEGORIES = "guides/ticket-categories.html"
_REPLIES = "guides/standard-replies.docx"
_STYLE = "guides/house-style.md"
_EXTRACTS = "guides/order-desk-extracts.md"

Made = list[tuple[str, tuple[str, ...], str, tuple[str, ...]]]
"""Questions before they are dealt to splits: text, answers, guide document, its rules."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task question; ``document`` and ``rules`` name the guide passages that hold the rule."""

    id: str
    kind: str
    split: Split
    text: str
    answers: tuple[str, ...]
    document: str
    rules: tuple[str, ...]


def tasks(seed: int) -> tuple[Task, ...]:
    """The task questions of all splits."""
    makers: Mapping[str, Callable[[Random], list[Task]]] = {
        "classify": _classify,
        "extract": _extract,
        "reply": _reply,
        "convert": _convert,
    }
    return tuple(task for kind, make in makers.items() for task in make(Random(f"{seed}:task:{kind}")))


def _splits(kind: str) -> list[Split]:
    return [split for split, count in COUNTS[kind].items() for _ in range(count)]


def _numbered(kind: str, made: Made) -> list[Task]:
    splits = _splits(kind)
    if len(made) < len(splits):
        raise ValueError(f"{len(made)} questions of kind {kind}, {len(splits)} needed")
    return [
        Task(f"{split}.task.{kind}-{number:02d}", kind, split, *parts)
        for number, (split, parts) in enumerate(zip(splits, made, strict=False), start=1)
    ]


def _classify(random: Random) -> list[Task]:
    tickets: dict[str, list[str]] = sources.tasks()["tickets"]
    labels = list(tickets)
    for label in labels:
        tickets = {**tickets, label: random.sample(tickets[label], len(tickets[label]))}
    # Label by label in turn: every split gets each label about equally often.
    turns = [
        (label, text) for row in zip(*tickets.values(), strict=True) for label, text in zip(labels, row, strict=True)
    ]
    ask = f"Category: {', '.join(labels[:-1])} or {labels[-1]}?"
    rules = tuple(line[2:] for line in _guide_lines("guide.tickets") if line.startswith("- "))
    return _numbered("classify", [(f'Ticket: "{text}" {ask}', (label,), _CATEGORIES, rules) for label, text in turns])


def _guide_lines(page_id: str) -> list[str]:
    return next(page.body.split("\n") for page in sources.pages() if page.id == page_id)


def _rule(page_id: str, start: str) -> tuple[str, ...]:
    lines = (line.removeprefix("- ") for line in _guide_lines(page_id))
    return (next(line for line in lines if line.startswith(start)),)


def _extract(random: Random) -> list[Task]:
    spec = sources.tasks()
    pool = [(forms["keys"], text) for forms in spec["messages"] for text in forms["texts"]]
    random.shuffle(pool)
    made: Made = []
    for keys, text in pool:
        fields = _fields(random, spec)
        answer = {key: fields[key] for key in keys}
        question = f'JSON with {" and ".join(keys)}: "{text.format_map(fields)}"'
        forms = (json.dumps(answer), json.dumps(answer, separators=(",", ":")))
        made.append((question, forms, _EXTRACTS, _extract_rules()))
    return _numbered("extract", made)


def _extract_rules() -> tuple[str, ...]:
    lines = _guide_lines("guide.extracts")
    return tuple(line for line in lines if line.startswith(("An extract is", "Numbers stand", "An example")))


def _fields(random: Random, spec: Mapping[str, Any]) -> dict[str, Any]:
    family = random.choice(list(sources.entity_kind("product")["families"].values()))
    return {
        "order": f"SO-{random.randint(1000, 9899)}",
        "qty": random.randint(2, 48),
        "part": f"{family['code']}-{random.randint(10, 480):03d}-R{random.randint(1, 4)}",
        "serial": str(random.randint(10200, 48900)),
        "fault": f"E-{random.randint(11, 68)}",
        "site": random.choice(spec["plants"]),
    }


def _reply(random: Random) -> list[Task]:
    spec = sources.tasks()
    count = len(_splits("reply"))
    names = random.sample(spec["surnames"], count)
    days = _days(random, count)
    made: Made = []
    for index, surname in enumerate(names):
        kind = ("receipt", "handover", "closing")[index % 3]
        day = days[index]
        fields = {
            "title": random.choice(["Ms", "Mr"]),
            "surname": surname,
            "ticket": random.randint(10400, 98700),
            "date": f"{day.day} {MONTHS[day.month - 1]} {day.year}",
            "place": random.choice(spec["plants"]),
            "department": spec["handover"][index // 3 % len(spec["handover"])],
        }
        middle = {
            "receipt": f"received, reply by {house_date(day)}",
            "handover": f"passed to {fields['department']}",
            "closing": "closed, thank you",
        }[kind]
        form = spec[f"{kind}_forms"][index // 3 % 2]
        answer = f"Dear {fields['title']} {surname}, T-{fields['ticket']} {middle}. Ondervane Service"
        rules = _rule("guide.replies", f"A {kind} reads")
        made.append((form.format_map(fields), (answer,), _REPLIES, rules))
    return _numbered("reply", made)


def _days(random: Random, count: int) -> list[date]:
    """Days in different months, so that no two questions about dates resemble each other."""
    months = random.sample(range(48), count)
    return [date(2024 + month // 12, month % 12 + 1, random.randint(1, 28)) for month in months]


def _convert(random: Random) -> list[Task]:
    spec = sources.tasks()
    products = random.sample(sources.entity_kind("product")["entities"], 24)
    days = _days(random, len(_splits("convert")) // 4 + 1)
    places = sources.entity_kind("site")["entities"]
    made: Made = []
    for index in range(len(_splits("convert"))):
        turn = index // 4
        kind = ("date", "amount", "part", "phone")[index % 4]
        form = spec[f"{kind}_forms"][turn % 2]
        if kind == "date":
            day = days[turn]
            text = form.format(date=f"{day.day} {MONTHS[day.month - 1]} {day.year}")
            answer, rule = house_date(day), "In house format a date"
        elif kind == "amount":
            amount = random.randint(1030, 9870)
            text, answer, rule = form.format(amount=f"{amount:,}"), f"EUR {amount}.00", "In house format an amount"
        elif kind == "part":
            product, revision = products[turn], random.randint(5, 9)
            code = sources.entity_kind("product")["families"][product["family"]]["code"]
            text = form.format(name=product["name"], revision=revision)
            answer, rule = f"{code}-{product['model']}-R{revision}", "A part number"
        else:
            place, ext = places[(turn * 3) % len(places)], random.randint(3000, 9890)
            text, rule = form.format(ext=ext, site=place["name"]), "An extension"
            answer = f"{place['code']}-{ext}"
        rules = _rule("guide.house-style", rule)
        if kind == "part":
            rules += _rule("guide.house-style", "The family codes")
        made.append((text, (answer,), _STYLE, rules))
    return _numbered("convert", made)
