"""Values of facts: drawn from a short specification, written one way, accepted in several.

Specifications are written in the sources: ``money 110 185 5`` (low, high, step), ``qty 10 30 2 days``,
``pct 2 8 0.5``, ``code 100 499 1`` (a bare number), ``year 1975 2015``, ``time 09:00 10:00 15`` (minutes),
``date 2026-03-01 2026-04-30``, ``one A | B | C``, ``each A | B | C`` (no two entities share one).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random

_MONTHS = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTHS.split(" "))


@dataclass(frozen=True, slots=True)
class Value:
    """One fact's value. ``text`` stands in prose, ``cell`` in tables; ``accepted`` are all right answers, the
    preferred one first; ``number`` orders values in comparisons; ``ref`` is the id of the entity it names."""

    text: str
    accepted: tuple[str, ...]
    cell: str = ""
    number: float | None = None
    measured: bool = False
    ref: str = ""


def words(text: str, ref: str = "") -> Value:
    """A name or phrase."""
    bare = text.removeprefix("the ")
    return Value(text, tuple(dict.fromkeys((text, bare))), text, ref=ref)


@cache
def options(spec: str) -> tuple[Value, ...]:
    """Every value that a specification allows, in order. Raises ``ValueError`` on an unknown specification."""
    kind, _, rest = spec.partition(" ")
    if kind in ("one", "each"):
        return tuple(words(option.strip()) for option in rest.split("|"))
    if kind == "date":
        first, last = (date.fromisoformat(part) for part in rest.split())
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        return tuple(_date(day) for day in days if day.weekday() < 5)
    if kind == "time":
        first_time, last_time, minutes = rest.split()
        return tuple(_time(at) for at in range(_minutes(first_time), _minutes(last_time) + 1, int(minutes)))
    if kind == "year":
        low_year, high_year = (int(part) for part in rest.split())
        return tuple(_plain(year) for year in range(low_year, high_year + 1))
    if kind not in ("money", "qty", "pct", "code"):
        raise ValueError(f"unknown value specification {spec!r}")
    low, high, step, *unit = rest.split(" ", 3)
    decimals = len(step.partition(".")[2])
    count = round((float(high) - float(low)) / float(step))
    numbers = [round(float(low) + index * float(step), decimals) for index in range(count + 1)]
    if kind == "code":
        return tuple(_plain(int(number)) for number in numbers)
    if kind == "money":
        return tuple(_money(number, decimals) for number in numbers)
    if kind == "pct":
        return tuple(_percent(number) for number in numbers)
    return tuple(_quantity(number, decimals, unit[0]) for number in numbers)


def draw(spec: str, key: str, taken: frozenset[str] = frozenset()) -> Value:
    """The value for ``key`` (seed and fact id), the same every time; values whose text is in ``taken`` are avoided."""
    free = [value for value in options(spec) if value.text not in taken]
    return Random(key).choice(free)


def later(value: Value, days: int) -> Value:
    """The date ``days`` after another one, or the Monday after where that is a weekend."""
    if value.number is None:
        raise ValueError(f"{value.text!r} is no date")
    day = date.fromordinal(int(value.number) + days)
    return _date(day + timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0))


def _plain(number: int) -> Value:
    return Value(str(number), (str(number),), str(number), float(number))


def _money(number: float, decimals: int) -> Value:
    amount = f"{number:,.2f}" if decimals else f"{number:,.0f}"
    bare = amount.replace(",", "")
    forms = (f"EUR {amount}", f"EUR {bare}", f"{amount} EUR", f"{bare} EUR", f"{amount} euros", f"{bare} euros")
    return Value(f"EUR {amount}", tuple(dict.fromkeys((*forms, f"€{amount}", amount, bare))), bare, number, True)


def _percent(number: float) -> Value:
    bare = f"{number:g}"
    return Value(f"{bare}%", (f"{bare}%", f"{bare} %", f"{bare} percent", f"{bare} per cent", bare), bare, number, True)


def _quantity(number: float, decimals: int, unit: str) -> Value:
    amount, bare = f"{number:,.{decimals}f}", f"{number:.{decimals}f}"
    if number == 1 and unit.endswith("s"):
        unit = {"people": "person"}.get(unit, unit.removesuffix("s"))
    short = unit.split()[0]
    forms = (f"{amount} {unit}", f"{bare} {unit}", f"{amount} {short}", amount, bare, *_symbols(bare, unit))
    return Value(f"{amount} {unit}", tuple(dict.fromkeys(forms)), bare, number, True)


def _symbols(bare: str, unit: str) -> tuple[str, ...]:
    symbols = {"kg": ("kilograms",), "m": ("metres", "meters"), "degrees Celsius": ("°C", "C"), "mA": ("milliamperes",)}
    return tuple(f"{bare} {symbol}" for symbol in symbols.get(unit, ()))


def _date(day: date) -> Value:
    month = MONTHS[day.month - 1]
    long = f"{day.day} {month} {day.year}"
    forms = (long, f"{month} {day.day}, {day.year}", day.isoformat(), house_date(day))
    return Value(long, forms, long, float(day.toordinal()))


def house_date(day: date) -> str:
    """A date as the house style guide wants it: ``04.MAY.2026``."""
    return f"{day.day:02d}.{MONTHS[day.month - 1][:3].upper()}.{day.year}"


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _time(at: int) -> Value:
    text = f"{at // 60:02d}:{at % 60:02d}"
    return Value(text, tuple(dict.fromkeys((text, text.removeprefix("0"), f"{text} h"))), text, float(at))
