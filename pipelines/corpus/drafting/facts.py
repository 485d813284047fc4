"""Questions by rule, without a language model: cells of tables and ``key: value`` lines.

The first column of a table names what its rows are about, its header what is said of it. A key-value line is about its
document (by title) or the section it stands in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.corpus.drafting import Draft, Drafts
from pipelines.corpus.drafting.checks import checked
from pipelines.corpus.drafting.key_values import key_values
from pipelines.corpus.drafting.tables import Row, rows
from pipelines.pre_retrieval.query.lists import words
from pipelines.prompt_files import fill
from pipelines.records import Document, Span


class Wording(NamedTuple):
    """How a fact is asked for, with ``{attribute}`` and ``{subject}``: the cell of a table, and a key-value line."""

    cell: str
    line: str


ASKED = Wording("What is the {attribute} of {subject}?", "What is given for {attribute} in {subject}?")
"""How drafted questions for dev and test are worded."""
TAUGHT = Wording("Which {attribute} does {subject} have?", "In {subject}, what stands behind {attribute}?")
"""Another wording, so that pairs for training are no copies of drafted questions."""

AMBIGUOUS = "asks for several facts"
_NO_VALUE = {"", "-", "–", "—", "nan", "n/a", "none", "null", "?"}
_ATTRIBUTE_COLUMNS = {"attribute", "detail", "field", "item", "key", "parameter", "property", "term"}
"""First columns of two that hold keys: then the table is a list of ``key: value`` about its document."""


@dataclass(frozen=True)
class _Fact:
    attribute: str
    subject: str
    title: str
    value: str
    passage: Span
    kind: str


def facts(documents: Mapping[str, Document], wording: Wording, language: str = "en") -> Drafts:
    """A draft for each cell and key-value line that one question can ask for. Where several documents say something of
    the same name, the question names the document as well; what is ambiguous still is dropped and counted."""
    found = list(dict.fromkeys(fact for document in documents.values() for fact in _facts(document)))
    shared = {fact for same in _by_words(found, wording, language) if len(same) > 1 for _, fact in same}
    named = [_with_title(fact) if fact in shared else fact for fact in found]
    clear = [same[0] for same in _by_words(named, wording, language) if len(same) == 1]
    made = checked((Draft(text, fact.value, fact.passage, fact.kind) for text, fact in clear), documents)
    ambiguous = len(named) - len(clear)
    return Drafts(made.kept, {**made.dropped, **({AMBIGUOUS: ambiguous} if ambiguous else {})})


def _facts(document: Document) -> Iterator[_Fact]:
    title = " ".join(document.title.split()) or document.id
    for row in rows(document.text):
        span = Span(document.id, row.start, row.end)
        for attribute, subject, value in _of_row(row, title):
            if _usable(attribute, value) and any(map(str.isalpha, subject)):
                kind = "key_value" if subject == title else "table"
                yield _Fact(attribute, subject, title, value, span, kind)
    for line in key_values(document.text):
        if _usable(line.key, line.value):
            subject = f"{title}, {line.section}" if line.section else title
            yield _Fact(line.key, subject, title, line.value, Span(document.id, line.start, line.end), "key_value")


def _of_row(row: Row, title: str) -> Iterator[tuple[str, str, str]]:
    if len(row.header) == 2 and row.header[0].casefold() in _ATTRIBUTE_COLUMNS:
        yield row.cells[0], title, row.cells[1]
    else:
        for attribute, value in zip(row.header[1:], row.cells[1:], strict=True):
            yield attribute, row.cells[0], value


def _usable(attribute: str, value: str) -> bool:
    named = any(map(str.isalpha, attribute)) and not attribute.startswith("Unnamed:")
    return named and value.casefold() not in _NO_VALUE and "://" not in value


def _with_title(fact: _Fact) -> _Fact:
    if fact.title in fact.subject:
        return fact
    subject = f"{fact.subject} ({fact.title})"
    return _Fact(fact.attribute, subject, fact.title, fact.value, fact.passage, fact.kind)


def _question(fact: _Fact, wording: Wording, language: str) -> str:
    attribute = fact.attribute
    if language == "en" and attribute[:1].isupper() and attribute[1:2].islower():
        attribute = attribute[0].lower() + attribute[1:]
    return fill(wording.cell if fact.kind == "table" else wording.line, attribute=attribute, subject=fact.subject)


def _by_words(found: Iterable[_Fact], wording: Wording, language: str) -> list[list[tuple[str, _Fact]]]:
    """Questions with their facts; those whose questions have the same words stand together."""
    grouped: defaultdict[str, list[tuple[str, _Fact]]] = defaultdict(list)
    for fact in found:
        text = _question(fact, wording, language)
        grouped[words(text)].append((text, fact))
    return list(grouped.values())
