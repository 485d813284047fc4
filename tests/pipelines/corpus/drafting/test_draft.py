"""A number of questions spread over documents."""

from collections.abc import Sequence

import pytest

from pipelines.corpus.drafting.draft import Drafting, draft, usable_passages
from pipelines.errors import UserError
from pipelines.records import Answer, Document, Prompt

NAMES = ("kestrel", "orison", "sable", "veldt")
PROSE = [Document(f"{n}.md", f"The pump {n} was painted in the colour of the {n} bird last year.", n) for n in NAMES]
ROWS = "\n".join(f"| {name} | EUR {200 + place} |" for place, name in enumerate(NAMES))
TABLE = Document("t.csv", f"| Pump | Price |\n| --- | --- |\n{ROWS}", "t")


class Writer:
    """A model that asks for the name in its passage, and counts the passages it saw."""

    def __init__(self, reply: str = " Which pump was painted like a bird, {0} or not {0}x?\nAnswer: {0} bird") -> None:
        self.reply, self.asked = reply, list[str]()

    def __call__(self, prompts: Sequence[Prompt], most: int) -> list[Answer]:
        passages = [prompt.text.rpartition("Passage: ")[2] for prompt in prompts]
        self.asked += passages
        names = [next((name for name in NAMES if name in passage), "none") for passage in passages]
        return [Answer(self.reply.format(name), 1, 1) for name in names]


def test_rules_and_model_share_the_number_and_every_document_has_its_turn() -> None:
    writer = Writer()
    made = draft([*PROSE, TABLE], Drafting(number=4), writer, "en", seed=0)
    kinds = [one.kind for one in made.kept]
    assert sorted(kinds) == ["table", "table", "written", "written"]
    assert len({one.passage.document_id for one in made.kept if one.kind == "written"}) == 2
    assert not any("EUR" in passage for passage in writer.asked)


def test_without_a_model_the_rules_alone_draft() -> None:
    made = draft([*PROSE, TABLE], Drafting(number=9, llm=False), Writer(), "en", seed=0)
    assert sorted(one.answer for one in made.kept) == ["EUR 200", "EUR 201", "EUR 202", "EUR 203"]


def test_the_same_seed_gives_the_same_drafts() -> None:
    first, again, other = (
        draft([*PROSE, TABLE], Drafting(number=2, llm=False), None, "en", seed=seed).kept for seed in (1, 1, 3)
    )
    assert first == again != other


def test_a_model_that_writes_nothing_usable_comes_to_an_end_and_is_named() -> None:
    many = [Document(f"{n}.md", f"The pump number {n} was painted red in the month before.", str(n)) for n in range(40)]
    writer = Writer(" nothing at all")
    with pytest.raises(
        UserError, match=r"no usable question about 12 passages \(no question and answer in the reply: 12\)"
    ):
        draft(many, Drafting(number=4), writer, "en", seed=0)
    assert len(writer.asked) == 12


def test_documents_without_tables_say_what_gives_questions_without_a_model() -> None:
    with pytest.raises(UserError, match="only tables with a header and lines such as 'key: value'"):
        draft(PROSE, Drafting(llm=False), None, "en", seed=0)


def test_documents_without_a_usable_passage_are_named() -> None:
    with pytest.raises(UserError, match="none has a passage of 8 words"):
        draft([Document("a", "Page 1")], Drafting(), Writer(), "en", seed=0)


def test_passages_that_stand_twice_are_boilerplate() -> None:
    footer = "All rights reserved by the company and its owners in every country."
    documents = [Document(n, f"{prose.text}\n\n{footer}") for n, prose in zip("ab", PROSE, strict=False)]
    found = usable_passages(documents, 100, (), seed=0)
    assert sorted(chunk.text for chunk in found) == sorted(prose.text for prose in PROSE[:2])
