import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.learning import Labelled, Material
from pipelines.records import Chunk
from pipelines.retrieval import LearningRetriever, Search, retrievers
from pipelines.retrieval.moee.fitting import ALPHAS, best_alpha
from pipelines.retrieval.moee.retriever import MoEE
from pipelines.retrieval.moee.statistics import FILE, Statistics

TEXTS = ["A cat sleeps.", "The pump leaks at its seal.", "Invoices are paid in 14 days.", "Green paint", "Nothing"]


def chunks(texts: Sequence[str] = TEXTS) -> list[Chunk]:
    return [Chunk(f"c{place}", f"d{place}", 0, len(text), text, text) for place, text in enumerate(texts)]


@pytest.fixture
def build(model_folder: Callable[..., Path]) -> Callable[..., MoEE]:
    def make(**fields: Any) -> MoEE:
        made = retrievers.build(
            retrievers.parse({"kind": "moee", "name": str(model_folder("olmoe")), "index": "exact", **fields}), "en"
        )
        assert isinstance(made, MoEE)
        return made

    return make


def indexed(retriever: MoEE, folder: Path, texts: Sequence[str] = TEXTS) -> Search:
    folder.mkdir(parents=True, exist_ok=True)
    retriever.build(chunks(texts), folder)
    return retriever.open(chunks(texts), folder, ())


def parts(retriever: MoEE, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """HS and softmax RW of an OLMoE with three layers of eight experts."""
    rows = retriever.encoder.embed_documents(texts)
    odds = np.exp(rows[:, 32:].astype(np.float64)).reshape(-1, 3, 8)
    return rows[:, :32], (odds / odds.sum(2, keepdims=True)).reshape(-1, 24)


def cosines(query: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)


def test_scores_of_the_sum_are_its_cosines(build: Callable[..., MoEE], tmp_path: Path) -> None:
    retriever = build(alpha=0.5)
    (found,) = indexed(retriever, tmp_path)(["A dog sleeps."], 5)
    hs, rw = parts(retriever, ["A dog sleeps.", *TEXTS])
    expected = (cosines(hs[0], hs[1:]) + 0.5 * cosines(rw[0], rw[1:])) / 1.5
    assert dict(zip(found.chunk_ids, found.scores, strict=True)) == pytest.approx(
        {f"c{place}": score for place, score in enumerate(expected)}, abs=2e-6
    )


@pytest.mark.parametrize("combine", ["hs", "rw", "concat"])
def test_scores_of_the_other_combinations(build: Callable[..., MoEE], tmp_path: Path, combine: str) -> None:
    retriever = build(combine=combine)
    (found,) = indexed(retriever, tmp_path)(["A dog sleeps."], 5)
    hs, rw = parts(retriever, ["A dog sleeps.", *TEXTS])
    rows = {"hs": hs, "rw": rw, "concat": np.concatenate([hs, rw], axis=1)}[combine]
    expected = {f"c{place}": score for place, score in enumerate(cosines(rows[0], rows[1:]))}
    assert dict(zip(found.chunk_ids, found.scores, strict=True)) == pytest.approx(expected, abs=2e-6)


def test_a_corpus_z_score_is_frozen_with_the_index(build: Callable[..., MoEE], tmp_path: Path) -> None:
    retriever = build(combine="hs", normalise="corpus")
    search = indexed(retriever, tmp_path)
    (alone,) = search(["A dog sleeps."], 5)
    assert search(["Something else", "A dog sleeps."], 5)[1].chunk_ids == alone.chunk_ids
    hs, _ = parts(retriever, ["A dog sleeps.", *TEXTS])
    z = (hs - hs[1:].mean(0)) / hs[1:].std(0, ddof=1)
    expected = {f"c{place}": score for place, score in enumerate(cosines(z[0], z[1:]))}
    assert dict(zip(alone.chunk_ids, alone.scores, strict=True)) == pytest.approx(expected, abs=1e-4)


def test_chroma_finds_what_comparing_all_finds(build: Callable[..., MoEE], tmp_path: Path) -> None:
    exact, chroma = (indexed(build(index=index), tmp_path / index) for index in ("exact", "chroma"))
    assert exact(["A dog sleeps."], 3) == chroma(["A dog sleeps."], 3)


def test_nothing_but_the_index_is_left(build: Callable[..., MoEE], tmp_path: Path) -> None:
    indexed(build(normalise="corpus"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["embedder.json", "embeddings.npy", FILE]


def test_tokens_of_prompt_and_text_are_counted(build: Callable[..., MoEE], tmp_path: Path) -> None:
    retriever = build(prompt="none")
    assert retriever.build(chunks(), tmp_path)["embedding_tokens"] == sum(map(len, TEXTS))


def test_other_statistics_than_the_index_was_built_with_are_refused(build: Callable[..., MoEE], tmp_path: Path) -> None:
    retriever = build(normalise="corpus")
    indexed(retriever, tmp_path)
    Statistics.of([np.random.default_rng(0).normal(size=(9, 56))], 56).save(tmp_path)
    with pytest.raises(UserError, match=r"made with olmoe \(MoEE, sum.*statistics .*build the index anew") as error:
        retriever.open(chunks(), tmp_path, ())
    assert "\n" not in str(error.value)


def test_an_index_of_another_combination_is_refused(build: Callable[..., MoEE], tmp_path: Path) -> None:
    indexed(build(combine="sum"), tmp_path)
    with pytest.raises(UserError, match="the index was made with"):
        build(combine="concat").open(chunks(), tmp_path, ())


def test_alpha_is_chosen_on_dev_and_found_again(build: Callable[..., MoEE], tmp_path: Path) -> None:
    retriever = build(alpha="dev")
    assert isinstance(retriever, LearningRetriever)
    assert retriever.learns
    assert not build().learns
    material = Material(chunks(), (), (Labelled("A dog sleeps.", {"c3": 1}), Labelled("Seals", {"c1": 1})), 0)
    learnt = retriever.learn(material, (), tmp_path, lambda *_: None)
    quantities = retriever.build(chunks(), tmp_path)
    assert learnt["alpha"] in ALPHAS
    assert learnt["dev_questions"] == 2
    assert json.loads((tmp_path / "alpha.json").read_text()) == learnt["alpha"]
    assert "reused_seconds" not in quantities  # the learning read the chunks
    fixed = indexed(build(alpha=learnt["alpha"]), tmp_path / "fixed")
    assert retriever.open(chunks(), tmp_path, ())(["A dog"], 5) == fixed(["A dog"], 5)


def test_alpha_on_dev_needs_dev_questions(build: Callable[..., MoEE], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="alpha: 'dev' needs dev questions"):
        build(alpha="dev").learn(Material(chunks(), (), (), 0), (), tmp_path, lambda *_: None)


def test_the_best_alpha_is_the_least_among_equals() -> None:
    hs, rw = np.array([[0.5, 0.0]]), np.array([[0.0, 0.1]])
    asked = [Labelled("q", {"b": 1})]
    # b passes a where alpha * 0.1 > 0.5: above 5, and 5.67 is the first of the grid there.
    alpha, mean = best_alpha(asked, ["a", "b"], hs, rw)
    assert (alpha, mean) == (pytest.approx(17 / 3), 1.0)
    assert best_alpha([Labelled("q", {"a": 1})], ["a", "b"], hs, rw) == (0.0, 1.0)


def test_an_index_of_one_chunk_or_none_is_searched(build: Callable[..., MoEE], tmp_path: Path) -> None:
    one = indexed(build(normalise="corpus"), tmp_path / "one", ["alone"])
    assert one(["anything", ""], 3)[0].chunk_ids == ("c0",)
    none = indexed(build(normalise="corpus"), tmp_path / "none", [])
    assert none(["anything"], 3)[0].chunk_ids == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"alpha": -1}, "alpha must be 0 or more"),
        ({"alpha": "dev", "combine": "hs"}, "alpha: dev weighs the parts of combine: sum"),
        ({"max_length": 8}, "greater than or equal to 32"),
        ({"combine": "mean"}, "'hs', 'rw', 'concat' or 'sum'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        retrievers.parse({"kind": "moee", "name": "x", **fields})
