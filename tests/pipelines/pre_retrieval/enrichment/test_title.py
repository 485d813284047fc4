from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment import enrichments
from pipelines.records import Chunk, Document
from pipelines.tools import Tools


def enriched(chunks: list[Chunk], documents: list[Document], fake_model: object) -> list[Chunk]:
    tools = Tools(fake_model, lambda prompts, tokens: [])  # type: ignore[arg-type]
    enrich = enrichments.build(enrichments.parse("title"))
    return enrich(chunks, {document.id: document for document in documents}, tools)


def test_title_stands_in_front_of_what_is_indexed(fake_model: object) -> None:
    chunk = Chunk("a#0", "a", 0, 4, "Text", "Context\nText")
    (found,) = enriched([chunk], [Document("a", "Text", "A title")], fake_model)
    assert found == Chunk("a#0", "a", 0, 4, "Text", "A title\nContext\nText")


def test_nothing_is_put_where_there_is_no_title_or_no_document(fake_model: object) -> None:
    chunks = [Chunk("a#0", "a", 0, 4, "Text", "Text"), Chunk("pair", "train:1", 0, 1, "Q A", "Q")]
    assert enriched(chunks, [Document("a", "Text")], fake_model) == chunks


def test_a_document_with_a_title_alone_is_indexed_by_it(fake_model: object) -> None:
    documents = [Document("a", "", "Title alone")]
    chunks = chunkers.build(chunkers.parse("whole_document"))(documents)
    assert [chunk.indexed for chunk in enriched(chunks, documents, fake_model)] == ["Title alone"]
