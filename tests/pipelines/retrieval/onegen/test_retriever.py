"""Learning, indexing, searching and answering in one, on a tiny model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.learning import Labelled, Material
from pipelines.records import Chunk, Hits
from pipelines.retrieval import LearningRetriever, retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.onegen.sequences import asked
from pipelines.retrieval.writing import Budget, WritingSearch

FACTS = {"kestrel": "green", "orison": "red", "sable": "blue", "veldt": "one", "marten": "two", "quill": "three"}
TEXTS = [f"the {name} pump is {colour}" for name, colour in FACTS.items()]
CHUNKS = [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(TEXTS)]
QUESTIONS = [
    Labelled(f"what colour is {name}", {f"c{n}": 1}, hops=((f"c{n}",),), answer=colour)
    for n, (name, colour) in enumerate(FACTS.items())
]
MATERIAL = Material(CHUNKS, tuple(QUESTIONS), (), 5)
BUDGET = Budget(searches=2, depth=1, max_new_tokens=6)


def anyone(place: int, chunk: Chunk) -> bool:
    return True


def make(folder: Path, **fields: Any) -> Any:
    llm = {"kind": "hf", "name": str(folder), "dtype": "float32"}
    usual = {"kind": "onegen", "index": "exact", "rank": 8, "learning_rate": 2e-2, "epochs": 60, "batch_size": 6}
    return retrievers.build(retrievers.parse({**usual, "llm": llm, **fields}), "en")


def learn(retriever: Any, folder: Path, material: Material = MATERIAL) -> dict[str, float]:
    steps: list[int] = []

    def first(queries: Any, depth: int) -> list[Hits]:
        return [Hits(("c1", "c2", "c3"), (3.0, 2.0, 1.0))] * len(queries)

    measured = retriever.learn(material, [first], folder, lambda step, of, loss: steps.append(step))
    assert steps == list(range(1, int(measured["steps"]) + 1))
    return dict(measured)


@pytest.fixture(scope="module")
def trained(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tuned retriever, its folder and what learning measured."""
    folder, retriever = tmp_path_factory.mktemp("index"), make(tiny_folder)
    measured = learn(retriever, folder)
    retriever.build(CHUNKS, folder)
    return retriever, folder, measured


def test_it_learns_to_find_and_to_answer(trained: Any) -> None:
    retriever, folder, measured = trained
    assert isinstance(retriever, LearningRetriever)
    assert measured["steps"] == 60
    search = retriever.open(CHUNKS, folder, ())
    assert isinstance(search, WritingSearch)
    found = search([one.query for one in QUESTIONS], 2)
    assert [hits.chunk_ids[0] for hits in found] == [chunk.id for chunk in CHUNKS]
    wrote = search.write([one.query for one in QUESTIONS], BUDGET, anyone)
    assert [one.answer.text for one in wrote] == list(FACTS.values())
    assert [[chunk.id for chunk in one.chunks] for one in wrote] == [[chunk.id] for chunk in CHUNKS]


def test_what_an_answer_took_is_counted(trained: Any) -> None:
    retriever, folder, _ = trained
    search = retriever.open(CHUNKS, folder, ())
    (wrote,) = search.write([QUESTIONS[0].query], BUDGET, anyone)
    vocabulary = search.encoder.vocabulary
    question = len(asked(vocabulary, QUESTIONS[0].query))
    passage = len(vocabulary.encode(f"\nPassage: {TEXTS[0]}\nAnswer:"))
    assert wrote.answer.prompt_tokens == question + passage
    assert wrote.answer.output_tokens == 2  # [RQ] and the answer; the end token is not counted
    assert wrote.passes == 4  # question, [RQ], passage, answer
    assert sum(wrote.times.values()) == pytest.approx(wrote.answer.seconds)


def test_what_a_question_may_not_see_is_not_read(trained: Any) -> None:
    retriever, folder, _ = trained
    search = retriever.open(CHUNKS, folder, ())
    asked_for = [QUESTIONS[0].query] * 2
    first, second = search.write(asked_for, BUDGET, lambda place, chunk: place == 0 or chunk.id != "c0")
    assert first.chunks[0].id == "c0"
    assert "c0" not in [chunk.id for chunk in second.chunks]
    (nobody,) = search.write(asked_for[:1], BUDGET, lambda place, chunk: False)
    assert nobody.chunks == ()


def test_depth_reads_several_passages_after_one_search(trained: Any) -> None:
    retriever, folder, _ = trained
    search = retriever.open(CHUNKS, folder, ())
    (wrote,) = search.write([QUESTIONS[2].query], replace(BUDGET, depth=3, searches=1), anyone)
    assert len({chunk.id for chunk in wrote.chunks}) == 3
    assert wrote.chunks[0].id == "c2"


def test_the_index_holds_unit_vectors_of_the_tuned_model(trained: Any) -> None:
    retriever, folder, _ = trained
    vectors = np.load(folder / "embeddings.npy")
    assert vectors.shape == (6, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    tuned = retriever.open(CHUNKS, folder, ()).encoder
    assert tuned.embed_documents(TEXTS) == pytest.approx(vectors, abs=1e-5)
    assert tuned.identity.partition(":")[0] != retriever.identity.partition(":")[0]


def test_the_same_material_and_seed_give_the_same_adapter(trained: Any, tiny_folder: Path, tmp_path: Path) -> None:
    short = {"epochs": 2}
    for name in ("a", "b"):
        learn(make(tiny_folder, **short), tmp_path / name)
    files = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


def test_an_index_of_another_adapter_is_refused(trained: Any, tiny_folder: Path, tmp_path: Path) -> None:
    _, folder, _ = trained
    for name in ("embeddings.npy", "embedder.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(UserError, match="the index was made with"):
        make(tiny_folder).open(CHUNKS, tmp_path, ())


@pytest.mark.parametrize(
    "fields",
    [
        {"loss": "bpr"},
        {"loss": "bpr", "sequence_norm": True},
        {"vectors": "sentence"},
        {"gradient_checkpointing": True, "max_steps": 3},
    ],
)
def test_every_variant_trains_and_searches(fields: dict[str, Any], tiny_folder: Path, tmp_path: Path) -> None:
    retriever = make(tiny_folder, **{"epochs": 4, **fields})
    measured = learn(retriever, tmp_path)
    assert measured["steps"] == fields.get("max_steps", 4)
    retriever.build(CHUNKS, tmp_path)
    (hits,) = retriever.open(CHUNKS, tmp_path, ())(["what colour is kestrel"], 6)
    assert sorted(hits.chunk_ids) == [f"c{n}" for n in range(6)]


def test_a_chunk_counts_by_the_nearest_of_its_sentences(tiny_folder: Path, tmp_path: Path) -> None:
    retriever = make(tiny_folder, epochs=0, vectors="sentence")
    text = "the pump is green. valve is red."
    chunks = [replace(CHUNKS[0], text=text, indexed=text), CHUNKS[1]]
    assert retriever.build(chunks, tmp_path)["vectors"] == 3
    search = retriever.open(chunks, tmp_path, ())
    (hits,) = search(["what colour is kestrel"], 2)
    scores = dict(zip(hits.chunk_ids, hits.scores, strict=True))
    query = search.encoder.embed_queries(["what colour is kestrel"])[0]
    several, one = search.encoder.embed_sentences([text, TEXTS[1]])
    assert scores == pytest.approx({"c0": (several @ query).max(), "c1": (one @ query).max()}, abs=2e-3)


def test_untrained_it_needs_no_questions(tiny_folder: Path, tmp_path: Path) -> None:
    retriever = make(tiny_folder, epochs=0)
    assert not retriever.learns
    assert retriever.parts == ()
    retriever.build(CHUNKS, tmp_path)
    assert len(retriever.open(CHUNKS, tmp_path, ())(["kestrel"], 3)[0].chunk_ids) == 3


def test_labels_that_name_no_document_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    material = replace(MATERIAL, train=(Labelled("what", {"gone": 1}, hops=(("gone",),)),))
    with pytest.raises(UserError, match="question 'what' is labelled with 'gone', which is no document"):
        learn(make(tiny_folder), tmp_path, material)


def test_a_loss_that_is_no_number_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the loss of step 2 is no number; lower learning_rate"):
        learn(make(tiny_folder, learning_rate=1e30), tmp_path)


def test_it_learns_to_search_again_with_what_it_read(tiny_folder: Path, tmp_path: Path) -> None:
    pairs = [(0, 2), (3, 1), (5, 4)]
    names, colours = list(FACTS), list(FACTS.values())
    both = [
        Labelled(
            f"what is {names[one]} with {names[two]}",
            {f"c{one}": 1, f"c{two}": 1},
            hops=((f"c{one}",), (f"c{two}",)),
            answer=f"{colours[one]} and {colours[two]}",
        )
        for one, two in pairs
    ]
    retriever = make(tiny_folder)
    learn(retriever, tmp_path, replace(MATERIAL, train=(*QUESTIONS, *both)))
    retriever.build(CHUNKS, tmp_path)
    search = retriever.open(CHUNKS, tmp_path, ())
    wrote = search.write([one.query for one in both], replace(BUDGET, max_new_tokens=8), anyone)
    assert [[chunk.id for chunk in one.chunks] for one in wrote] == [[f"c{a}", f"c{b}"] for a, b in pairs]
    assert [one.answer.text for one in wrote] == [one.answer for one in both]


def test_a_trained_onegen_is_an_embedder(trained: Any, tiny_folder: Path, tmp_path: Path) -> None:
    """Its vectors are those of the index, and its questions' those that search it."""
    retriever, folder, _ = trained
    llm = {"kind": "hf", "name": str(tiny_folder), "dtype": "float32"}
    embedder = embedders.build(embedders.parse({"kind": "onegen", "folder": str(folder), "llm": llm}))
    rows = embedder.embed_documents(TEXTS)
    np.testing.assert_allclose(rows, np.load(folder / "embeddings.npy"), atol=1e-6)
    best = (embedder.embed_queries([one.query for one in QUESTIONS]) @ rows.T).argmax(axis=1)
    assert best.tolist() == list(range(len(TEXTS)))
    untuned = embedders.build(embedders.parse({"kind": "onegen", "llm": llm}))
    assert untuned.identity != embedder.identity == retriever.open(CHUNKS, folder, ()).encoder.identity
    with pytest.raises(ValidationError, match=r"holds no adapter_model\.safetensors"):
        embedders.build(embedders.parse({"kind": "onegen", "folder": str(tmp_path), "llm": llm}))
