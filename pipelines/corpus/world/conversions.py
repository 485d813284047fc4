"""Things to put into house format, with the answers: dates, times, amounts, weights, part numbers, extensions."""

from collections.abc import Mapping
from datetime import date
from random import Random

from pipelines.corpus.world import sources
from pipelines.corpus.world.values import MONTHS, house_date

Conversion = tuple[Mapping[str, object], str]
"""The fields of a question form, and the answer."""

RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "date": ("guide.dates", ("In house format a date",)),
    "amount": ("guide.amounts", ("In house format an amount",)),
    "part": ("guide.part-numbers", ("A part number is", "The family codes")),
    "phone": ("guide.extensions", ("An extension is",)),
    "time": ("guide.times", ("In house format a time",)),
    "weight": ("guide.weights", ("In house format a weight",)),
}
"""The page of each conversion's rule and how its sentences begin."""


def conversions(random: Random, count: int) -> dict[str, list[Conversion]]:
    """``count`` conversions of every kind, no two of which resemble each other."""
    return {
        "date": [({"date": long_date(day)}, house_date(day)) for day in days(random, count)],
        "amount": [({"amount": f"{n:,}"}, f"EUR {n}.00") for n in random.sample(range(1030, 9871), count)],
        "part": _parts(random, count),
        "phone": _phones(random, count),
        "time": _times(random, count),
        "weight": [({"grams": f"{n:,}"}, f"{n / 1000:.3f} KG") for n in random.sample(range(1130, 9871, 10), count)],
    }


def days(random: Random, count: int) -> list[date]:
    """Days in different months, so that no two questions about dates resemble each other."""
    months = random.sample(range(48), count)
    return [date(2024 + month // 12, month % 12 + 1, random.randint(1, 28)) for month in months]


def long_date(day: date) -> str:
    """``4 May 2026``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _parts(random: Random, count: int) -> list[Conversion]:
    spec = sources.entity_kind("product")
    made: list[Conversion] = []
    for product in random.sample(spec["entities"], count):
        code, revision = spec["families"][product["family"]]["code"], random.randint(5, 9)
        made.append(({"name": product["name"], "revision": revision}, f"{code}-{product['model']}-R{revision}"))
    return made


def _phones(random: Random, count: int) -> list[Conversion]:
    places = sources.entity_kind("site")["entities"]
    made: list[Conversion] = []
    for turn, ext in enumerate(random.sample(range(3000, 9891), count)):
        place = places[turn * 3 % len(places)]
        made.append(({"ext": ext, "site": place["name"]}, f"{place['code']}-{ext}"))
    return made


def _times(random: Random, count: int) -> list[Conversion]:
    """Afternoon and evening, with different minutes."""
    made: list[Conversion] = []
    for minute in random.sample(range(1, 60), count):
        hour = random.randint(1, 11)
        made.append(({"time": f"{hour}:{minute:02d} pm"}, f"{hour + 12}h{minute:02d}"))
    return made
