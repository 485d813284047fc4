import pytest

from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.chunking.headers import Section, sections
from pipelines.records import Document


def cut(text: str, size: int = 800) -> list[str]:
    chunker = chunkers.build(chunkers.parse({"kind": "headers", "size": size}))
    return [chunk.text for chunk in chunker([Document("d", text)])]


def test_one_chunk_a_section() -> None:
    text = "Before.\n\n# One\n\nFirst.\n\n## Deeper\nSecond.\n\n# Two\nThird.\n"
    assert cut(text) == ["Before.", "# One\n\nFirst.", "## Deeper\nSecond.", "# Two\nThird."]


def test_a_heading_alone_goes_with_the_section_below_it() -> None:
    assert cut("# One\n\n## Deeper\n\n### Deepest\nText.") == ["# One\n\n## Deeper\n\n### Deepest\nText."]
    assert cut("# One\n\n# Two\nText.\n\n# Three") == ["# One", "# Two\nText.", "# Three"]


def test_long_sections_are_cut_further() -> None:
    assert cut("# One\n" + "Some words. " * 4, size=30) == [
        "# One",
        "Some words. Some words.",
        "Some words. Some words.",
    ]


def test_headings_inside_code_are_none() -> None:
    assert cut("# One\n```\n# a comment\n```\nText.") == ["# One\n```\n# a comment\n```\nText."]


def test_text_without_headings_is_cut_by_size() -> None:
    assert cut("One two three. Four five six.", size=20) == ["One two three.", "Four five six."]


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
def test_sections_know_the_headings_above_them(blank: str) -> None:
    text = f"Text.\n# A\nIn A.\n##{blank}B / C\nIn B.\n# A\nIn A again."
    starts = [0, 6, 16, 31]
    assert list(sections(text)) == [
        Section(0, 5, ()),
        Section(starts[1], 15, ("A",)),
        Section(starts[2], 30, ("A", "B / C")),
        Section(starts[3], 46, ("A",)),
    ]
