from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Document


def cut(text: str, **fields: object) -> list[str]:
    chunker = chunkers.build(chunkers.parse({"kind": "sentence_window", **fields}))
    return [chunk.text for chunk in chunker([Document("d", text)])]


def test_one_chunk_a_sentence() -> None:
    text = "Dr. Ito paid 3.50 EUR for tea. Did he?\nYes!  He did."
    assert cut(text) == ["Dr. Ito paid 3.50 EUR for tea.", "Did he?", "Yes!", "He did."]


def test_headings_list_items_and_rows_stand_alone() -> None:
    text = "# Title\n\nA sentence\nover two lines.\n\n- one\n- two\n1. three\n\n| a | b |\n| c | d |"
    assert cut(text) == [
        "# Title", "A sentence\nover two lines.", "- one", "- two", "1. three", "| a | b |", "| c | d |",
    ]  # fmt: skip


def test_scripts_with_other_ends_of_sentences() -> None:
    assert cut("你好。世界！好吗？") == ["你好。", "世界！", "好吗？"]
    assert cut("यह है। वह है।") == ["यह है।", "वह है।"]
    assert cut("هل هذا؟ نعم.") == ["هل هذا؟", "نعم."]


def test_a_long_sentence_is_cut() -> None:
    assert cut("one two three four five six seven", size=20) == ["one two three four", "five six seven"]
