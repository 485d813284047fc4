"""Numbers with their units, as they stand in answers.

Declared, not guessed: a unit is one of the tables below, units of one dimension are converted exactly, everything
else is compared as it stands. Currencies are never converted, months never to days.
"""

import re
from dataclasses import dataclass
from typing import Final

SCALES: Final = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "millions": 1e6, "mn": 1e6, "mio": 1e6, "M": 1e6,
    "billion": 1e9, "billions": 1e9, "bn": 1e9, "trillion": 1e12,
}  # fmt: skip
"""``k`` and ``M`` only directly behind the number; ``m`` means million only behind a currency sign."""

CURRENCIES: Final = {
    "$": "usd", "us$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "€": "eur", "eur": "eur",
    "euro": "eur", "euros": "eur", "£": "gbp", "gbp": "gbp", "pound sterling": "gbp", "¥": "jpy", "jpy": "jpy",
    "yen": "jpy", "chf": "chf", "francs": "chf",
}  # fmt: skip

_DIMENSIONS: Final = {
    "mass in g": {1e-3: "mg", 1.0: "g gram grams", 1e3: "kg kilogram kilograms kilo kilos", 1e6: "t tonne tonnes"},
    "length in m": {1e-3: "mm", 1e-2: "cm", 1.0: "m metre metres meter meters", 1e3: "km kilometre kilometres"
                    " kilometer kilometers"},
    "time in s": {1e-3: "ms millisecond milliseconds", 1.0: "s sec second seconds", 60.0: "min mins minute minutes",
                  3600.0: "h hr hrs hour hours", 86400.0: "day days", 604800.0: "week weeks"},
    "time in months": {1.0: "month months", 12.0: "year years yr yrs"},
    "volume in l": {1e-3: "ml", 1.0: "l litre litres liter liters"},
    "power in w": {1.0: "w watt watts", 1e3: "kw kilowatt kilowatts"},
    "percent": {1.0: "% percent"},
}  # fmt: skip
UNITS: Final = (
    {
        name: (dimension, factor)
        for dimension, factors in _DIMENSIONS.items()
        for factor, names in factors.items()
        for name in names.split()
    }
    | {name: (currency, 1.0) for name, currency in CURRENCIES.items()}
    | {"per cent": ("percent", 1.0)}
)
LITERAL_UNITS: Final = (
    "°c", "°f", "°", "kb", "mb", "gb", "tb", "mw", "kwh", "mwh", "v", "kv", "hz", "khz", "mhz", "ghz", "bar", "psi",
    "pa", "kpa", "rpm", "m²", "m2", "m³", "m3", "km/h", "m/s", "l/min", "nm", "db", "percentage points",
)  # fmt: skip
WORDS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
DECIMAL_COMMA: Final = frozenset({"de", "fr", "es", "it", "pt", "nl", "da", "sv", "nb", "fi", "pl", "cs", "ru", "tr"})

_UNIT_NAMES = sorted({*UNITS, *LITERAL_UNITS}, key=len, reverse=True)
_UNIT = "|".join(re.escape(name) for name in _UNIT_NAMES)
_GROUP = "[,.'’\u00a0\u2009\u202f]"
_QUANTITY = re.compile(
    rf"(?:(?<![\w.,:/-])|(?<=\d-))(?P<sign>[-−+]?)(?P<before>us\$|[$€£¥]|(?:usd|eur|gbp|chf|jpy)(?=\s?\d))?\s?(?P<sign2>[-−]?)"
    rf"(?P<number>\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
    rf"(?P<tight>(?-i:k|K|M|m)(?![\w²³/]))?"
    rf"(?:[\s-]?(?P<scale>thousand|millions?|mn|mio|billions?|bn|trillion)(?!\w))?"
    rf"(?:[\s-]?(?P<unit>{_UNIT})(?![\w²³/]))?",
    re.IGNORECASE,
)
_WORD = re.compile(rf"\s*(?P<word>{'|'.join(WORDS)})(?:[\s-](?P<unit>{_UNIT}))?[\s.]*", re.IGNORECASE)
_DATE = re.compile(r"\d+(?:-\d+){2,}")
# A number that runs on into letters, further digits, a version, a time or a fraction is a name, not a quantity.
_RUNS_ON = re.compile(r"[\w²³]|[.,:/]\d|-[^\W\d]")


@dataclass(frozen=True)
class Quantity:
    """A number: ``written`` in its own unit, ``value`` in the base unit of its ``dimension`` (empty: no unit).
    ``exact`` marks an integer written out in full and ``unit`` the unit whatever its spelling, so that two such
    numbers in one unit can be held to equality."""

    written: float
    value: float
    dimension: str
    unit: str
    exact: bool


def find_quantities(text: str, language: str = "en") -> list[tuple[Quantity, tuple[int, int]]]:
    """Every quantity in ``text`` with its place, from left to right.

    Numbers within names are none: ``INC-2041``, ``v2.4.1``, ``14:30``, ``2024-05-12``. Number words from zero to
    twelve count only where they and a unit are the whole text.
    """
    word = _WORD.fullmatch(text)
    if word:
        dimension, factor = _unit(word["unit"])
        number = float(WORDS[word["word"].lower()])
        return [(Quantity(number, number * factor, dimension, _named(dimension, factor), True), word.span())]
    found = []
    # Dates go before numbers are sought; as many spaces keep the places.
    for match in _QUANTITY.finditer(_DATE.sub(lambda date: " " * len(date[0]), text)):
        if not _RUNS_ON.match(text, match.end()):
            found.append((_quantity(match, language), match.span()))
    return found


def _quantity(match: re.Match[str], language: str) -> Quantity:
    currency = CURRENCIES.get((match["before"] or "").lower(), "")
    scale, unit = (match["scale"] or "").lower(), (match["unit"] or "").lower()
    if match["tight"] == "m":
        scale, unit = ("million", unit) if currency else (scale, "m")
    elif match["tight"]:
        scale = "k" if match["tight"] in "kK" else "M"
    dimension, factor = (currency, 1.0) if currency else _unit(unit)
    number, whole = _number(match["number"], language)
    sign = -1.0 if (match["sign"] or match["sign2"]) in ("-", "−") else 1.0
    written = sign * number * SCALES.get(scale, 1.0)
    return Quantity(written, written * factor, dimension, _named(dimension, factor), whole and not scale)


def _unit(name: str | None) -> tuple[str, float]:
    """Dimension and factor of a unit name; a literal unit is its own dimension."""
    return UNITS.get((name or "").lower(), ((name or "").lower(), 1.0))


def _named(dimension: str, factor: float) -> str:
    return f"{factor:g} x {dimension}" if dimension else ""


def _number(written: str, language: str) -> tuple[float, bool]:
    """The value of ``written`` and whether it is an integer. The last separator is the decimal one unless it groups
    thousands: three digits follow it, and it is a comma (in languages with a decimal comma: a point), or it occurs
    more than once."""
    plain = re.sub("['’\u00a0\u2009\u202f]", "", written)
    grouping = "." if language in DECIMAL_COMMA else ","
    last = max(plain.rfind(","), plain.rfind("."))
    if last < 0:
        return float(plain), True
    mark = plain[last]
    groups = plain.count(mark) > 1 or (mark == grouping and len(plain) - last == 4 and last > 0)
    if groups:
        return float(plain.replace(",", "").replace(".", "")), True
    return float(plain[:last].replace(",", "").replace(".", "") + "." + plain[last + 1 :]), False
