"""The task track: form and behaviour rather than facts.

Classify a ticket, extract a message as JSON, reply in house style, write dates, amounts, part numbers and the like in
house format. Classifying and extracting need no document: labels and keys stand in the question. The other rules stand
in the guides, each on a page of its own, so that few questions share a gold document.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from pipelines.corpus.world import sources
from pipelines.corpus.world.conversions import RULES, conversions, days, long_date
from pipelines.corpus.world.values import house_date
from pipelines.records import Split

COUNTS: dict[str, dict[Split, int]] = {
    "classify": {"train": 30, "dev": 6, "test": 16},
    "extract": {"train": 24, "dev": 5, "test": 13},
    "reply": {"train": 18, "dev": 4, "test": 11},
    "convert": {"train": 20, "dev": 5, "test": 12},
}
_REPLIES = ("receipt", "handover", "closing", "delay")

Made = list[tuple[str, tuple[str, ...], str, tuple[str, ...]]]
"""Questions before they are dealt to splits: text, answers, guide document, its rules (none: it needs no document)."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task question; ``document`` and ``rules`` name the guide passages that hold the rule, if any."""

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
    return _numbered("classify", [(f'Ticket: "{text}" {ask}', (label,), "", ()) for label, text in turns])


def _rules(page_id: str, starts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The path of a guide page and those of its lines that begin so."""
    page = next(page for page in sources.pages() if page.id == page_id)
    lines = [line.removeprefix("- ") for line in page.body.split("\n")]
    return page.path, tuple(next(line for line in lines if line.startswith(start)) for start in starts)


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
        made.append((question, forms, "", ()))
    return _numbered("extract", made)


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
    made: Made = []
    for index, (surname, day) in enumerate(zip(names, days(random, count), strict=True)):
        turn, kind = index // len(_REPLIES), _REPLIES[index % len(_REPLIES)]
        fields = {
            "title": random.choice(["Ms", "Mr"]),
            "surname": surname,
            "ticket": random.randint(10400, 98700),
            "date": long_date(day),
            "place": random.choice(spec["plants"]),
            "department": spec["handover"][turn % len(spec["handover"])],
        }
        middle = {
            "receipt": f"received, reply by {house_date(day)}",
            "handover": f"passed to {fields['department']}",
            "closing": "closed, thank you",
            "delay": f"delayed, new date {house_date(day)}",
        }[kind]
        text = spec[f"{kind}_forms"][turn % 2].format_map(fields)
        answer = f"Dear {fields['title']} {surname}, T-{fields['ticket']} {middle}. Ondervane Service"
        made.append((text, (answer,), *_rules(f"guide.reply-{kind}", (f"A {kind} reads",))))
    return _numbered("reply", made)


def _convert(random: Random) -> list[Task]:
    count, kinds = len(_splits("convert")), list(RULES)
    asked = conversions(random, count // len(kinds) + 1)
    made: Made = []
    for index in range(count):
        turn, kind = index // len(kinds), kinds[index % len(kinds)]
        fields, answer = asked[kind][turn]
        text = sources.tasks()[f"{kind}_forms"][turn % 2].format_map(fields)
        made.append((text, (answer,), *_rules(*RULES[kind])))
    return _numbered("convert", made)
