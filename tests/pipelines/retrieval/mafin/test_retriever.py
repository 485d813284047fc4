import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.learning import Material
from pipelines.records import Chunk
from pipelines.retrieval import LearningRetriever, retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.mafin.augmenter import Augmenter
from pipelines.retrieval.mafin.retriever import Mafin, MafinConfig

pytestmark = pytest.mark.slow

Settings = Callable[..., dict[str, Any]]
MakeBox = Callable[..., Any]


def made(settings: Mapping[str, Any], black_box: Any) -> Mafin:
    config = retrievers.parse(dict(settings))
    assert isinstance(config, MafinConfig)
    return Mafin(config, black_box)


def learn(mafin: Mafin, material: Material, folder: Path) -> Mapping[str, float]:
    folder.mkdir()
    return mafin.learn(material, (), folder, lambda step, steps, loss: None)


def scores(mafin: Mafin, material: Material, folder: Path) -> np.ndarray:
    """Of every question and chunk, through the index."""
    mafin.build(material.chunks, folder)
    queries = [one.query for one in material.train]
    found = mafin.open(material.chunks, folder, ())(queries, len(material.chunks))
    rows = [dict(zip(hits.chunk_ids, hits.scores, strict=True)) for hits in found]
    return np.array([[row[chunk.id] for chunk in material.chunks] for row in rows])


def test_training_learns_what_the_black_box_cannot_know(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    mafin = made(settings(weight=0.2, steps=60), random_box())
    assert isinstance(mafin, LearningRetriever)
    assert mafin.learns
    measured = learn(mafin, material, tmp_path / "i")
    assert measured["dev_ndcg_at_10"] > measured["dev_ndcg_at_10_before"] + 0.2
    right = scores(mafin, material, tmp_path / "i").argmax(axis=1) == np.arange(8)
    assert right.mean() >= 0.75
    assert not any(path.suffix in {".bin", ".pt", ".pkl"} for path in (tmp_path / "i").rglob("*"))


def test_the_index_scores_by_the_weighted_sum(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    mafin = made(settings(weight=0.3, steps=4), random_box())
    learn(mafin, material, tmp_path / "i")
    found = scores(mafin, material, tmp_path / "i")
    texts = [chunk.indexed for chunk in material.chunks], [one.query for one in material.train]
    augmenter = Augmenter.load(tmp_path / "i" / "augmenter", mafin.config.augmenter)
    own = augmenter.embed(texts[1], "query") @ augmenter.embed(texts[0], "document").T
    black_box = random_box().embed_queries(texts[1]) @ random_box().embed_documents(texts[0]).T
    assert found == pytest.approx(0.3 * black_box + 0.7 * own, abs=2e-6)


def test_the_black_box_is_not_touched(
    settings: Settings, tiny_encoder: Path, material: Material, tmp_path: Path
) -> None:
    """The same weights as the augmenter's: bit for bit as before, and without a gradient."""
    black_box = embedders.build(embedders.parse({"kind": "sentence_transformers", "name": str(tiny_encoder)}))
    model = black_box._model  # type: ignore[attr-defined]
    before = {name: one.clone() for name, one in model.state_dict().items()}
    mafin = made(settings(steps=3), black_box)
    learn(mafin, material, tmp_path / "i")
    assert all(one.grad is None for one in model.parameters())
    assert all(one.equal(before[name]) for name, one in model.state_dict().items())
    start = Augmenter.start(mafin.config.augmenter).model.state_dict()
    trained = Augmenter.load(tmp_path / "i" / "augmenter", mafin.config.augmenter).model.state_dict()
    assert any(not one.equal(start[name]) for name, one in trained.items())


def test_training_asks_the_black_box_for_each_text_once(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    box = random_box()
    mafin = made(settings(steps=6), box)
    learn(mafin, material, tmp_path / "i")
    mafin.build(material.chunks, tmp_path / "i")
    assert len(box.asked) == len(set(box.asked)) == 16  # eight questions, eight chunks


def test_one_seed_gives_one_model(settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path) -> None:
    hashes = []
    for number, seed in enumerate((0, 0, 1)):
        mafin = made(settings(steps=4, evaluations=1, queries_per_step=4), random_box())
        folder = tmp_path / str(number)
        learn(mafin, Material(material.chunks, material.train, (), seed), folder)
        hashes.append(Augmenter.load(folder / "augmenter", mafin.config.augmenter).hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_untrained_it_is_the_plain_concatenation(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    mafin = made(settings(steps=0), random_box())
    assert not mafin.learns
    (tmp_path / "i").mkdir()
    found = scores(mafin, material, tmp_path / "i")
    augmenter = Augmenter.start(mafin.config.augmenter)
    queries, texts = [one.query for one in material.train], [chunk.indexed for chunk in material.chunks]
    own = augmenter.embed(queries, "query") @ augmenter.embed(texts, "document").T
    black_box = random_box().embed_queries(queries) @ random_box().embed_documents(texts).T
    assert found == pytest.approx((black_box + own) / 2, abs=2e-6)


def test_the_weight_can_be_learnt(settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path) -> None:
    """Training finds that a black box without knowledge deserves less than a half."""
    measured = learn(made(settings(weight="learned"), random_box()), material, tmp_path / "i")
    assert 0 < measured["weight"] < 0.5
    assert json.loads((tmp_path / "i" / "weight.json").read_text()) == measured["weight"]


def test_the_weight_can_be_chosen_on_dev(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    measured = learn(made(settings(weight="dev", trained_on="alone"), random_box()), material, tmp_path / "i")
    assert measured["weight"] in [step / 20 for step in range(21)]
    assert measured["weight"] <= 0.5
    without_dev = Material(material.chunks, material.train, (), 0)
    with pytest.raises(UserError, match="weight: dev needs dev questions"):
        learn(made(settings(weight="dev", steps=0), random_box()), without_dev, tmp_path / "j")


def test_tuned_alone_the_black_box_plays_no_part_in_training(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    hashes = set()
    for name, weight in (("one", 0.0), ("other", 0.5)):
        changes = {"trained_on": "alone", "weight": weight, "steps": 3, "evaluations": 1, "hard_negatives": 0}
        mafin = made(settings(**changes), random_box(name=name, dimension=24))
        learn(mafin, material, tmp_path / name)
        hashes.add(Augmenter.load(tmp_path / name / "augmenter", mafin.config.augmenter).hash)
    assert len(hashes) == 1


def test_questions_that_a_model_wrote_are_learnt_from_without_labels(
    settings: Settings, random_box: MakeBox, material: Material, chunks: list[Chunk], tmp_path: Path
) -> None:
    asked = [
        Chunk(f"c{n}?0", f"d{n}", 0, len(chunks[n].text), chunks[n].text, one.query)
        for n, one in enumerate(material.train)
    ]
    unlabelled = Material([*chunks, *asked], (), material.dev, 0)
    measured = learn(made(settings(pairs="written"), random_box()), unlabelled, tmp_path / "i")
    assert measured["train_questions"] == 8
    assert measured["dev_ndcg_at_10"] > measured["dev_ndcg_at_10_before"] + 0.2
    with pytest.raises(UserError, match="no train question has a gold passage"):
        learn(made(settings(), random_box()), unlabelled, tmp_path / "j")


def test_an_index_of_other_weights_is_refused(
    settings: Settings, random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    mafin = made(settings(steps=0), random_box())
    (tmp_path / "i").mkdir()
    mafin.build(material.chunks, tmp_path / "i")
    with pytest.raises(UserError, match="the index was made with"):
        made(settings(steps=0), random_box(name="other")).open(material.chunks, tmp_path / "i", ())


def test_a_weight_is_learned_in_training_on_the_combined_score_alone(settings: Settings) -> None:
    for changes in ({"trained_on": "alone"}, {"steps": 0}):
        with pytest.raises(ValidationError, match="weight: learned is trained with the augmenter"):
            retrievers.parse(settings(weight="learned", **changes))
    for weight in (1.5, -0.1, "test"):
        with pytest.raises(ValidationError):
            retrievers.parse(settings(weight=weight))
