import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.retrieval.onegen.adapter import adapted
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.engine import Engine
from pipelines.retrieval.onegen.entity_linking import (
    Text,
    entity,
    entity_search,
    link,
    linking_lessons,
    read_texts,
)
from pipelines.retrieval.onegen.training import train
from pipelines.retrieval.onegen.vocabulary import Vocabulary, add_rows

KORE50 = Path(__file__).parents[5] / "shared/data/entity_linking/kore50.benchmark.jsonl"


def row(**changes: Any) -> dict[str, Any]:
    labels = [
        {"span": [10, 16], "entity_id": "Q2", "name": "Orison Ltd"},
        {"span": [0, 4], "entity_id": "Q1", "name": "Kest Works"},
        {"span": [5, 9], "entity_id": "<NO_MAPPING>", "name": "Unknown"},
    ]
    return {"id": 7, "text": "Kest sold Orison.", "labels": labels} | changes


def test_mentions_are_read_in_the_order_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(json.dumps(row()) + "\n", encoding="utf-8")
    (text,), names = read_texts(tmp_path / "texts.jsonl")
    assert (text.mentions, text.entities) == (("Kest", "Orison"), ("Q1", "Q2"))
    assert names == {"Q1": "Kest Works", "Q2": "Orison Ltd"}


@pytest.mark.parametrize("bad", ["not json", '{"id": 1, "text": "x"}', '{"id": 1, "text": "x", "labels": [{}]}', "[]"])
def test_a_bad_line_is_named(bad: str, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(json.dumps(row()) + "\n" + bad, encoding="utf-8")
    with pytest.raises(UserError, match=r"texts.jsonl, line 2: no text with labelled mentions"):
        read_texts(tmp_path / "texts.jsonl")


def test_lessons_find_each_entity_and_a_label_without_description_is_refused(
    toy: Any, make_network: Any, tmp_path: Path
) -> None:
    (tmp_path / "texts.jsonl").write_text(json.dumps(row()) + "\n", encoding="utf-8")
    texts, names = read_texts(tmp_path / "texts.jsonl")
    vocabulary, network = Vocabulary.of(toy, "toy"), make_network(len(toy))
    add_rows(network, vocabulary)
    config = OneGenConfig(rank=2, epochs=1)
    model = adapted(network, vocabulary, config, 0)
    (lesson,) = linking_lessons(texts, vocabulary, {"7": ["Q3"]})
    assert (lesson.supporting, lesson.hard) == ((("Q1",), ("Q2",)), ("Q3",))
    assert len(lesson.write(["Q1", "Q2"]).vectors) == 2

    def tune(known: dict[str, str]) -> Any:
        return train(model, [lesson], lambda one: entity(vocabulary, known[one], 9), list(known), config, 0, _silent)

    with pytest.raises(UserError, match="text 7 is labelled with 'Q2', which is no document"):
        tune({"Q1": "Kest Works", "Q3": "Sable"})
    assert tune({**names, "Q3": "Sable"})["steps"] == 1


def test_it_learns_to_name_and_to_link(toy: Any, make_network: Any) -> None:
    entities = {"Q1": "green pump", "Q2": "red valve", "Q3": "blue hinge", "Q4": "kestrel"}
    texts = [
        Text("1", "what colour is the kestrel with the orison", ("kestrel", "orison"), ("Q1", "Q2")),
        Text("2", "the quill is blue", ("quill",), ("Q3",)),
    ]
    vocabulary, network = Vocabulary.of(toy, "toy"), make_network(len(toy))
    add_rows(network, vocabulary)
    config = OneGenConfig(rank=8, epochs=60, learning_rate=2e-2)
    model = adapted(network, vocabulary, config, 0)
    lessons = linking_lessons(texts, vocabulary)
    train(model, lessons, lambda one: entity(vocabulary, entities[one], 9), list(entities), config, 0, _silent)
    engine = Engine(model.merge_and_unload(), vocabulary)
    find = entity_search(engine, entities, 9)
    assert link(engine, texts[0].text, find) == [("kestrel", "Q1"), ("orison", "Q2")]
    assert link(engine, texts[1].text, find) == [("quill", "Q3")]
    assert link(engine, texts[0].text, find, most=1) == [("kestrel", "Q1")]


@pytest.mark.skipif(not KORE50.is_file(), reason="the shared data are absent")
def test_kore50() -> None:
    texts, names = read_texts(KORE50)
    assert len(texts) == 50
    assert sum(len(text.mentions) for text in texts) == 144 - 1  # one has no entity
    assert (texts[0].mentions[0], names[texts[0].entities[0]]) == ("Steve", "Steve Jobs")


def _silent(step: int, of: int, loss: float) -> None:
    pass
