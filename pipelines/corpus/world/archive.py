"""The archive: generated documents beside the core's, so that a corpus can be as large as is asked for.

Tickets, shipment notes, site logs, supplier letters, meeting notes, spec sheets, incident reports and project files of
past years, in the core's words and with facts of the core's kinds, but about codes, people, stations, suppliers, models
and projects that the core does not know. They are distractors: no question is about them. Document ``n`` hangs on the
seed and ``n`` alone, so a larger archive begins with the smaller one. They are Markdown from the start; only the core
goes through file formats and parsers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

from pipelines.corpus.world import sources
from pipelines.corpus.world.templates import fill
from pipelines.corpus.world.values import Value, later, options, words
from pipelines.corpus.world.writers import markdown
from pipelines.records import Document


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of document with every value its facts may take, by fact name. ``later`` are dates that follow another:
    the fact that holds it, least and most days after. ``versions`` are the templates."""

    name: str
    prefix: str
    title: str
    values: Mapping[str, tuple[Value, ...]]
    later: Mapping[str, tuple[str, int, int]]
    versions: tuple[str, ...]
    metadata: Mapping[str, str]


def archive(seed: int, count: int) -> Iterator[Document]:
    """The first ``count`` documents of the archive of a seed, about 100 words each, one at a time."""
    forms = _forms()
    return (_document(seed, number, forms) for number in range(1, count + 1))


def _document(seed: int, number: int, forms: tuple[_Form, ...]) -> Document:
    key = f"{seed}:archive:{number}"
    random = Random(key)
    form = random.choice(forms)
    facts = {name: random.choice(values) for name, values in form.values.items()}
    for name, (earlier, least, most) in form.later.items():
        facts[name] = later(facts[earlier], random.randint(least, most))
    code = {"code": f"{form.prefix}-{number:06d}"}
    blocks, _ = fill(random.choice(form.versions), code["code"], facts, code, key)
    title = form.title.format_map({name: value.text for name, value in facts.items()} | code)
    return Document(f"archive/{form.name}-{number:06d}.md", markdown(blocks), title, form.metadata)


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(_form(source) for source in sources.archive_forms())


def _form(source: sources.ArchiveForm) -> _Form:
    return _Form(
        source.name,
        source.prefix,
        source.title,
        {name: _values(spec) for name, spec in source.facts.items() if not spec.startswith("after ")},
        {name: _after(spec) for name, spec in source.facts.items() if spec.startswith("after ")},
        source.versions,
        # One mapping for all documents of a kind, as a hundred thousand of them would take much of the memory.
        {"format": "md", "kind": source.kind},
    )


def _after(spec: str) -> tuple[str, int, int]:
    """``after FACT LEAST MOST``: a date so many days behind that of another fact."""
    _, earlier, least, most = spec.split()
    return earlier, int(least), int(most)


@cache
def _values(spec: str) -> tuple[Value, ...]:
    """Every value of a specification: a name put together from the parts of ``names.yaml``, or one of ``values``."""
    parts = sources.archive_names().get(spec)
    if parts is None:
        return options(spec)
    between = " " if spec == "person" else ""
    return tuple(words(between.join(chosen)) for chosen in product(*parts))
