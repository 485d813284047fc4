import pytest

from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Document

PUMPS = "The pump moves water. The pump has a steel casing. The pump needs oil every year. "
CATS = "Cats sleep most of the day. Cats hunt mice at night. Cats like warm places."


def cut(documents: list[Document], **fields: object) -> list[Chunk]:
    return chunkers.build(chunkers.parse({"kind": "semantic", **fields}))(documents)


@pytest.mark.slow
def test_cuts_where_the_topic_changes() -> None:
    chunks = cut([Document("d", PUMPS + CATS)], percentile=80, neighbours=0)
    assert [chunk.text for chunk in chunks] == [PUMPS.strip(), CATS]


@pytest.mark.slow
def test_a_document_is_cut_alike_in_any_company_and_every_time() -> None:
    one, other = Document("one", PUMPS + CATS), Document("other", CATS + " " + PUMPS * 3)
    alone = cut([one])
    assert cut([other, one])[-len(alone) :] == alone
    assert cut([other, one]) == cut([other, one])


@pytest.mark.slow
def test_spans_are_exact_in_awkward_texts() -> None:
    for text in ("", " \n", "One.", "😀 \x01. 漢字。漢字！\n\n| a | b |\n| c | d |\n\nEnd. ", PUMPS * 30):
        chunks = cut([Document("d", text)], size=60)
        assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
        assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())
        assert all(len(chunk.text) <= 60 for chunk in chunks)
