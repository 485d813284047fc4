from pipelines.pre_retrieval import chunkers
from pipelines.records import Chunk, Document


def test_one_chunk_a_document_with_title_and_text_indexed() -> None:
    chunk = chunkers.build(chunkers.parse("whole_document"))
    documents = [Document("a", "The text.", "A title"), Document("b", "No title."), Document("c", "", "Title alone")]
    assert chunk(documents) == [
        Chunk("a#0", "a", 0, 9, "The text.", "A title The text."),
        Chunk("b#0", "b", 0, 9, "No title.", "No title."),
        Chunk("c#0", "c", 0, 0, "", "Title alone"),
    ]
