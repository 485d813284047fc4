from pipelines.pre_retrieval.enrichment import enrichments
from pipelines.records import Chunk, Document
from pipelines.tools import Tools

TEXT = "Intro.\n# Pumps\nAll.\n## Care > oil\nOil it.\nDaily.\n# Valves\nShut."


def indexed(passage: str, fake_model: object, title: str = "Manual") -> str:
    start = TEXT.index(passage)
    chunk = Chunk("m#0", "m", start, start + len(passage), passage, passage)
    tools = Tools(fake_model, lambda prompts, tokens: [])  # type: ignore[arg-type]
    enrich = enrichments.build(enrichments.parse("section_path"))
    (found,) = enrich([chunk], {"m": Document("m", TEXT, title)}, tools)
    assert (found.text, found.span) == (chunk.text, chunk.span)
    return found.indexed


def test_title_and_headings_above_the_chunk(fake_model: object) -> None:
    assert indexed("Intro.", fake_model) == "Manual\nIntro."
    assert indexed("All.", fake_model) == "Manual > Pumps\nAll."
    assert indexed("Daily.", fake_model) == "Manual > Pumps > Care > oil\nDaily."
    assert indexed("Shut.", fake_model) == "Manual > Valves\nShut."


def test_the_heading_that_a_chunk_begins_with_is_not_repeated(fake_model: object) -> None:
    assert indexed("## Care > oil\nOil it.", fake_model) == "Manual > Pumps\n## Care > oil\nOil it."


def test_a_first_heading_that_is_the_title_stands_once(fake_model: object) -> None:
    assert indexed("All.", fake_model, title="Pumps") == "Pumps\nAll."


def test_without_title_and_headings_nothing_is_put(fake_model: object) -> None:
    assert indexed("Intro.", fake_model, title="") == "Intro."


def test_a_chunk_of_no_document_stays_as_it_is(fake_model: object) -> None:
    pair = Chunk("pair", "train:1", 0, 1, "Q A", "Q")
    tools = Tools(fake_model, lambda prompts, tokens: [])  # type: ignore[arg-type]
    assert enrichments.build(enrichments.parse("section_path"))([pair], {}, tools) == [pair]
