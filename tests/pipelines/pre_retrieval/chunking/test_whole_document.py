from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Document


def test_one_chunk_a_document_indexed_as_it_reads() -> None:
    chunk = chunkers.build(chunkers.parse("whole_document"))
    documents = [Document("a", "The text.", "A title"), Document("b", "", "Title alone"), Document("c", "")]
    assert chunk(documents) == [
        Chunk("a#0", "a", 0, 9, "The text.", "The text."),
        Chunk("b#0", "b", 0, 0, "", ""),
    ]
