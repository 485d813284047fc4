"""A number of questions spread over documents: by rule from tables and key-value lines, by a language model from
prose."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import Field

from pipelines.corpus.drafting import Draft, Drafts
from pipelines.corpus.drafting.facts import ASKED, Wording, facts
from pipelines.corpus.drafting.written import Asking, written
from pipelines.corpus.splits import unit_hash
from pipelines.errors import UserError
from pipelines.pre_retrieval.chunking.recursive import RecursiveConfig, recursive
from pipelines.pre_retrieval.query.lists import words
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.records import Chunk, Document
from pipelines.registry import Closed
from pipelines.tools import Complete

FEWEST_WORDS = 8
"""Words of a passage worth asking about; fewer are a heading or a page number."""
MOST_ASKED = 3
"""Passages asked about for each question wanted, at most: a model that writes nothing usable has to come to an end."""

Item = TypeVar("Item")


class Drafting(Closed):
    """How questions are drafted."""

    number: int = Field(100, ge=1, description="questions at most")
    llm: bool = Field(
        True, description="let the language model write about prose; false takes tables and key-value lines alone"
    )
    per_passage: int = Field(2, ge=1, le=10, description="questions written about one passage at most")
    passage: int = Field(600, ge=100, description="characters of a passage the model writes about, at most")
    cell_wording: str = Field(
        ASKED.cell, description="question for the cell of a table, with {attribute} and {subject}"
    )
    line_wording: str = Field(ASKED.line, description="question for a key-value line, likewise")
    max_new_tokens: int = Field(160, ge=1, description="tokens of all questions and answers of a passage at most")
    prompt: PromptText = prompt_field(__package__ or "", "questions", "{count}, {title}, {passage}")


def draft(
    documents: Sequence[Document], config: Drafting, complete: Complete | None, language: str, seed: int
) -> Drafts:
    """At most ``config.number`` drafts, spread over the documents. Where the model writes, at least half are left to
    it, and passages that rules read are not shown to it.

    ``complete`` may be ``None`` where no model is asked. Raises ``UserError`` where nothing could be drafted, with what
    was thrown away.
    """
    by_id = {document.id: document for document in documents}
    ruled = facts(by_id, Wording(config.cell_wording, config.line_wording), language)
    by_rule = spread_over_documents(ruled.kept, lambda one: one.passage.document_id, lambda one: one.question, seed)
    made, asked = Drafts(), 0
    if config.llm and complete is not None:
        wanted = max(config.number - len(by_rule), (config.number + 1) // 2)
        passages = usable_passages(documents, config.passage, ruled.kept, seed)
        made, asked = _write(passages, by_id, config, wanted, complete)
    known = {words(one.question) for one in made.kept}
    others = [one for one in by_rule if words(one.question) not in known]
    kept = (*others[: config.number - len(made.kept)], *made.kept)
    dropped = Counter(ruled.dropped) + Counter(made.dropped)
    if not kept:
        raise UserError(_nothing(len(documents), config.llm, asked, dropped))
    return Drafts(kept, dict(dropped))


def usable_passages(documents: Sequence[Document], size: int, ruled: Iterable[Draft], seed: int) -> list[Chunk]:
    """Passages of prose, those of all documents in turn: long enough, with none that stands word for word elsewhere
    and none that a rule reads."""
    chunks = recursive(RecursiveConfig(size=size))(documents)
    taken: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in ruled:
        taken[one.passage.document_id].append((one.passage.start, one.passage.end))
    times = Counter(words(chunk.text) for chunk in chunks)
    prose = [
        chunk
        for chunk in chunks
        if len(chunk.text.split()) >= FEWEST_WORDS
        and times[words(chunk.text)] == 1
        and not any(start < chunk.end and chunk.start < end for start, end in taken[chunk.document_id])
    ]
    return spread_over_documents(prose, lambda chunk: chunk.document_id, lambda chunk: chunk.id, seed)


def spread_over_documents(
    items: Iterable[Item], document: Callable[[Item], str], name: Callable[[Item], str], seed: int
) -> list[Item]:
    """The items by seeded hash of their names, one of every document before a second of any."""
    piles: defaultdict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: (unit_hash(seed, name(item)), name(item))):
        piles[document(item)].append(item)
    ranked = [(rank, unit_hash(seed, key), item) for key, pile in piles.items() for rank, item in enumerate(pile)]
    return [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])]


def _write(
    passages: Sequence[Chunk], documents: Mapping[str, Document], config: Drafting, wanted: int, complete: Complete
) -> tuple[Drafts, int]:
    """So many drafts as are wanted, and about how many passages the model was asked."""
    asking = Asking(config.prompt, config.per_passage, config.max_new_tokens)
    kept: dict[str, Draft] = {}
    dropped: Counter[str] = Counter()
    asked, most = 0, min(len(passages), MOST_ASKED * wanted)
    while len(kept) < wanted and asked < most:
        missing = -(-(wanted - len(kept)) // config.per_passage)
        batch = passages[asked : min(asked + missing, most)]
        asked += len(batch)
        made = written(batch, documents, asking, complete)
        dropped.update(made.dropped)
        for one in made.kept:
            kept.setdefault(words(one.question), one)
    return Drafts(tuple(kept.values())[:wanted], dict(dropped)), asked


def _nothing(documents: int, llm: bool, asked: int, dropped: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(dropped.items(), key=lambda one: -one[1]))
    thrown = f" ({reasons})" if reasons else ""
    if not llm:
        return (
            f"no question in {documents} documents{thrown}: without a language model only tables with a header and "
            "lines such as 'key: value' give questions; name a language model for prose"
        )
    if not asked:
        return f"no question in {documents} documents{thrown}: none has a passage of {FEWEST_WORDS} words or more"
    return (
        f"the language model wrote no usable question about {asked} passages{thrown}; name a stronger one, or edit the "
        "prompt"
    )
