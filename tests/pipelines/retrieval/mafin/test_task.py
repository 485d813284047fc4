from typing import Any

import numpy as np
import pytest

from pipelines.learning import Labelled, Material
from pipelines.records import Chunk
from pipelines.retrieval.mafin import task
from pipelines.retrieval.mafin.settings import OverBlackBox
from pipelines.retrieval.mafin.task import Task, prepare

pytestmark = pytest.mark.slow


def chunks(number: int) -> list[Chunk]:
    texts = [f"Passage number {place}." for place in range(number)]
    return [Chunk(f"c{place}", f"d{place}", 0, len(text), text, text) for place, text in enumerate(texts)]


def prepared(random_box: Any, passages: int) -> Task:
    train = (Labelled("Which is first?", {"c0": 1}),)
    dev = (Labelled("Which is second?", {"c1": 2, "c5": 1}), Labelled("Which is third?", {"c2": 1}))
    config: Any = OverBlackBox(kind="any")
    return prepare(Material(chunks(passages), train, dev, seed=3), random_box(), config)


def test_dev_is_ranked_over_all_passages_where_they_are_few(random_box: Any) -> None:
    made = prepared(random_box, 20)
    assert made.dev is not None
    assert made.dev.passages.texts == [chunk.indexed for chunk in chunks(20)]
    assert sorted(map(sorted, (one.items() for one in made.dev.grades))) == [[(1, 2), (5, 1)], [(2, 1)]]


def test_a_large_corpus_is_sampled_around_what_is_relevant_and_near(
    random_box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "DEV_PASSAGES", 30)
    made = prepared(random_box, 400)
    assert made.dev is not None
    texts = made.dev.passages.texts
    assert len(texts) == len(set(texts)) == 30
    everything = [chunk.indexed for chunk in chunks(400)]
    black_box = random_box()
    for question, grades in zip(made.dev.queries.texts, made.dev.grades, strict=True):
        relevant = {"Which is second?": {1: 2, 5: 1}, "Which is third?": {2: 1}}[question]
        assert {texts[place]: grade for place, grade in grades.items()} == {
            everything[place]: grade for place, grade in relevant.items()
        }
        scores = black_box.embed_queries([question]) @ black_box.embed_documents(everything).T
        assert {everything[place] for place in np.argsort(-scores[0])[:10]} <= set(texts)


def test_the_random_part_of_the_sample_is_the_seeds(random_box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "DEV_PASSAGES", 60)
    first, again = (prepared(random_box, 400).dev for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.passages.texts == again.passages.texts
